"""Check the pages for readers: the types of their code blocks, and that what they link to is there.

Run it as `python scripts/check_docs.py`. That the blocks run is shown by the tests.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def pages() -> list[Path]:
    """The pages for readers."""
    return [
        *sorted(ROOT.glob('*.md')),
        *sorted((ROOT / 'docs').rglob('*.md')),
        *sorted((ROOT / 'samples').glob('*.md')),
    ]


def python_blocks(page: Path) -> Iterator[tuple[int, str]]:
    """The Python blocks of a page, each with the number of its first line."""
    text = page.read_text()
    for found in re.finditer(r'^```python\n(.*?)^```$', text, re.MULTILINE | re.DOTALL):
        yield text.count('\n', 0, found.start(1)) + 1, found[1]


def broken_links(page: Path) -> Iterator[str]:
    """Links to files that are not there."""
    for target in re.findall(r'\]\(([^)#\s]+)', page.read_text()):
        if '://' not in target and not (page.parent / target).exists():
            yield f'{page.relative_to(ROOT)}: {target} is not there'


def main() -> int:
    problems = [problem for page in pages() for problem in broken_links(page)]
    for problem in problems:
        print(problem, file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        blocks: list[str] = []
        for page in pages():
            for line, block in python_blocks(page):
                blocks.append(str(Path(folder, f'{page.stem}_line_{line}.py'.lower().replace('-', '_'))))
                Path(blocks[-1]).write_text(block)
        checker = [sys.executable, '-m', 'mypy', '--strict', '--cache-dir=/dev/null']
        failed = bool(blocks) and subprocess.run([*checker, *blocks], cwd=ROOT, check=False).returncode != 0
    return 1 if problems or failed else 0


if __name__ == '__main__':
    sys.exit(main())
