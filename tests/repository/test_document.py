"""Every code block of the Hybrid Deployments document runs against the local runner, at free ports in place of its."""

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
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, str]]:
    """The folder with the package that the document uploads, and where a runner listens.

    It has two addresses, in place of the client's own default and of the one that the document names.
    """
    folder = tmp_path_factory.mktemp('document')
    package = rename(TERM_LIFE.read_bytes(), folder='my-folder', service='my-service', version_id='uuid')
    (folder / 'path' / 'to').mkdir(parents=True)
    (folder / 'path' / 'to' / 'wasm_package.zip').write_bytes(package)
    with ExitStack() as stack:
        runner = stack.enter_context(Hybrid.LocalRunner(package, instances=1))
        default, named = (stack.enter_context(runner.serve()).url for _ in range(2))
        yield folder, default, named


@pytest.mark.thorough
@pytest.mark.parametrize('code', blocks(DOCUMENT))
def test_every_block_of_the_document_runs(code: str, served: tuple[Path, str, str]) -> None:
    folder, default, named = served
    printed = run(code.replace('http://localhost:8080', named), folder, CSPARK_RUNNER_URL=default)
    assert bool(printed) == ('print(' in code)
