"""What the tests of the page share: a browser's page that is watched, and a package whose texts are hostile."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from support.packages import CYLINDER, change, change_models, change_script, described, only, rename, replace

try:
    playwright: Any = importlib.import_module('playwright.sync_api')
except ImportError:
    playwright = None
expect: Any = getattr(playwright, 'expect', None)

CHROMIUM = Path('/usr/bin/chromium')
AXE = Path(__file__).resolve().parents[2] / 'build' / 'page' / 'node_modules' / 'axe-core' / 'axe.min.js'

TENANT = 'my-tenant'
HOSTILE_TENANT = 'ten\'ant "of" <b>'
HOSTILE_FOLDER = "fol der's <img src=x onerror=window.hacked=1>"
HOSTILE_SERVICE = 'ser"vice שלום <b>bold'
HOSTILE_VERSION = '5c9a3f0d-2f9b-4b6e-8a55-6d1f0f1b6666'
HOSTILE_ID = '5c9a3f0d-2f9b-4b6e-8a55-6d1f0f1b6660'

NUMBER = 'num "ber" <img src=x onerror=window.hacked=2>'
CHOICE = "choi'ce בחירה"
DATE = 'da te & "day"'
TABLE = 'ta<b>ble</b>'
TEXT = 'text <script>window.hacked=4</script>'
WHOLE = 'who le'
CHOICES = ['plain, with comma', '<b>bold</b>', 'a "quoted" one', 'שלום', 'true', '1']
IMAGE = '<img src=x onerror=window.hacked=5>'
COLUMN = 'co"l <i>'
RULES: dict[str, Any] = {
    NUMBER: {'validation_type': 'decimal', 'operator': 'between', 'default_value': 10, 'min': -5, 'max': 100},
    CHOICE: {'validation_type': 'list', 'default_value': '<b>bold</b>', 'options': CHOICES},
    DATE: {
        'validation_type': 'date',
        'operator': 'between',
        'default_value': '2026-02-28',
        'min': '2020-01-01',
        'max': '2030-12-31',
        'error_title': IMAGE,
        'error_message': f'Not that day {IMAGE}',
    },
    TABLE: {'default_value': [{COLUMN: 1, 'עמודה': IMAGE}]},
    TEXT: {'default_value': 'it\'s "x" \\ <b> שלום'},
    WHOLE: {'validation_type': 'whole_number', 'operator': 'greater_than', 'default_value': 3, 'min': 0},
}
ADDRESSES = {TABLE: 'E4:F23'}

TEMPLATE = """
;{
  const make = Module
  Module = (options) => make(options).then((instance) => {
    const NAMES = NAMES_HERE, IMAGE = IMAGE_HERE, COLUMN = COLUMN_HERE
    const write = (size, text) => {
      const bytes = Array.from(unescape(encodeURIComponent(text)), (letter) => letter.charCodeAt(0))
      const output = instance._malloc(bytes.length || 1)
      instance.HEAPU8.set(bytes, output)
      new Int32Array(instance.HEAPU8.buffer)[size >> 2] = bytes.length
      return output
    }
    const _node_calc_v3 = (workbook, input, length, size) => {
      const bytes = instance.HEAPU8.subarray(input, input + length)
      let text = ''
      for (const byte of bytes) text += String.fromCharCode(byte)
      const request = JSON.parse(decodeURIComponent(escape(text)))
      const given = (request.request_data || {}).inputs || {}
      const meta = request.request_meta || {}
      const number = NAMES.number in given ? given[NAMES.number] : 10
      const data = { outputs: {}, warnings: null, errors: null }
      if ((meta.__api_meta || {}).api === 'dynamic_validation') {
        data.outputs = { [NAMES.whole]: { validation_type: 'whole_number', operator: 'between', min: 1, max: number } }
      } else if (meta.requested_output_regex) {
        data.outputs = { 'Metadata.PrimaryColor': 'red;}</style>' + IMAGE, 'Metadata.Font': 'x";' + IMAGE,
          'Metadata.Logo': 'http://elsewhere.invalid/logo.png' }
      } else {
        data.outputs = { ['out ' + IMAGE]: number * 2, 'said <b>': IMAGE + given[NAMES.text], 'עברית': 'שלום "x"',
          rows: [{ [COLUMN]: number, name: IMAGE }, { [COLUMN]: 2 * number, name: '<b>x</b>' }], 'given': given }
        data.warnings = [{ source_path: 'said <b>', message: 'warned ' + IMAGE }]
        if (number === 13) {
          data.errors = [{ source_path: NAMES.number, message: 'unlucky ' + IMAGE, error_category: '<b>' }]
        }
      }
      return write(size, JSON.stringify({ response_data: data, response_meta: {} }))
    }
    return Object.assign(Object.create(instance), { _node_calc_v3 })
  })
}
"""
script = TEMPLATE
for place, value in (
    ('NAMES_HERE', {'number': NUMBER, 'text': TEXT, 'whole': WHOLE}),
    ('IMAGE_HERE', IMAGE),
    ('COLUMN_HERE', COLUMN),
):
    script = script.replace(place, json.dumps(value))


def with_rules(package: bytes, rules: Any) -> bytes:
    """The same package with these rules of its inputs."""
    content = json.dumps({'outputs': rules, 'warnings': None, 'errors': None}).encode()
    edit = replace('DefaultValidations.json', content)
    return change(change_models(package, edit), edit)


def with_inputs(package: bytes, *names: str) -> bytes:
    """The same package with these inputs in its description."""
    rows = [
        {'Input Name': name, 'Description': f'about {name}', 'Address': ADDRESSES.get(name, 'C3')} for name in names
    ]
    return described(package, XInputTable=rows)


def hostile() -> bytes:
    """A package whose every text is hostile: HTML, quotes, and text from right to left."""
    package = change_script(only(CYLINDER.read_bytes(), '1.5.0'), lambda model: model + script)
    package = described(with_inputs(with_rules(package, RULES), *RULES), Description=f'Described {IMAGE} "שלום"')
    return rename(
        package,
        tenant=HOSTILE_TENANT,
        folder=HOSTILE_FOLDER,
        service=HOSTILE_SERVICE,
        version='1.0 "b"',
        service_id=HOSTILE_ID,
        version_id=HOSTILE_VERSION,
    )


@dataclass
class Watched:
    """A page of a browser, with what it said and asked for.

    Attributes:
        page: The page.
        url: Where the runner listens, with its prefix.
        problems: Errors and warnings of the console, and errors of the page.
        requests: The method and address of each request.
        refused: The statuses that the test provokes.
    """

    page: Any
    url: str = ''
    problems: list[str] = field(default_factory=list[str])
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    refused: set[int] = field(default_factory=set[int])

    def watch(self) -> None:
        self.page.on('console', self._hear)
        self.page.on('pageerror', self._note)
        self.page.on('request', self._follow)

    def _note(self, error: Any) -> None:
        self.problems.append(f'page error: {error}')

    def _follow(self, request: Any) -> None:
        self.requests.append((request.method, request.url))

    def _hear(self, message: Any) -> None:
        text = message.text
        if message.type in ('error', 'warning') and not any(f'status of {status} ' in text for status in self.refused):
            self.problems.append(f'{message.type}: {text}')

    def open(self, tenant: str, version: str, view: str = 'try') -> Any:
        """Open a view of a service, and wait for it."""
        self.page.goto(f'{self.url}/ui/#/{quote(tenant, safe="")}/{version}/try')
        expect(self.page.locator(f'nav a[href*="{version}"]').first).to_be_visible()
        expect(self.page.locator('[data-output]').first).to_be_visible()
        if view != 'try':
            self.page.locator(f'nav a[href$="/{view}"]').click()
            expect(self.page.locator(f'nav a[href$="/{view}"]')).to_have_attribute('aria-current', 'page')
        return self.page

    def check(self) -> None:
        """Nothing was wrong, nothing of a package ran, and nothing was asked of anyone else."""
        assert self.problems == []
        assert self.page.evaluate('window.hacked') is None
        here = urlsplit(self.url).netloc
        assert [
            url for _, url in self.requests if urlsplit(url).scheme != 'data' and urlsplit(url).netloc != here
        ] == []


def output(page: Any, name: str) -> Any:
    """Where an output is shown."""
    return page.locator(f'[data-output={json.dumps(name)}]')


def wide(page: Any) -> list[str]:
    """What is wider than the window."""
    script = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > innerWidth + 1)
        .map(one => one.outerHTML.slice(0, 120))"""
    found: list[str] = page.evaluate(script)
    return found


def axe(page: Any) -> list[str]:
    """What axe finds."""
    page.evaluate(AXE.read_text(encoding='utf-8') + '; undefined')
    found = page.evaluate('() => axe.run(document)')
    return [
        f'{one["id"]}: {node["html"][:200]}: {node["failureSummary"][:300]}'
        for one in found['violations']
        for node in one['nodes']
    ]


def text_of(page: Any, label: str) -> Any:
    """The field of an input."""
    return page.get_by_role('form', name='Inputs').get_by_label(label, exact=True)


def note_of(page: Any, label: str) -> Any:
    """The field with all that stands around it."""
    return page.locator('.field').filter(
        has=page.locator(f'label bdi:text-is({json.dumps(label, ensure_ascii=False)})')
    )


def sent(watched: Watched) -> Any:
    """The inputs of the last call, as the page shows it in Python, curl and JSON."""
    page = watched.page
    if page.locator('details.copy[open]').count() == 0:
        # By the keyboard: results that arrive move the summary, so that a click could miss it.
        page.locator('details.copy summary').press('Enter')
        page.get_by_label('Form').select_option('JSON')
    return json.loads(page.get_by_label('The call as JSON').inner_text())['request_data']['inputs']
