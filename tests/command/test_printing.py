"""What a terminal is shown: tables, colours, and text of a runner that is never markup."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from command.running import COLOUR, COMMAND, answering, on_terminal, opened, without

from support.wire import Recorder, Reply

MARKUP = {'[red]x[/red]': '[bold]7[/bold]', '[/]': 'closed', '[link=http://example.com]y': ':smiley:'}
STATE = {'service': 'a/first', 'id': 'm', 'size': 2, 'busy': 1, 'completed_count': 5, 'p95_time_ms': 12.5}


@pytest.fixture(params=['with rich', 'without rich'])
def variables(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """An environment with rich, or without."""
    return without('rich', tmp_path) if request.param == 'without rich' else {}


def status(service: str) -> Reply:
    """A status with one model."""
    state = {**STATE, 'service': service, 'memory_usage_mb': 77.5}
    return Reply(200, {'models': [{'tenant': 'mine', 'model_stats': [state]}]})


@pytest.mark.thorough
def test_a_terminal_shows_a_table_of_outputs(url: str, variables: dict[str, str]) -> None:
    arguments = ('execute', 'shapes/cylinder', '-i', '{"height": 10, "radius": 2, "density": 1}')
    code, text = on_terminal(*arguments, '--url', f'{url}/my-tenant', variables=variables)
    assert code == 0, text
    lines = [COLOUR.sub('', line).split() for line in text.splitlines()]
    assert ['output', 'value'] in lines
    assert any(line[:1] == ['volume'] and line[1].startswith('125.66') for line in lines if len(line) > 1), text


@pytest.mark.thorough
def test_a_terminal_shows_json_where_it_is_asked_for(url: str, variables: dict[str, str]) -> None:
    arguments = ('execute', 'shapes/cylinder', '--json', '--quiet', '--url', f'{url}/my-tenant')
    code, text = on_terminal(*arguments, variables=variables)
    assert code == 0
    assert set(json.loads(text)) == {'volume', 'surface', 'mass'}


@pytest.mark.thorough
def test_a_terminal_shows_a_table_of_many_records(url: str, variables: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / 'book.csv'
    path.write_text('policy,height,radius,density\nP1,10,2,1\nP2,5,2,1\n')
    arguments = ('execute', 'shapes/cylinder', path, '--keep', 'policy', '--quiet', '--url', f'{url}/my-tenant')
    code, text = on_terminal(*arguments, variables=variables)
    assert code == 0, text
    header = next(line for line in COLOUR.sub('', text).splitlines() if 'policy' in line)
    assert 'volume' in header
    assert 'P1' in text and '125.66' in text and 'P2' in text and '62.83' in text


@pytest.mark.thorough
@pytest.mark.parametrize('command', [('version',), ('services',), ('status',), ('validate', 'shapes/cylinder')])
def test_each_command_shows_a_table(url: str, variables: dict[str, str], command: tuple[str, ...]) -> None:
    code, text = on_terminal(*command, '--url', f'{url}/my-tenant', variables=variables, columns=160)
    assert code == 0, text
    with pytest.raises(ValueError):
        json.loads(text)
    assert len(text.splitlines()) > 2
    assert 'Traceback' not in text


@pytest.mark.thorough
def test_the_status_shows_models_busy_calls_times_and_memory(recorder: Recorder, variables: dict[str, str]) -> None:
    recorder.reply(status('a/first'))
    code, text = on_terminal('status', '--url', recorder.url, variables=variables, columns=160)
    assert code == 0, text
    for word in ('busy', 'p95', 'MB', 'a/first', '12.5', '77.5', 'calls/s'):
        assert word in text, word


@pytest.mark.thorough
def test_text_of_a_runner_is_shown_as_it_is(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    answering(monkeypatch, recorder, outputs=MARKUP)
    arguments = ('execute', 'a/b', '-i', '{}', '--url', recorder.url, '--tenant', 't')
    code, text = on_terminal(*arguments, variables=variables)
    assert code == 0, text
    for part in (*MARKUP, *MARKUP.values()):
        assert part in text, part


@pytest.mark.thorough
def test_names_of_a_runner_are_shown_as_they_are_in_headers(
    recorder: Recorder, variables: dict[str, str], tmp_path: Path
) -> None:
    answer = {'outputs': [MARKUP], 'warnings': [None], 'errors': [None], 'version': '1', 'call_id': 'c'}
    recorder.reply(Reply(200, answer))
    arguments = ('execute', 'a/b', '-i', '[{}]', '--url', recorder.url, '--tenant', 't')
    code, text = on_terminal(*arguments, variables=variables, columns=200)
    assert code == 0, text
    for part in (*MARKUP, *MARKUP.values()):
        assert part in text, part


@pytest.mark.thorough
def test_a_status_is_shown_as_it_is(recorder: Recorder, variables: dict[str, str]) -> None:
    recorder.reply(status('[red]x[/red]'))
    code, text = on_terminal('status', '--url', recorder.url, variables=variables, columns=160)
    assert code == 0 and '[red]x[/red]' in text


@pytest.mark.thorough
def test_control_characters_of_a_runner_do_not_reach_a_terminal(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    answering(monkeypatch, recorder, outputs={'name': '\x1b]0;title\x07\x1b[2Jx', '\x1b[31mred': 1})
    arguments = ('execute', 'a/b', '-i', '{}', '--url', recorder.url, '--tenant', 't')
    _, text = on_terminal(*arguments, variables={**variables, 'NO_COLOR': '1'})
    assert '\x1b]0;' not in text and '\x1b[2J' not in text and '\x1b[31m' not in text


@pytest.mark.thorough
def test_colours_are_for_a_terminal_that_wants_them(url: str) -> None:
    arguments = ('status', '--url', url)
    assert COLOUR.search(on_terminal(*arguments)[1])
    assert '\x1b[3' not in on_terminal(*arguments, variables={'NO_COLOR': '1'})[1]
    wrong = ('status', '--timeout', 'soon')
    assert '\x1b[3' in on_terminal(*wrong)[1]
    assert '\x1b' not in on_terminal(*wrong, variables={'NO_COLOR': '1'})[1]


@pytest.mark.thorough
@pytest.mark.parametrize('force', [{}, {'FORCE_COLOR': ''}, {'TERM': 'xterm-256color', 'COLORTERM': 'truecolor'}])
def test_a_pipe_gets_no_colours(url: str, force: dict[str, str]) -> None:
    for arguments in (('status', '--url', url), ('status', '--timeout', 'soon'), ('--help',)):
        command = [*COMMAND, *arguments]
        done = subprocess.run(command, env={**os.environ, **force}, capture_output=True, timeout=60, check=False)
        assert b'\x1b' not in done.stdout + done.stderr


@pytest.mark.thorough
def test_a_watch_is_refreshed_until_it_is_interrupted(recorder: Recorder, variables: dict[str, str]) -> None:
    recorder.reply(status('a/first'), status('a/second'), status('a/third'))
    watch = ('status', '--watch', '0.05', '--url', recorder.url)
    with opened(*watch, variables=variables, columns=160) as (process, read):
        text = read('a/third')
        assert 'a/first' in text and 'a/second' in text and 'p95' in text
        process.send_signal(2)
        text = read('')
        assert process.wait(20) in (0, 130)
    assert 'Traceback' not in text and 'cspark-wasm: ' not in text
    assert text.count('\x1b[?25l') == text.count('\x1b[?25h')
