"""Help, wrong usage, exit codes, and what a start imports."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from command.running import Run

import cspark.wasm as Hybrid
from support.wire import Recorder

COMMANDS = (
    *((one,) for one in ('health', 'version', 'status', 'services', 'upload', 'execute', 'validate', 'metadata')),
    *((one,) for one in ('serve', 'completion')),
    ('health', 'check'),
    *(('services', one) for one in ('execute', 'validate', 'metadata')),
)
HEAVY = ('httpx', 'attrs', 'attr', 'orjson', 'rich', 'pandas', 'numpy', 'narwhals', 'pyarrow', 'starlette', 'tqdm')


@pytest.mark.parametrize('command', [(), *COMMANDS], ids=' '.join)
@pytest.mark.parametrize('columns', [80, 120])
def test_each_command_has_help_that_fits(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], columns: int
) -> None:
    monkeypatch.setenv('COLUMNS', str(columns))
    for option in ('--help', '-h'):
        done = run(*command, option)
        assert (done.code, done.err) == (0, '')
        assert done.out.startswith(f'usage: cspark-wasm {" ".join(command)}'.rstrip())
        assert [line for line in done.out.splitlines() if len(line) > columns] == []


def test_help_names_each_command(run: Run) -> None:
    text = run('--help').out
    assert [command[0] for command in COMMANDS if f'\n    {command[0]} ' not in text] == []


def test_help_of_execute_names_its_options(run: Run) -> None:
    text = run('execute', '--help').out
    for option in ('-p ', '-i ', '-o ', '--checkpoint', '--on-error', '--keep', '--json', '--quiet'):
        assert option in text, option


def test_json_and_quiet_are_options_of_every_call(run: Run) -> None:
    for command in COMMANDS:
        if command[0] not in ('serve', 'completion'):
            text = run(*command, '--help').out
            assert '--json' in text and '--quiet' in text, command


@pytest.mark.parametrize(
    'arguments',
    [
        (),
        ('run',),
        ('--unknown',),
        ('health', '--unknown'),
        ('health', 'nothing'),
        ('services', 'nothing'),
        ('services', 'execute'),
        ('execute',),
        ('execute', 'a/b', 'one.csv', 'two.csv'),
        ('execute', 'a/b', 'one.csv', '-p', 'x=1'),
        ('execute', 'a/b', 'one.csv', '-i', '{}'),
        ('execute', 'a/b', '-p'),
        ('execute', 'a/b', '-p', 'no equals sign'),
        ('execute', 'a/b', '-p', '=3'),
        ('execute', 'a/b', '--on-error', 'ignore'),
        ('execute', 'a/b', '--chunk-size', 'many'),
        ('services', 'execute', 'a/b', '-p', 'no equals sign'),
        ('validate', 'a/b', '--validation-type', 'none'),
        ('metadata',),
        ('upload',),
        ('completion',),
        ('completion', 'tcl'),
        ('--timeout', 'soon', 'health'),
        ('--retries', '1.5', 'health'),
        ('-H', 'no colon', 'health'),
        ('health', '--url'),
        ('status', '--watch', 'often'),
        ('status', '--watch', '-1'),
        ('status', '--watch', 'nan'),
    ],
    ids=' '.join,
)
def test_wrong_usage_is_said_in_a_line_and_ends_with_2(
    run: Run, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv('CSPARK_RUNNER_URL', recorder.url)
    monkeypatch.setenv('CSPARK_TENANT', 't')
    done = run(*arguments)
    assert (done.code, done.out) == (2, '')
    assert done.said


@pytest.mark.parametrize('command', [one for one in COMMANDS if one not in (('health', 'check'), ('completion',))])
def test_the_way_out_of_wrong_usage_is_a_command_that_works(run: Run, command: tuple[str, ...]) -> None:
    arguments = ('--port', 'x') if command == ('serve',) else ('--timeout', 'x')
    done = run(*command, *arguments)
    assert done.code == 2
    hint = done.said.rpartition('see cspark-wasm')[2].split()
    assert hint == [*command, '--help']
    assert run(*hint).code == 0


def test_the_version_is_told(run: Run) -> None:
    done = run('--version')
    assert (done.code, done.err) == (0, '')
    assert Hybrid.__version__ in done.out


@pytest.mark.parametrize(
    'arguments', [('--version',), ('--help',), *((*command, '--help') for command in COMMANDS)], ids=' '.join
)
def test_a_start_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    program = (
        'import json, sys\n'
        'from cspark.wasm.cli.main import main\n'
        'try:\n'
        f'    main({list(arguments)!r})\n'
        'except SystemExit as ended:\n'
        '    assert ended.code == 0\n'
        'print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n'
    )
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert loaded & set(HEAVY) == set()
