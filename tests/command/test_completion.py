"""What makes a shell complete the command, and what the command answers the shell."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from command.running import COMMAND, Run, run_process, without

SEPARATOR = '\x0b'


def complete(line: str) -> list[str]:
    """What the command offers a shell at the end of a line."""
    read, write = os.pipe()
    variables = {
        '_ARGCOMPLETE': '1',
        '_ARGCOMPLETE_IFS': SEPARATOR,
        '_ARGCOMPLETE_COMP_WORDBREAKS': ' \t\n"\'><=;|&(:',
        '_ARGCOMPLETE_SUPPRESS_SPACE': '1',
        'COMP_LINE': line,
        'COMP_POINT': str(len(line)),
        'COMP_TYPE': '9',
    }
    # The shell gives the answers' pipe the number 8, and that of the errors 9.
    script = f'exec "$0" "$@" 8>&{write} 9>/dev/null'
    with os.fdopen(read) as answers:
        done = subprocess.run(
            ['bash', '-c', script, *COMMAND],
            env={**os.environ, **variables},
            pass_fds=(write,),
            capture_output=True,
            timeout=60,
            check=False,
        )
        os.close(write)
        assert done.returncode == 0, done.stderr
        assert done.stdout == b''
        return [word.strip() for word in answers.read().split(SEPARATOR) if word]


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_a_script_is_printed_for_each_shell(run: Run, shell: str) -> None:
    done = run('completion', shell)
    assert (done.code, done.err) == (0, '')
    assert 'cspark-wasm' in done.out and '_ARGCOMPLETE' in done.out


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_the_script_is_of_that_shell(run: Run, tmp_path: Path, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f'this machine has no {shell}')
    path = tmp_path / 'completion'
    path.write_text(run('completion', shell).out)
    done = subprocess.run([program, '-n', str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, '')


@pytest.mark.parametrize(
    ('line', 'offered'),
    [
        ('cspark-wasm ', {'health', 'version', 'status', 'services', 'upload', 'execute', 'validate', 'serve'}),
        ('cspark-wasm exe', {'execute'}),
        ('cspark-wasm execute a/b --ch', {'--checkpoint', '--chunk-size'}),
        ('cspark-wasm execute a/b --on-error ', {'raise', 'collect'}),
        ('cspark-wasm status --wa', {'--watch'}),
        ('cspark-wasm health ch', {'check'}),
        ('cspark-wasm services ', {'execute', 'validate', 'metadata'}),
        ('cspark-wasm services execute --show', {'--show-all'}),
        ('cspark-wasm --pro', {'--profile'}),
        ('cspark-wasm --profile uat stat', {'status'}),
        ('cspark-wasm completion ', {'bash', 'zsh', 'fish'}),
    ],
)
def test_a_shell_is_offered_what_fits(line: str, offered: set[str]) -> None:
    assert offered <= set(complete(line))


def test_nothing_is_offered_where_nothing_fits() -> None:
    assert complete('cspark-wasm --nonsen') == []


def test_a_missing_library_is_said_with_the_way_out(tmp_path: Path) -> None:
    done = run_process('completion', 'bash', variables=without('argcomplete', tmp_path))
    assert (done.code, done.out) == (1, '')
    assert 'argcomplete' in done.said and 'pip install' in done.said


def test_completion_reads_no_profile_and_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('CSPARK_CONFIG', '/nowhere/profiles.toml')
    monkeypatch.setenv('CSPARK_RUNNER_URL', 'http://127.0.0.1:1')
    assert 'execute' in complete('cspark-wasm ')
