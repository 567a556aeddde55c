"""Packages that call services in ways that no model does, and whose calls end in ways that no call does."""

from __future__ import annotations

import json
from typing import Any, Final

from hostile.model import End, Hostile, Rows, script

ASYNC: Final = """
    const calc = model._node_calc_v3, signal = new Int32Array(new SharedArrayBuffer(8))
    const later = (go) => original(Atomics.waitAsync(signal, 0, 0, 1).value, go)
    const ask = (text, kind = 0) => {
      const at = instance._malloc(text.length || 1), heap = instance.HEAPU8
      for (let i = 0; i < text.length; i++) heap[at + i] = text.charCodeAt(i)
      const answered = model.dispatch(kind, at, text.length)
      instance._free(at)
      return answered
    }
    const GOOD = REQUEST, ITSELF = CIRCLE
    model._is_async = () => 1
    model.ccall = async (name, type, types, all) => {
      const inputs = parse(read(all[1], all[2])).request_data.inputs
      if (inputs.attack) { CODE }
      return calc(...all)
    }
"""
"""Makes the cylinder call services. `CODE` runs in attacked records, and may use `ask(text, kind)`, `later(function)`,
the requests `GOOD` and `ITSELF`, and `all`, the arguments of `_node_calc_v3`."""

LONG: Final = 'takes? longer than 2 s'
ABORTED: Final = 'the model aborted'


def request(folder: str, service: str) -> str:
    """The request of a call, as text in JavaScript."""
    body: dict[str, Any] = {'request_data': {'inputs': {}}}
    named = {'folder_name': folder, 'service_name': service, 'xcall_version': 2, 'request_body': body}
    return json.dumps(json.dumps(named))


def calls(end: End, words: str = '', *, attack: str = '', loading: str = '', after: str = '') -> Hostile:
    """A row whose package calls services; the arguments are those of `script`."""
    code = ASYNC.replace('REQUEST', request('shapes', 'cylinder')).replace('CIRCLE', request('hostile', 'target'))
    return script(end, words, loading=code.replace('CODE', attack) + loading, after=after)


def told(status: int, text: str = 'GOOD') -> str:
    """An attack that throws if a call does not end with this status."""
    return f"""
        const {{ xcall_meta: told }} = parse(await ask({text}))
        if (told.http_status_code !== {status}) throw new Error(told.http_status_code + told.error_details)
    """


