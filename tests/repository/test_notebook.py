"""The example notebook runs from its first cell to its last, and its cells show what they say."""

from __future__ import annotations

import importlib
import os
import re
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


BAR = """
import cspark.wasm as Hybrid
with Hybrid.LocalRunner('samples/packages/cylinder.zip', instances=1) as runner, runner.client() as hybrid:
    records = [{'height': height, 'radius': 2} for height in range(50)]
    done = len(list(hybrid.services.execute_many('shapes/cylinder', records, progress=True)))
done
"""


@pytest.mark.filterwarnings('ignore')  # of the libraries that run it
def test_the_bar_of_a_notebook_is_a_widget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PYDEVD_DISABLE_FILE_VALIDATION', '1')
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(BAR)])
    nbclient.NotebookClient(notebook, timeout=90, resources={'metadata': {'path': os.fspath(ROOT)}}).execute()
    kinds = [kind for output in notebook.cells[0].outputs for kind in output.get('data', {})]
    assert 'application/vnd.jupyter.widget-view+json' in kinds
    assert [output['data']['text/plain'] for output in notebook.cells[0].outputs][-1] == '50'
    assert not [output for output in notebook.cells[0].outputs if output.output_type == 'stream']


def test_the_page_of_the_notebook_has_its_cells_and_pictures() -> None:
    notebook = nbformat.read(ROOT / 'examples' / 'book.ipynb', as_version=4)
    page = (ROOT / 'docs' / 'notebook.md').read_text()
    end = 0
    for cell in notebook.cells:
        assert cell.source in page[end:], 'run `make notebook`'
        end = page.index(cell.source, end) + len(cell.source)
    pictures = re.findall(r'\((notebook-\d+\.png)\)', page)
    assert pictures
    assert all((ROOT / 'docs' / name).read_bytes().startswith(b'\x89PNG') for name in pictures)
    assert '<table' in page
