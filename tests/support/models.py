"""A model that does what its records tell it to: the way to have one throw, hang, abort or answer nonsense."""

from __future__ import annotations

import json
from typing import Any

from support.packages import CYLINDER, change_script, only, rename

SCRIPTED = """
;{
  const make = Module
  Module = (options) => make(options).then((instance) => {
    let calls = 0
    const answers = (size, text) => {
      const bytes = Array.from(text, (letter) => letter.charCodeAt(0)), output = instance._malloc(bytes.length || 1)
      instance.HEAPU8.set(bytes, output)
      new Int32Array(instance.HEAPU8.buffer)[size >> 2] = bytes.length
      return output
    }
    const _node_calc_v3 = (workbook, input, length, size) => {
      const request = JSON.parse(String.fromCharCode(...instance.HEAPU8.subarray(input, input + length)))
      const outputs = (values) => JSON.stringify({ response_data: { outputs: values }, response_meta: {} })
      calls++
      const answer = eval(request.request_data.inputs.script || '')
      if (typeof answer === 'string') return answers(size, answer)
      return instance._node_calc_v3(workbook, input, length, size)
    }
    return Object.assign(Object.create(instance), { _node_calc_v3 })
  })
}
"""
"""Behind a model's own script: it evaluates the input `script`, which may use `instance`, `calls` (how many this
instance has answered) and `outputs`; text that comes of it is the answer; without any, the model computes as ever."""

SCRIPTED_ID = '5c9a3f0d-2f9b-4b6e-8a55-6d1f0f1b9900'

HANG = 'for (;;) {}'
THROW = 'throw new Error("no such mortality table")'
ABORT = 'instance.HEAPU8.set([91, 93], input); length = 2'
"""The request becomes `[]`, at which a compiled model aborts."""


def scripted() -> bytes:
    """The package of `shapes/scripted[1.0]`, a cylinder that also evaluates its input `script`."""
    package = change_script(only(CYLINDER.read_bytes(), '1.5.0'), lambda script: script + SCRIPTED)
    return rename(package, service='scripted', version='1.0', service_id='scripted', version_id=SCRIPTED_ID)


def record(script: str = '', **inputs: Any) -> dict[str, Any]:
    """Inputs that make the model do this."""
    return {'height': 1, 'radius': 1, 'density': 1, 'script': script, **inputs}


def says(values: Any) -> str:
    """A script that answers with these outputs."""
    return f'outputs({json.dumps(values)})'
