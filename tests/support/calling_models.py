"""Models in JavaScript that call services and external APIs, as their records or their packages say."""

from __future__ import annotations

import json
import uuid
from typing import Any, Final

from support.packages import CYLINDER, change_script, only, rename

MODEL: Final = """
var Module = async () => {
  const signal = new Int32Array(new SharedArrayBuffer(4))
  let heap = new Uint8Array(1 << 20), top = 8, living = 0
  const instance = {
    get HEAPU8() { return heap },
    _construct: () => 1, _destroy: () => {}, _is_async: () => 1,
    _malloc: (size) => {
      const at = top
      top += (size + 15) & ~7
      living++
      if (top > heap.length) {
        const larger = new Uint8Array(2 * top)
        larger.set(heap)
        heap = larger
      }
      return at
    },
    _free: () => { if (--living === 1) top = 64 },
    getValue: (at) => new DataView(heap.buffer).getInt32(at, true),
    ccall: async (name, result, types, [workbook, input, length, size]) => {
      calls++
      const request = JSON.parse(read(input, length)), inputs = request.request_data?.inputs ?? {}
      const computed = await (inputs.script ? compiled(inputs.script) : answer)(inputs, request)
      const text = typeof computed === 'string' ? computed
        : JSON.stringify({ response_data: { outputs: computed }, response_meta: {} })
      const [at, bytes] = write(text)
      new DataView(heap.buffer).setInt32(size, bytes, true)
      return at
    },
  }
  let calls = 0
  const read = (at, length) => {
    let text = ''
    for (let i = 0; i < length; i += 4096)
      text += String.fromCharCode(...heap.subarray(at + i, at + Math.min(i + 4096, length)))
    return decodeURIComponent(escape(text))
  }
  const write = (text) => {
    const bytes = unescape(encodeURIComponent(text)), at = instance._malloc(bytes.length || 1)
    for (let i = 0; i < bytes.length; i++) heap[at + i] = bytes.charCodeAt(i)
    return [at, bytes.length]
  }
  const send = (kind, text) => {
    const [at, length] = write(text), answered = instance.dispatch(kind, at, length)
    instance._free(at)
    return answered
  }
  const sleep = (milliseconds) => Atomics.waitAsync(signal, 0, 0, milliseconds).value
  const call = async (service, inputs, more) => JSON.parse(await send(0, JSON.stringify({
    folder_name: 'calls', service_name: service, xcall_version: 2,
    request_body: { request_data: { inputs }, request_meta: {} }, ...more })))
  const external = async (body, more) =>
    JSON.parse(await send(1, JSON.stringify({ xcall_version: 2, request_body: body, ...more })))
  const outputs = async (...all) => (await call(...all)).response_data.outputs
  const compiled = (script) => eval(`(async (inputs, request) => { ${script} })`)
  const answer = compiled(ANSWER)
  LOADING
  return instance
}
"""
"""Evaluates the input `script` of a record, or `ANSWER`, as the body of an async function of `inputs` and `request`.

What it returns becomes the outputs; text becomes the whole answer. It may use `instance`, `calls` (how many records
this instance has begun), `sleep(ms)`, `send(kind, text)`, which promises text, and `call(service, inputs, more)`,
`outputs(service, inputs, more)` and `external(body, more)`, where `more` are more members of the model's request."""

FOLDER: Final = 'calls'
ECHO: Final = 'return { ...inputs, meta: request.request_meta }'
"""Answers with the inputs and the meta."""

CALL_NEXT: Final = 'return outputs(inputs.next, inputs.inputs)'
"""Answers with what another service answers."""


def id_of(service: str, version: str = '1.0') -> str:
    """The id of a model's version."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f'{service}[{version}]'))


def calling(service: str, answer: str = ECHO, version: str = '1.0', loading: str = '', **names: Any) -> bytes:
    """The package of `calls/SERVICE[VERSION]`.

    Args:
        service: The name of the service, which is the id of the service as well.
        answer: What a record does that has no script of its own.
        version: The version.
        loading: Runs when the instance is there; it may change `instance`.
        **names: Other names, as `rename` takes them.
    """
    text = MODEL.replace('ANSWER', json.dumps(answer)).replace('LOADING', loading)
    package = change_script(only(CYLINDER.read_bytes(), '1.5.0'), lambda _: text)
    own = {'folder': FOLDER, 'service': service, 'service_id': f'{service}-id', 'version_id': id_of(service, version)}
    return rename(package, version=version, **{**own, **names})


def script(text: str, /, **inputs: Any) -> dict[str, Any]:
    """Inputs that make a model do this."""
    return {'script': text, **inputs}
