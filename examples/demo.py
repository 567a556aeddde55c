"""The main job from end to end: start a runner, upload a package, execute the service in it, once and many times."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cspark.wasm as Hybrid

ROOT = Path(__file__).resolve().parent.parent


def show(title: str, rows: list[list[Any]]) -> None:
    """Print a table under a title."""
    print(f'\n{title}')
    columns = list(zip(*[[str(cell) for cell in row] for row in rows], strict=True))
    widths = [max(map(len, column)) for column in columns]
    for row in rows:
        print('  ' + '  '.join(str(cell).rjust(width) for cell, width in zip(row, widths, strict=True)))


def command(arguments: str, **environment: str) -> None:
    """Run the command, and show it as it can be typed again."""
    print(f'\n$ .venv/bin/cspark-wasm {arguments}', flush=True)
    subprocess.run(
        [sys.executable, '-m', 'cspark.wasm', *shlex.split(arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
    )


@contextmanager
def served() -> Generator[str]:
    """A runner in a process of its own, as a person starts it in another terminal; its address."""
    arguments = [sys.executable, '-m', 'cspark.wasm', 'serve', '--port', '0']
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout  # noqa: S101 - it is a pipe
        url = process.stdout.readline().strip().removeprefix('runner at ')
        print(f'$ .venv/bin/cspark-wasm serve --port {url.rpartition(":")[2]}   # in another terminal')
        try:
            yield url
        finally:
            process.terminate()


def many_policies(hybrid: Hybrid.Client) -> None:
    """Many records in one call, each with its own errors."""
    policies = [{'birth_date': f'{year}-07-01', 'smoker': 'yes'} for year in (1955, 1965, 1975, 1985, 1995, 2015)]
    answer = hybrid.services.execute('insurance/term-life', inputs=policies, encoding='gzip')
    rows: list[list[Any]] = [['birth_date', 'age', 'annual premium', 'errors']]
    for policy, output, errors in zip(policies, answer.data['outputs'], answer.data['errors'], strict=True):
        found: list[dict[str, str]] = errors or []
        told = '; '.join(error['message'] for error in found) or '-'
        rows.append([policy['birth_date'], output['age'], f'{output["annual_premium"]:,.2f}', told])
    show('Many policies in one call, from Python', rows)


def main() -> None:
    """Run the demo."""
    with served() as url:
        address = f'{url}/my-tenant'
        print(f'$ export CSPARK_RUNNER_URL={address}')
        for arguments in (
            'upload samples/packages/term-life.zip --quiet',
            'validate insurance/term-life',
            'execute insurance/term-life -p birth_date=1988-03-01 -p smoker=no -p term_years=20 --quiet',
        ):
            command(arguments, CSPARK_RUNNER_URL=address)
        with Hybrid.Client(base_url=address, token='open') as hybrid:
            many_policies(hybrid)
            model = hybrid.status.get().data['models'][0]['model_stats'][0]
            count, mean = model['completed_count'], model['mean_time_ms']
            print(f'\nThe runner counts {count} records, {mean:.1f} ms each on average')


if __name__ == '__main__':
    main()
