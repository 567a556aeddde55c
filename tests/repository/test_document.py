"""Every code block of the Hybrid Deployments document runs against the local runner, at the ports that it names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import cspark.wasm as Hybrid
from support.packages import TERM_LIFE, rename
from support.programs import blocks, run

DOCUMENT = Path(__file__).with_name('document.md')


@pytest.fixture(scope='module')
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A runner on both ports of the document, and the folder with the package that it uploads."""
    folder = tmp_path_factory.mktemp('document')
    package = rename(TERM_LIFE.read_bytes(), folder='my-folder', service='my-service', version_id='uuid')
    (folder / 'path' / 'to').mkdir(parents=True)
    (folder / 'path' / 'to' / 'wasm_package.zip').write_bytes(package)
    with ExitStack() as stack:
        runner = stack.enter_context(Hybrid.LocalRunner(package, instances=1))
        for port in (3000, 8080):
            stack.enter_context(runner.serve(port))
        yield folder


@pytest.mark.parametrize('code', blocks(DOCUMENT))
def test_every_block_of_the_document_runs(code: str, served: Path) -> None:
    printed = run(code, served)
    assert bool(printed) == ('print(' in code)