CALLS: Final[Rows] = {
    'calls a service as it should': calls('harmless', attack=told(202)),
    'calls itself through the runner': calls('harmless', attack=told(508, 'ITSELF')),
    'calls services while it is loaded': calls(
        'harmless',
        loading='Object.defineProperty(model, "dispatch", { set(go) { go(0, 0, 9); go(0, 4e9, 9); go(1, 0, 1e9) } })',
    ),
    'calls services between its records': calls(
        'spoilt', attack='let left = 50; const again = () => { if (left--) { ask(GOOD); later(again) } }; again()'
    ),
    'calls a service from nowhere': calls('fails', ABORTED, attack='await model.dispatch(0, 4e9, 9)'),
    'calls a service with less than nothing': calls('fails', ABORTED, attack='await model.dispatch(0, 0, -1)'),
    'calls a service with 40 MB': calls('fails', 'calls a service with', attack='await model.dispatch(0, 0, 40 << 20)'),
    'calls a service with 30 MB': calls(
        'spoilt', attack='const at = instance._malloc(30 << 20); await model.dispatch(0, at, 30 << 20)'
    ),
    'calls a service with nonsense for numbers': calls(
        'spoilt',
        attack='for (const one of [NaN, null, undefined, {}, [], "x", -1, 1e308, 1n, Symbol(), () => 1]) '
        'for (const other of [one, 0, 9]) try { await model.dispatch(other, one, other) } catch {}',
    ),
    'calls a service with numbers that run code': calls(
        'spoilt',
        attack='const at = { valueOf() { for (let i = 0; i < 5; i++) instance._malloc(1 << 20); return 8 } }; '
        'await model.dispatch({ valueOf() { ask(GOOD); return 0 } }, at, { valueOf: () => 99 })',
    ),
    'calls something of another kind': calls(
        'harmless', attack='for (const kind of [-1, 7, 2 ** 31 - 1]) await ask(GOOD, kind)'
    ),
    'calls something that is not JSON': calls(
        'harmless', attack='for (const text of ["", "{", "[]", "\\0"]) await ask(text)'
    ),
    'calls thousands of services at once': calls(
        'fails', 'more than 1000 calls at once', attack='for (let i = 0; i < 5000; i++) ask(GOOD); await ask(GOOD)'
    ),
    'never waits for its call': calls('harmless', attack='ask(GOOD)'),
    'never waits for a thousand calls': calls('harmless', attack='for (let i = 0; i < 999; i++) ask(GOOD)'),
    'waits for a bad call and a good one': calls(
        'fails', ABORTED, attack='model.dispatch(0, 4e9, 9); await ask(GOOD); await new Promise(() => {})'
    ),
    'takes the memory of views whose length it is told': calls(
        'harmless',
        attack='for (let i = 0; i < 3; i++) await ask(GOOD + " ".repeat(20000))',
        loading="""
            const views = Object.getPrototypeOf(Uint8Array.prototype)
            const length = Object.getOwnPropertyDescriptor(views, 'length').get
            Object.defineProperty(views, 'length', {
                get() {
                    if (this.buffer.byteLength > 8192) try { this.buffer.transfer(0) } catch {}
                    return length.call(this)
                },
            })
        """,
    ),
    'calls for ever': calls('fails', LONG, attack='for (;;) await ask(GOOD)'),
    'calls in vain for ever': calls('fails', LONG, attack='for (;;) await ask(ITSELF)'),
    'hangs after a call': calls('fails', LONG, attack='ask(GOOD); for (;;) {}'),
    'hangs when it is answered': calls('fails', LONG, attack='await ask(GOOD); for (;;) {}'),
    'hangs while it waits': calls(
        'fails', LONG, attack='later(() => { for (;;) {} }); await ask(GOOD); await new Promise(() => {})'
    ),
    'throws when it is answered': calls('fails', 'no licence', attack='await ask(GOOD); throw new Error("no licence")'),
    'throws what has no text': calls('fails', ABORTED, attack='throw Object.create(null)'),
    'throws what throws': calls('fails', ABORTED, attack='throw { toString() { throw 1 } }'),
    'throws what hangs': calls('fails', f'{LONG}|{ABORTED}', attack='throw { toString() { for (;;) {} } }'),
    'throws nothing': calls('fails', ABORTED, attack='throw undefined'),
    'never settles': calls('fails', LONG, attack='await new Promise(() => {})'),
    'settles twice': calls(
        'harmless',
        attack=told(202),
        loading='const once = model.ccall; model.ccall = (...given) => ({ then(yes, no) { '
        'original(once(...given), (at) => { yes(at); yes(at); no("twice"); throw "thrice" }, no) } })',
    ),
    'settles at once and later': calls(
        'harmless',
        loading='model.ccall = (name, type, types, all) => ({ '
        'then(yes) { const at = calc(...all); yes(at); later(() => yes(at)) } })',
    ),
    'answers at once': calls('harmless', loading='model.ccall = (name, type, types, all) => calc(...all)'),
    'has no ccall': calls('harmless', loading='model.ccall = undefined'),
    'has a ccall that is no function': calls('harmless', loading='model.ccall = {}'),
    'answers at -1': calls('fails', attack='calc(...all); return -1'),
    'answers with text for a pointer': calls('spoilt', attack='calc(...all); return "nowhere"'),
    'answers with what is no number': calls('fails', ABORTED, attack='calc(...all); return Symbol()'),
    'answers with a pointer that runs code': calls('fails', attack='return { valueOf() { throw new Error("no") } }'),
    'answers with a promise of a promise': calls('harmless', attack='return original(ask(GOOD), () => calc(...all))'),
    'answers for itself': calls(
        'harmless',
        attack='await ask(GOOD)',
        loading='Object.defineProperty(model, "dispatch", { get: () => async () => "{}", set() {} })',
    ),
    'replaces its dispatch by nonsense': calls('fails', attack='model.dispatch = 7; await ask(GOOD)'),
    'wraps its dispatch': calls(
        'harmless',
        attack='const inner = model.dispatch; model.dispatch = async (...given) => { '
        'await inner(...given); return inner(...given) }; '
        'await ask(GOOD); model.dispatch = inner',
    ),
    'takes no dispatch': calls('refused', 'cannot be loaded', loading='Object.freeze(model)'),
    'throws at its dispatch': calls(
        'refused', 'cannot be loaded.*no', loading='Object.defineProperty(model, "dispatch", { set() { throw "no" } })'
    ),
    'hangs at its dispatch': calls(
        'refused',
        'does not end within 2 s',
        loading='Object.defineProperty(model, "dispatch", { set() { for (;;) {} } })',
    ),
    'is asynchronous in an odd way': calls('harmless', loading='model._is_async = () => ({ valueOf: () => 1 })'),
    'is asynchronous at first': calls(
        'harmless', attack=told(202), loading='let first = true; model._is_async = () => first && !(first = false)'
    ),
    'has texts that are thenables': calls(
        'harmless', attack=told(202), after='String.prototype.then = (go) => { globalThis.witness = "then"; go("{}") }'
    ),
    'replaces Promise': calls(
        'spoilt', attack=told(202), after='Promise = function () { globalThis.witness = "Promise"; return {} }'
    ),
    'replaces then and calls a service': calls(
        'spoilt',
        attack=told(202),
        after='Promise.prototype.then = function (yes) { yes("{}"); yes("{}"); return this }',
    ),
    'has promises of its own kind': calls(
        'spoilt',
        attack=told(202),
        after='Object.defineProperty(Promise.prototype, "constructor", { get() { '
        'return function (go) { go(() => {}, () => {}) } } })',
    ),
    'takes what is put into arrays': calls(
        'spoilt',
        attack=told(202),
        after='for (let i = 0; i < 9; i++) Object.defineProperty(Array.prototype, i, { set(value) { '
        'if (typeof value === "function" || value instanceof ArrayBuffer) globalThis.witness = "an element" } })',
    ),
    'pollutes the requests': calls(
        'harmless',
        attack=told(202),
        after='for (const name of ["kind", "buffer", "resolve", "earlier", "later", "each", "asked"]) '
        'Object.defineProperty(Object.prototype, name, { get: () => 7, set() { globalThis.witness = name } })',
    ),
}
