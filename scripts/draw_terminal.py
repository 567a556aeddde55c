"""Draw a terminal in which the command runs, for the README and the docs: docs/terminal.svg.

Run it as `make terminal`. The commands really run, against a local runner with the term life sample.
"""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

import cspark.wasm as Hybrid

ROOT: Final = Path(__file__).resolve().parent.parent
PICTURE: Final = ROOT / 'docs' / 'terminal.svg'
PACKAGE: Final = ROOT / 'samples' / 'packages' / 'term-life.zip'
WIDTH: Final = 92
COMMANDS: Final = (
    'cspark-wasm services',
    'cspark-wasm execute insurance/term-life -p smoker=no -p term_years=15 --quiet',
    'cspark-wasm validate insurance/term-life',
)


def output_of(command: str, url: str) -> str:
    """What a command prints on a terminal."""
    master, slave = pty.openpty()
    environment = {**os.environ, 'CSPARK_RUNNER_URL': f'{url}/my-tenant', 'COLUMNS': str(WIDTH), 'TERM': 'xterm'}
    name, *arguments = command.split()
    program = shutil.which(name, path=str(Path(sys.executable).parent)) or name
    with subprocess.Popen([program, *arguments], stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        shown = io.BytesIO()
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # the terminal is closed
                break
            if not part:
                break
            shown.write(part)
    os.close(master)
    if process.returncode:
        raise SystemExit(f'{command} failed:\n{shown.getvalue().decode()}')
    return shown.getvalue().decode().replace('\r\n', '\n').strip('\n')


def main() -> int:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    with Hybrid.LocalRunner(PACKAGE, instances=1) as runner, runner.serve(0) as server:
        for command in COMMANDS:
            console.print(Text(f'$ {command}', style='bold green'))
            console.print(Text.from_ansi(output_of(command, server.url)))
    drawn = console.export_svg(title='cspark-wasm', unique_id='terminal')
    # Leave out fonts from another site; the reader's own monospaced font will do.
    drawn = re.sub(r'@font-face \{.*?\}\s*', '', drawn, flags=re.DOTALL)
    PICTURE.write_text('\n'.join(line.rstrip() for line in drawn.splitlines()) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
