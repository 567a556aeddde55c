"""The command: where it writes, `--check` for CI, the choice among services, and errors in a line."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from command.running import Run
from types_of_services.writing import joined, load, read

from support.packages import CYLINDER, PROJECTION, TERM_LIFE, rename

SEVERAL = ('insurance/projection', 'insurance/term-life')


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """A package of two services."""
    path = tmp_path / 'several.zip'
    path.write_bytes(joined(TERM_LIFE.read_bytes(), PROJECTION.read_bytes()))
    return path


@pytest.mark.thorough
def test_without_a_file_it_writes_to_standard_output_and_nothing_else(run: Run, tmp_path: Path) -> None:
    done = run('types', TERM_LIFE)
    assert (done.code, done.err) == (0, '')
    assert run('types', TERM_LIFE, '-o', tmp_path / 'term_life.py').out == ''
    assert (tmp_path / 'term_life.py').read_text(encoding='utf-8') == done.out


@pytest.mark.thorough
def test_a_file_that_was_there_is_written_again(run: Run, tmp_path: Path) -> None:
    path = tmp_path / 'term_life.py'
    path.write_text('an older one')
    assert run('types', TERM_LIFE, '-o', path).code == 0
    assert read(path).uri == 'insurance/term-life[0.3.0]'


@pytest.mark.thorough
def test_check_agrees_with_what_was_written_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / 'term_life.py'
    run('types', TERM_LIFE, '-o', path)
    before = path.stat()
    assert run('types', TERM_LIFE, '-o', path, '--check').code == 0
    assert path.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.thorough
@pytest.mark.parametrize('options', [['--no-probe'], ['--whole', 'age']], ids=str)
def test_check_means_the_same_options(run: Run, tmp_path: Path, options: list[str]) -> None:
    path = tmp_path / 'term_life.py'
    run('types', TERM_LIFE, '-o', path, *options)
    assert run('types', TERM_LIFE, '-o', path, *options, '--check').code == 0
    assert run('types', TERM_LIFE, '-o', path, '--check').code == 1


@pytest.mark.thorough
@pytest.mark.parametrize('before', [None, '', 'changed by hand\n', b'\xff\xfe not UTF-8'], ids=repr)
def test_check_fails_if_the_file_would_change_and_leaves_it(
    run: Run, tmp_path: Path, before: str | bytes | None
) -> None:
    path = tmp_path / 'term_life.py'
    if before is not None:
        path.write_bytes(before.encode() if isinstance(before, str) else before)
    kept = path.read_bytes() if path.exists() else None
    done = run('types', TERM_LIFE, '-o', path, '--check')
    assert done.code == 1
    assert 'term_life.py' in done.said
    assert (path.read_bytes() if path.exists() else None) == kept


@pytest.mark.thorough
def test_lines_end_as_in_any_repository(run: Run, tmp_path: Path) -> None:
    path = tmp_path / 'term_life.py'
    run('types', TERM_LIFE, '-o', path)
    assert b'\r' not in path.read_bytes()


def test_check_needs_a_file(run: Run) -> None:
    done = run('types', TERM_LIFE, '--check')
    assert (done.code, done.out) == (2, '')
    assert '-o' in done.said


@pytest.mark.thorough
@pytest.mark.parametrize('name', SEVERAL)
@pytest.mark.parametrize('version', [False, True], ids=['newest', 'version'])
def test_a_service_of_several_is_chosen(run: Run, several: Path, name: str, version: bool) -> None:
    full = f'{name}[{"0.3.0" if name.endswith("life") else "2.1.0"}]'
    done = run('types', several, '--service', full if version else name)
    assert (done.code, done.err) == (0, '')
    assert load(done.out).uri == full


@pytest.mark.thorough
@pytest.mark.parametrize('options', [[], ['--service', 'insurance/annuity'], ['--service', 'nonsense']], ids=str)
def test_without_a_choice_the_error_names_the_services(run: Run, several: Path, options: list[str]) -> None:
    done = run('types', several, *options)
    assert (done.code, done.out) == (1, '')
    assert all(name in done.said for name in (*SEVERAL, '--service'))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ('uri', 'inputs', 'outputs'),
    [
        ('shapes/cylinder[1.4.0]', ['height', 'radius'], ['volume', 'surface']),
        ('shapes/cylinder[1.5.0]', ['height', 'radius', 'density'], ['volume', 'surface', 'mass']),
    ],
)
def test_a_version_of_several_is_chosen(run: Run, uri: str, inputs: list[str], outputs: list[str]) -> None:
    found = load(run('types', CYLINDER, '--service', uri).out)
    assert (found.uri, list(found.inputs), list(found.outputs_by_name)) == (uri, inputs, outputs)


@pytest.mark.thorough
def test_without_a_choice_the_newest_version_is_taken(run: Run) -> None:
    assert run('types', CYLINDER).out == run('types', CYLINDER, '--service', 'shapes/cylinder[1.5.0]').out
    assert run('types', CYLINDER).out != run('types', CYLINDER, '--service', 'shapes/cylinder[1.4.0]').out


@pytest.mark.thorough
def test_a_choice_of_one_is_no_error(run: Run) -> None:
    assert run('types', TERM_LIFE, '--service', 'insurance/term-life').out == run('types', TERM_LIFE).out


@pytest.mark.thorough
def test_services_of_the_same_name_in_two_folders_are_told_apart(run: Run, tmp_path: Path) -> None:
    other = rename(TERM_LIFE.read_bytes(), folder='archive', service_id='another', version_id='another-030')
    path = tmp_path / 'both.zip'
    path.write_bytes(joined(TERM_LIFE.read_bytes(), other))
    assert 'archive/term-life' in run('types', path).said
    found = load(run('types', path, '--service', 'archive/term-life').out)
    assert found.uri == 'archive/term-life[0.3.0]'
    assert 'another-030' in found.text


def broken(tmp_path: Path, name: str) -> Path:
    """A file that is no package."""
    path = tmp_path / name
    match name:
        case 'empty.zip':
            with zipfile.ZipFile(path, 'w'):
                pass
        case 'text.zip':
            path.write_text('this is no zip')
        case 'cut.zip':
            path.write_bytes(TERM_LIFE.read_bytes()[:5000])
        case 'folder.zip':
            path.mkdir()
        case _:
            assert not path.exists()
    return path


@pytest.mark.parametrize('name', ['missing.zip', 'empty.zip', 'text.zip', 'cut.zip', 'folder.zip'])
@pytest.mark.parametrize('check', [[], ['--check']], ids=['write', 'check'])
def test_what_is_no_package_is_an_error_in_a_line(run: Run, tmp_path: Path, name: str, check: list[str]) -> None:
    done = run('types', broken(tmp_path, name), '-o', tmp_path / 'written.py', *check)
    assert (done.code, done.out) == (1, '')
    assert done.said
    assert not (tmp_path / 'written.py').exists()


@pytest.mark.thorough
@pytest.mark.parametrize('target', ['no/such/folder/term_life.py', '.'])
def test_a_file_that_cannot_be_written_is_an_error_in_a_line(run: Run, tmp_path: Path, target: str) -> None:
    done = run('types', TERM_LIFE, '-o', tmp_path / target)
    assert (done.code, done.out) == (1, '')
    assert done.said


@pytest.mark.parametrize('source', ['insurance/term-life', 'nonsense', 'a/b/c/d', '', 'term-life.py'])
def test_a_service_that_nobody_serves_is_an_error_in_a_line(run: Run, source: str) -> None:
    done = run('types', source, '--url', 'http://127.0.0.1:9/my-tenant', '--retries', '0')
    assert (done.code, done.out) == (1, '')
    assert done.said
