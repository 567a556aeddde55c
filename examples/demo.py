"""The main job from end to end: start a runner, upload a package, execute the service in it, once and many times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cspark.wasm as Hybrid

PACKAGES = Path(__file__).resolve().parent.parent / 'samples' / 'packages'


def show(title: str, rows: list[list[Any]]) -> None:
    """Print a table under a title."""
    print(f'\n{title}')
    columns = list(zip(*[[str(cell) for cell in row] for row in rows], strict=True))
    widths = [max(map(len, column)) for column in columns]
    for row in rows:
        print('  ' + '  '.join(str(cell).rjust(width) for cell, width in zip(row, widths, strict=True)))


def one_policy(hybrid: Hybrid.Client) -> None:
    """One record: a premium and the first years of its reserve."""
    inputs = {'birth_date': '1988-03-01', 'smoker': 'no', 'sum_assured': 300_000, 'term_years': 20}
    answer = hybrid.services.execute('insurance/term-life', inputs=inputs)
    outputs = answer.data['outputs'][0]
    names = ['age', 'risk_class', 'annual_premium', 'instalment', 'end_date']
    show('Inputs of one policy', [[name, value] for name, value in inputs.items()])
    values = [round(outputs[name], 2) if isinstance(outputs[name], float) else outputs[name] for name in names]
    show('Outputs', [[name, value] for name, value in zip(names, values, strict=True)])
    years = [
        [row['year'], row['date'], f'{row["in_force"]:.4f}', f'{row["reserve"]:,.2f}']
        for row in outputs['schedule'][:4]
    ]
    show('The first years of its schedule', [['year', 'date', 'in force', 'reserve'], *years])
    missing = [warning['message'] for warning in answer.data['warnings'][0]]
    print(f'\n  {len(missing)} warnings, such as: {missing[0]}')


def many_policies(hybrid: Hybrid.Client) -> None:
    """Many records in one call, each with its own errors."""
    policies = [{'birth_date': f'{year}-07-01', 'smoker': 'yes'} for year in (1955, 1965, 1975, 1985, 1995, 2015)]
    answer = hybrid.services.execute('insurance/term-life', inputs=policies, encoding='gzip')
    rows: list[list[Any]] = [['birth_date', 'age', 'annual premium', 'errors']]
    for policy, output, errors in zip(policies, answer.data['outputs'], answer.data['errors'], strict=True):
        found: list[dict[str, str]] = errors or []
        told = '; '.join(error['message'] for error in found) or '-'
        rows.append([policy['birth_date'], output['age'], f'{output["annual_premium"]:,.2f}', told])
    show('Many policies in one call', rows)


def main() -> None:
    """Run the demo."""
    with Hybrid.LocalRunner() as runner, runner.serve() as server:
        print(f'A runner listens at {server.url}')
        with Hybrid.Client(base_url=server.url, tenant='my-tenant', token='open') as hybrid:
            print(f'It says {hybrid.health.check().data} and is compatible with {hybrid.version.get().data["version"]}')
            with (PACKAGES / 'term-life.zip').open('rb') as package:
                (tenant,) = hybrid.services.upload(package).data['response_data']
            (service,) = tenant['services']
            engine = service['EngineInformation']
            print(
                f'Uploaded {engine["ProductName"]}/{engine["ServiceName"]}[{engine["Revision"]}] for {tenant["tenant"]}'
            )
            one_policy(hybrid)
            many_policies(hybrid)
            model = hybrid.status.get().data['models'][0]['model_stats'][0]
            count, mean = model['completed_count'], model['mean_time_ms']
            print(f'\nThe runner counts {count} records, {mean:.1f} ms each on average')


if __name__ == '__main__':
    main()
