"""Run the example notebook and write it with its outputs and pictures as a page: docs/notebook.md.

Run it as `make notebook`.
"""

from __future__ import annotations

import base64
import importlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
NOTEBOOK: Final = ROOT / 'examples' / 'book.ipynb'
PAGE: Final = ROOT / 'docs' / 'notebook.md'
HEAD: Final = '% Written by `make notebook`, from examples/book.ipynb.\n\n'


def run_notebook() -> Any:
    """The notebook with the outputs of its cells."""
    os.environ |= {'MPLBACKEND': 'module://matplotlib_inline.backend_inline', 'PYDEVD_DISABLE_FILE_VALIDATION': '1'}
    client: Any = importlib.import_module('nbclient')
    nbformat: Any = importlib.import_module('nbformat')
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client.NotebookClient(notebook, timeout=300, resources={'metadata': {'path': os.fspath(ROOT)}}).execute()
    return notebook


def parts_of(notebook: Any, folder: Path) -> Iterator[str]:
    """The parts of the page; pictures are written into the folder."""
    pictures: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == 'markdown':
            yield cell.source
            continue
        yield f'```{{code-block}} python\n{cell.source}\n```'
        for output in cell.outputs:
            data = output.get('data', {})
            if data.get('image/png') in pictures:
                continue  # a cell shows its figure twice: as its value, and at its end
            if 'image/png' in data:
                pictures.append(data['image/png'])
                name = f'notebook-{len(pictures)}.png'
                (folder / name).write_bytes(base64.b64decode(pictures[-1]))
                yield f'![What the cell above draws]({name})'
            elif 'text/html' in data:
                styled = re.sub(r'<style[^>]*>.*?</style>', '', data['text/html'], flags=re.DOTALL)
                yield f'```{{raw}} html\n{styled.strip()}\n```'
            elif text := (data.get('text/plain') or output.get('text', '')).strip():
                yield f'```text\n{text}\n```'


def main() -> int:
    PAGE.write_text(HEAD + '\n\n'.join(parts_of(run_notebook(), PAGE.parent)) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
