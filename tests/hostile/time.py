"""Packages that never end, wherever they are called, and packages that bring their process down."""

from __future__ import annotations

from typing import Final

from hostile.model import Hostile, Rows, alone, script

from support.packages import Files, change_models

HANG: Final = 'for (;;) {}'
LATE: Final = 'does not end within 2 s'
LONG: Final = 'takes longer than 2 s'
CRASH: Final = 'the model (aborted|ended its process|needs more memory|takes longer)'

ENDLESS_WASM: Final = (
    'new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, '
    '3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11]))).exports.f()'
)
MICROTASKS: Final = 'const again = () => original(Promise.resolve(), again); again()'


def hangs(code: str) -> Hostile:
    """A row whose attacked record does not come back."""
    return script('fails', LONG, attack=code)


def hangs_at_load(loading: str) -> Hostile:
    """A row whose instance never becomes one."""
    return script('refused', LATE, loading=loading)


def throws(value: str, words: str = 'the model aborted') -> Hostile:
    """A row whose attacked record throws this."""
    return script('fails', words, attack=f'throw {value}')


def crashes(code: str, words: str = CRASH) -> Hostile:
    """A row whose attacked record is too much for V8."""
    return script('fails', words, attack=code)


def broken_wasm(files: Files) -> None:
    """An edit: WASM that is whole up to its code."""
    name = next(name for name in files if name.endswith('.wasm'))
    files[name] = files[name][:40000] + bytes(len(files[name]) - 40000)


TIME: Final[Rows] = {
    'hangs when its workbook is asked for': hangs_at_load(
        f'Object.defineProperty(model, "_construct", {{ get() {{ {HANG} }} }})'
    ),
    'hangs when it is asked whether it is asynchronous': hangs_at_load(f'model._is_async = () => {{ {HANG} }}'),
    'hangs in its first allocation': hangs_at_load(f'model._malloc = () => {{ {HANG} }}'),
    'hangs in a microtask when it is loaded': hangs_at_load(f'return original(Promise.resolve(), () => {{ {HANG} }})'),
    # Each step leaves some memory behind: it depends on the machine which limit is met first.
    'makes microtasks for ever when it is loaded': script(
        'refused', f'{LATE}|needs more memory', loading=f'{MICROTASKS}; return new original.constructor()'
    ),
    'hangs in a thenable': hangs_at_load(f'return {{ get then() {{ {HANG} }} }}'),
    'hangs in the text of its error': hangs_at_load(f'throw {{ toString() {{ {HANG} }} }}'),
    'throws in the text of its error': script('refused', loading='throw { toString() { throw new Error("no text") } }'),
    'sleeps when it is loaded': alone('refused', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0)', LATE),
    'hangs in an expression': hangs('/^(a+)+$/.test("a".repeat(40) + "b")'),
    'hangs in WASM': hangs(ENDLESS_WASM),
    # One power may be done in time on a fast machine; nothing can interrupt it before it is.
    'hangs in arithmetic': hangs('for (;;) globalThis.big = 7n ** (7n ** 9n)'),
    'hangs in a sort': hangs(f'[1, 2].sort(() => {{ {HANG} }})'),
    'hangs asleep': hangs('Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0)'),
    'hangs when memory is freed': hangs(f'model._free = () => {{ {HANG} }}'),
    'hangs in a length': hangs(f'model.getValue = () => ({{ valueOf() {{ {HANG} }} }})'),
    'hangs in a heap': hangs(f'Object.defineProperty(model, "HEAPU8", {{ get() {{ {HANG} }} }})'),
    'hangs in what it prints': hangs(f'options.printErr({{ toString() {{ {HANG} }} }})'),
    'hangs in what it throws': hangs(f'throw {{ toString() {{ {HANG} }} }}'),
    'hangs in the message that it throws': hangs(
        f'throw Object.defineProperty(new Error(), "message", {{ get() {{ {HANG} }} }})'
    ),
    'hangs in a stack trace': hangs(f'Error.prepareStackTrace = () => {{ {HANG} }}; throw new Error("x")'),
    'hangs in microtasks behind an answer': script('spoilt', attack=MICROTASKS),
    'hangs in a timer': script(
        'spoilt',
        attack=f'Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(8)), 0, 0, 1).value.then(() => {{ {HANG} }})',
    ),
    'throws nothing': throws('undefined'),
    'throws null': throws('null'),
    'throws a symbol': throws('Symbol("x")'),
    'throws a number of C++': throws('5242880'),
    'throws an object without a prototype': throws('Object.create(null)'),
    'throws a revoked proxy': throws('(({ proxy, revoke }) => (revoke(), proxy))(Proxy.revocable({}, {}))'),
    'throws half a character': throws('new Error("\\ud800 \\0 \\u202e <script>")'),
    'throws a very long text': throws('"x\\n".repeat(1 << 24)', f'the model aborted|{LONG}'),
    'throws an error whose stack throws': throws(
        'Object.defineProperty(new Error(), "stack", { get() { throw new Error("no stack") } })'
    ),
    'throws an aggregate of itself': throws('(() => { const e = new Error("x"); e.cause = e; return e })()'),
    'recurses': crashes('const f = () => f() + 1; f()'),
    'recurses in a getter': crashes('const o = { get a() { return this.a } }; o.a'),
    'recurses in text': crashes('const a = []; a.toString = () => `${a}`; String(a)'),
    'recurses in a proxy': crashes('let p = {}; for (let i = 0; i < 1e6; i++) p = new Proxy(p, {}); p.x'),
    'nests source too deeply': crashes('eval("(".repeat(1e6))'),
    'nests JSON too deeply': script('spoilt', attack='JSON.stringify(JSON.parse("[".repeat(1e6) + "]".repeat(1e6)))'),
    'nests an expression too deeply': crashes('new RegExp("(".repeat(1e6) + ")".repeat(1e6))'),
    'makes invalid WASM': crashes('new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1]))'),
    'traps in WASM': crashes(
        'model._free(0xfffffff0); instance._node_calc_v3(-1, -1, -1, -1); throw new Error("trap")'
    ),
    'calls natives of V8': crashes('eval("%DebugPrint(1)")', 'SyntaxError'),
    'makes the longest array': crashes('new Array(2 ** 32 - 1).fill(1).sort()'),
    'makes the longest text': crashes('"x".repeat(2 ** 29 - 25).split("")'),
    'is WASM that is broken within': Hostile(lambda: change_models(script('refused').make(), broken_wasm), 'refused'),
    'is a script of brackets': alone('refused', '[' * 1_000_000, 'cannot be loaded'),
    'is a script that ends its own comment': alone('refused', 'var Module = 1 /*', 'cannot be loaded'),
    'is a script with a null byte': alone('refused', 'var Module = "\0"', 'cannot be loaded'),
}
