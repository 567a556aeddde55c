"""Packages that attack the engine in V8: its memory, and the language that it is written in."""

from __future__ import annotations

from typing import Final

from hostile.model import Hostile, Rows, alone, script

STEAL: Final = """
    for (const holder of [Array.prototype, Object.prototype])
      for (let i = 0; i < 100; i++)
        Object.defineProperty(holder, i, { configurable: true, set(value) {
          if (value instanceof ArrayBuffer) { globalThis.witness = `a buffer of ${value.byteLength} bytes`; TAKEN }
          Object.defineProperty(this, i, { value, writable: true, enumerable: true, configurable: true })
        } })
"""
"""Takes every buffer that is put into an array by its index."""

GROW: Final = 'extra.text = "x".repeat(3 << 20)'
"""An answer for which the engine needs new memory."""

INTRINSICS: Final = """
    const broken = () => { throw new Error('spoilt') }
    for (const holder of [HOLDERS])
      for (const name of Object.getOwnPropertyNames(holder))
        if (name !== 'constructor' && typeof Object.getOwnPropertyDescriptor(holder, name).value === 'function')
          holder[name] = broken
"""

LOOK_AROUND: Final = """
    const seen = new Set([globalThis, broken]), broken_ = () => {}
    function broken() {}
    const walk = (holder, depth) => {
      for (const name of Object.getOwnPropertyNames(holder)) {
        let value
        try { value = holder[name] } catch { continue }
        if (value === null || !['object', 'function'].includes(typeof value) || seen.has(value)) continue
        seen.add(value)
        if (/engine|inbox|outbox|deliver|compute/.test(name)) globalThis.witness = name
        if (depth) walk(value, depth - 1)
        if (typeof value === 'function' && name !== 'Module' && !/^(Atomics|wait)/.test(name))
          for (const make of [() => value(), () => value(0), () => new value(8)]) try { make() } catch {}
      }
    }
    walk(globalThis, 2)
"""

CALLERS: Final = """
    Error.prepareStackTrace = (error, sites) => sites
    for (const site of new Error().stack) {
      const found = site.getFunction(), self = site.getThis()
      if (found && /^(run|compute|deliver|load|loaded)$/.test(found.name)) globalThis.witness = found.name
      if (self && self.outbox) globalThis.witness = 'this'
    }
    Error.prepareStackTrace = undefined
    function up() { return up.caller }
    let caller = null
    try { caller = up() } catch {}
    for (let i = 0; caller && i < 20; i++) {
      if (/^(run|compute|deliver)$/.test(caller.name)) globalThis.witness = caller.name
      try { caller = caller.caller } catch { break }
    }
"""


def replaced(name: str, value: str) -> Hostile:
    """A row that replaces something of the language before the model is made."""
    return script('spoilt', after=f'{name} = {value}')


