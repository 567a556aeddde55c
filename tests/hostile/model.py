"""Hostile packages: the cylinder with a script that attacks, and what must come of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from support.packages import CYLINDER, change_script, only, rename

End: TypeAlias = Literal['refused', 'fails', 'harmless', 'useless', 'spoilt']
"""How a package ends.

- `refused`: its upload gets 422.
- `fails`: records with the input `attack` end in errors, all others are right.
- `harmless`: every record is right.
- `useless`: every record ends in an error of its own.
- `spoilt`: the upload gets 422, or each record is right or ends in an error of its own.
"""

GOOD: Final = only(CYLINDER.read_bytes(), '1.5.0')
SERVICE: Final = 'hostile/target'
VERSION_ID: Final = '00000000-0000-4000-8000-000000000001'
PLAIN: Final = rename(
    GOOD, folder='hostile', service='target', version='1.0', service_id='hostile', version_id=VERSION_ID
)

WRAPPER: Final = """
;{
  const make = Module, parse = JSON.parse, write = JSON.stringify, letter = String.fromCharCode
  const Bytes = Uint8Array, Words = Int32Array, original = Function.prototype.call.bind(Promise.prototype.then)
  Module = (options) => original(make(options), (instance) => {
    let calls = 0
    const model = Object.create(instance)
    const read = (start, length) => {
      const heap = instance.HEAPU8
      let text = ''
      for (let i = 0; i < length; i++) text += letter(heap[start + i])
      return text
    }
    const say = (text, size) => {
      const length = text.length, output = instance._malloc(length || 1), heap = instance.HEAPU8
      for (let i = 0; i < length; i++) heap[output + i] = typeof text === 'string' ? text.charCodeAt(i) : text[i]
      new Words(instance.HEAPU8.buffer)[size >> 2] = length
      return output
    }
    model._node_calc_v3 = (workbook, input, length, size) => {
      calls++
      const inputs = parse(read(input, length)).request_data.inputs, extra = {}
      if (inputs.attack) { ATTACK }
      const output = instance._node_calc_v3(workbook, input, length, size)
      const answer = parse(read(output, new Words(instance.HEAPU8.buffer)[size >> 2]))
      instance._free(output)
      answer.response_data.outputs = { ...answer.response_data.outputs, ...extra, mark: inputs.mark }
      if (globalThis.witness) answer.response_data.outputs.witness = String(globalThis.witness)
      return say(write(answer), size)
    }
    LOADING
    return model
  })
}
"""
"""Behind the cylinder's script. Each answer repeats the input `mark` of its record, and says what an attack got hold of
(`globalThis.witness`), which must be nothing. `ATTACK` may use `instance`, `model`, `calls`, `inputs`, `extra` (more
outputs), `say(text, size)` and the arguments of `_node_calc_v3`; what it returns is the pointer to the answer."""


@dataclass(frozen=True)
class Hostile:
    """A hostile package.

    Args:
        make: Makes the package.
        end: What must come of it.
        words: A pattern that the refusal, or the error of the attacked record, must match.
        inputs: More inputs of the attacked record.
    """

    make: Callable[[], bytes]
    end: End
    words: str = ''
    inputs: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())


Rows: TypeAlias = Mapping[str, Hostile]


def build(attack: str, loading: str, before: str, after: str) -> bytes:
    """The cylinder with this script around it."""
    wrapper = WRAPPER.replace('ATTACK', attack).replace('LOADING', loading)
    return change_script(PLAIN, lambda script: f'{before}\n{script}{wrapper}{after}\n')


def marked() -> bytes:
    """The package whose records are all right, and say their marks."""
    return build('', '', '', '')


def script(
    end: End, words: str = '', *, attack: str = '', loading: str = '', before: str = '', after: str = ''
) -> Hostile:
    """A row whose package has another script.

    Args:
        end: What must come of it.
        words: A pattern for the error.
        attack: Runs in each record with the input `attack`.
        loading: Runs when the instance is there; it may change `model` or return something else.
        before: Runs before the cylinder's own script.
        after: Runs behind it.
    """
    return Hostile(partial(build, attack, loading, before, after), end, words)


def alone(end: End, text: str, words: str = '') -> Hostile:
    """A row whose package has this script and none of the cylinder's."""
    return Hostile(lambda: change_script(PLAIN, lambda _: text), end, words)


def answering(end: End, text: str | bytes, words: str = '') -> Hostile:
    """A row whose attacked record is answered with exactly this."""
    shown = json.dumps(list(text)) if isinstance(text, bytes) else json.dumps(text)
    return script(end, words, attack=f'return say({shown}, size)')


def answering_with(end: End, expression: str, words: str = '') -> Hostile:
    """A row whose attacked record is answered with the text that this JavaScript gives."""
    return script(end, words, attack=f'return say({expression}, size)')


def record(mark: str, **more: Any) -> dict[str, Any]:
    """Inputs whose volume is pi, with a mark that nobody else has."""
    return {'height': 1, 'radius': 1, 'density': 1, 'mark': mark, **more}
