"""An editor completes the names of inputs, of choices and of outputs, by pyright's language server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cspark.wasm.cli.main import main
from support.packages import ROOT, TERM_LIFE

pytestmark = pytest.mark.thorough

HEAD = """from term_life import AsyncTermLife, TermLife
import cspark.wasm as Hybrid
client = Hybrid.Client(base_url="http://127.0.0.1:9", tenant="my-tenant", token="open")
waiting = Hybrid.AsyncClient(base_url="http://127.0.0.1:9", tenant="my-tenant", token="open")
"""
INPUTS = {'birth_date', 'start_date', 'smoker', 'sum_assured', 'term_years', 'interest_rate', 'frequency', 'riders'}
OUTPUTS = {'age', 'annual_premium', 'schedule', 'rider_premiums'}
UNFINISHED = {
    'inputs': ('TermLife(client).execute({"', INPUTS),
    'inputs with the rest': ('TermLife(client).execute({"|"})', INPUTS),
    'other inputs': ('TermLife(client).execute({"smoker": "no", "|"})', INPUTS - {'smoker'}),
    'awaited inputs': ('AsyncTermLife(waiting).execute({"|"})', INPUTS),
    'inputs of many': ('TermLife(client).execute_many([{"|"}])', INPUTS),
    'inputs to validate': ('TermLife(client).validate({"|"})', INPUTS),
    'choices': ('TermLife(client).execute({"frequency": "|"})', {'annual', 'half-yearly', 'quarterly', 'monthly'}),
    'outputs': ('TermLife(client).execute({}).output["|"]', OUTPUTS),
    'rows': ('TermLife(client).execute({}).output["schedule"][0]["|"]', {'year', 'date', 'in_force', 'reserve'}),
    'methods': ('TermLife(client).', {'execute', 'execute_many', 'validate'}),
}


class Editor:
    """What an editor asks a language server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = 0
        command = [str(Path(sys.executable).parent / 'basedpyright-langserver'), '--stdio']
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        root = folder.as_uri()
        about: Any = {'processId': None, 'rootUri': root, 'capabilities': {'workspace': {'configuration': True}}}
        self.ask('initialize', {**about, 'workspaceFolders': [{'uri': root, 'name': 'folder'}]})
        self.send({'method': 'initialized', 'params': {}})

    def send(self, message: Any) -> None:
        """Send a message."""
        assert self.process.stdin
        content = json.dumps({'jsonrpc': '2.0', **message}).encode()
        self.process.stdin.write(b'Content-Length: %d\r\n\r\n%s' % (len(content), content))
        self.process.stdin.flush()

    def receive(self) -> Any:
        """Receive a message."""
        assert self.process.stdout
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b':')
            length = int(value) if name.lower() == b'content-length' else length
        assert length, 'the language server has ended'
        return json.loads(self.process.stdout.read(length))

    def ask(self, method: str, params: Any) -> Any:
        """Ask, and answer what the server itself asks meanwhile."""
        self.numbers += 1
        self.send({'id': self.numbers, 'method': method, 'params': params})
        while True:
            message = self.receive()
            if 'method' in message and 'id' in message:
                asked = message['method'] == 'workspace/configuration'
                settings = [self.setting(one) for one in message['params']['items']] if asked else None
                self.send({'id': message['id'], 'result': settings})
            elif message.get('id') == self.numbers:
                assert 'error' not in message, message
                return message['result']

    def setting(self, item: Any) -> Any:
        """A setting that the server asks for."""
        return {'pythonPath': sys.executable} if item.get('section') == 'python' else {}

    def complete(self, unfinished: str) -> set[str]:
        """What is offered at the end of a text, or at its mark."""
        before, _, after = unfinished.partition('|')
        uri = (self.folder / f'program_{self.numbers}.py').as_uri()
        document = {'uri': uri, 'languageId': 'python', 'version': 1, 'text': HEAD + before + after + '\n'}
        self.send({'method': 'textDocument/didOpen', 'params': {'textDocument': document}})
        place = {'line': HEAD.count('\n'), 'character': len(before)}
        found: Any = self.ask('textDocument/completion', {'textDocument': {'uri': uri}, 'position': place})
        return {str(item['label']).strip('"\'') for item in found['items']}


@pytest.fixture(scope='module')
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """An editor in a folder with a written module."""
    folder = tmp_path_factory.mktemp('edited')
    assert main(['types', str(TERM_LIFE), '-o', str(folder / 'term_life.py'), '--quiet']) == 0
    paths = [str(ROOT / name) for name in ('src', 'generated')]
    (folder / 'pyrightconfig.json').write_text(json.dumps({'extraPaths': paths}))
    started = Editor(folder)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.communicate()


@pytest.mark.parametrize('case', UNFINISHED)
def test_an_editor_offers_the_names(editor: Editor, case: str) -> None:
    unfinished, expected = UNFINISHED[case]
    assert expected - editor.complete(unfinished) == set()
