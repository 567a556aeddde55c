"""The example notebook runs from its first cell to its last, and its cells show what they say."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest

from support.packages import ROOT

pytestmark = pytest.mark.thorough

nbclient: Any = importlib.import_module('nbclient')
nbformat: Any = importlib.import_module('nbformat')


@pytest.mark.filterwarnings('ignore')  # of the libraries that run it
def test_the_example_notebook_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MPLBACKEND', 'module://matplotlib_inline.backend_inline')
    monkeypatch.setenv('PYDEVD_DISABLE_FILE_VALIDATION', '1')
    notebook = nbformat.read(ROOT / 'examples' / 'book.ipynb', as_version=4)
    nbclient.NotebookClient(notebook, timeout=90, resources={'metadata': {'path': os.fspath(ROOT)}}).execute()
    shown = [
        ''.join(str(output.get('data', {}).get('text/html', output.get('text', ''))) for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == 'code'
    ]
    assert any('600 records to compute' in one for one in shown)
    assert any('annual_premium' in one and 'P-0000' in one for one in shown)
    assert any('and 590 more' in one for one in shown)
    assert any('of 600 policies' in one for one in shown)
    pictures = [
        output for cell in notebook.cells for output in cell.get('outputs', ()) if 'image/png' in output.get('data', {})
    ]
    assert pictures