ENGINE: Final[Rows] = {
    'steals buffers by setters of indexes': script('harmless', after=STEAL.replace('TAKEN', ''), attack=GROW),
    'detaches buffers that it stole': script(
        'harmless', after=STEAL.replace('TAKEN', 'value.transfer(0)'), attack=GROW
    ),
    'hangs when memory is made': script(
        'spoilt', after=STEAL.replace('TAKEN', 'if (value.byteLength > 4 << 20) for (;;) {}'), attack=GROW
    ),
    'changes the arguments of the engine': script(
        'spoilt',
        after='Object.defineProperty(Array.prototype, 0, { set(value) { '
        'Object.defineProperty(this, 0, { value: typeof value === "number" ? 8 : value, writable: true }) } })',
        attack=GROW,
    ),
    'gives the engine a size that runs code': script(
        'spoilt',
        after='Object.defineProperty(Array.prototype, 0, { set(value) { '
        'Object.defineProperty(this, 0, { value: { valueOf: () => { while (true) [] } } }) } })',
        attack=GROW,
    ),
    'breaks typed arrays': script(
        'spoilt',
        after=INTRINSICS.replace('HOLDERS', 'Object.getPrototypeOf(Uint8Array.prototype), Uint8Array.prototype'),
    ),
    'breaks array buffers': script(
        'spoilt', after=INTRINSICS.replace('HOLDERS', 'ArrayBuffer.prototype, ArrayBuffer, DataView.prototype')
    ),
    'breaks functions': script('spoilt', after=INTRINSICS.replace('HOLDERS', 'Function.prototype, Reflect')),
    'breaks strings': script('spoilt', after=INTRINSICS.replace('HOLDERS', 'String.prototype, String')),
    'breaks arrays': script('spoilt', after=INTRINSICS.replace('HOLDERS', 'Array.prototype, Array')),
    'breaks objects': script('spoilt', after=INTRINSICS.replace('HOLDERS', 'Object, Object.prototype')),
    'breaks promises': script('spoilt', after=INTRINSICS.replace('HOLDERS', 'Promise.prototype, Promise')),
    'breaks JSON and Math': script('spoilt', after=INTRINSICS.replace('HOLDERS', 'JSON, Math, Date, Error')),
    'lies about the length of typed arrays': script(
        'harmless',
        after='for (const name of ["length", "byteLength", "byteOffset"]) '
        'Object.defineProperty(Uint8Array.prototype, name, { get: () => 1 << 30, configurable: true })',
    ),
    'lies about buffers': script(
        'spoilt',
        after='Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), "buffer", '
        '{ get() { return new ArrayBuffer(64) } })',
    ),
    'makes other kinds of arrays': script(
        'harmless',
        after='for (const kind of [ArrayBuffer, Uint8Array, Int32Array, Array]) '
        'Object.defineProperty(kind, Symbol.species, { get() { globalThis.witness = "a species"; return Object } })',
    ),
    'makes other kinds of promises': script(
        'spoilt',
        after='Object.defineProperty(Promise, Symbol.species, { get: () => function (go) { go(() => {}, () => {}) } })',
    ),
    'is another constructor': script(
        'spoilt',
        after='for (const kind of [ArrayBuffer, Uint8Array, Int32Array, Promise]) '
        'kind.prototype.constructor = function (...all) { globalThis.witness = all.length; return {} }',
    ),
    'iterates for ever': script('spoilt', after='Array.prototype[Symbol.iterator] = function* () { for (;;) yield 1 }'),
    'pollutes Object.prototype': script(
        'spoilt',
        after='for (const name of ["done", "value", "then", "get", "set", "length", "used", "head", ""]) '
        'Object.defineProperty(Object.prototype, name, { get: () => 7, set() { globalThis.witness = name } })',
    ),
    'has __proto__ for a file': script('harmless', loading='options.getPreloadedPackage("__proto__")'),
    'answers to Object.prototype.then': script('spoilt', after='Object.prototype.then = (go) => go({})'),
    'replaces Promise.prototype.then': script(
        'spoilt', after='Promise.prototype.then = () => { globalThis.witness = "then" }'
    ),
    'takes Date.now away': replaced('Date.now', '() => NaN'),
    'has a clock that runs code': replaced('Date.now', '() => ({ valueOf() { throw new Error("late") } })'),
    'has a clock that goes back': replaced('Date.now', '(() => { let time = 2e9; return () => time -= 1e6 })()'),
    'has a clock that jumps': replaced('performance.now', '() => 1e300'),
    'takes globals away': script(
        'spoilt',
        after='for (const name of Object.getOwnPropertyNames(globalThis)) '
        'if (name !== "Module") try { delete globalThis[name]; globalThis[name] = null } catch {}',
    ),
    'calls all that it finds': script('spoilt', attack=LOOK_AROUND),
    'looks for its callers': script('harmless', attack=CALLERS),
    'freezes the language': script(
        'spoilt', after='[Object, Array, Uint8Array].map((o) => Object.freeze(o.prototype))'
    ),
    'is a proxy': script(
        'harmless',
        loading='return new Proxy(model, { get: (target, name) => name === "then" ? undefined : target[name] })',
    ),
    'is a proxy that throws': script(
        'refused', 'cannot be loaded.*no licence', loading='return new Proxy({}, { get() { throw "no licence" } })'
    ),
    'resolves twice': script(
        'harmless', loading='return { then(take) { take(model); take({}); throw new Error("twice") } }'
    ),
    'resolves to itself': alone('refused', 'const p = new Promise((go) => setTimeout(() => go(p))); Module = () => p'),
    'is a chain of thenables': alone('refused', 'const t = { then(go) { go(t) } }; var Module = () => t'),
    'is a module that is a class': alone('refused', 'class Module { constructor() { return {} } }', 'cannot be loaded'),
    'is no function by a proxy': alone('refused', 'var Module = new Proxy({}, { apply: () => 1 })', 'not a function'),
    'calls itself': script('harmless', attack='if (calls < 50) model._node_calc_v3(workbook, input, length, size)'),
    'calls back from promises': script(
        'harmless',
        attack='for (let i = 0; i < 99; i++) '
        'original(Promise.resolve(), () => model._node_calc_v3(workbook, input, 0, size)).catch?.(() => {})',
    ),
    'rejects a promise in the end': script('harmless', attack='Promise.reject(new Error("nobody listens"))'),
    'works between records': script(
        'harmless',
        attack='const at = new Int32Array(new SharedArrayBuffer(8)); let left = 50; const again = () => { '
        'if (left--) { instance._free(instance._malloc(99)); Atomics.waitAsync(at, 0, 0, 1).value.then(again) } }; '
        'again()',
    ),
}
