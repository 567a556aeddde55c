"""Packages whose instances are not what an instance is: other heaps, other allocations, answers that are nowhere."""

from __future__ import annotations

from typing import Final

from hostile.model import End, Hostile, Rows, script


def heap(value: str, end: End = 'useless') -> Hostile:
    """A row whose `HEAPU8` is this."""
    return script(end, loading=f'const fake = {value}; {GIVE_HEAP}')


GIVE_HEAP: Final = 'Object.defineProperty(model, "HEAPU8", { get: () => fake })'


def member(name: str, value: str, *, spoilt: bool = True) -> Hostile:
    """A row whose member of this name is another one, once the model is loaded."""
    code = f'const kept = model.{name}.bind ? model.{name} : null; let count = 0; model.{name} = {value}'
    return script('spoilt' if spoilt else 'useless', loading=code)


def answer(pointer: str, length: str) -> Hostile:
    """A row whose attacked record is said to be at this pointer, with this length."""
    code = f'const old = model.getValue; model.getValue = () => {{ model.getValue = old; return {length} }}'
    return script('fails', attack=f'{code}; return {pointer}')


INTERFACE: Final[Rows] = {
    'has a heap of floats': heap('new Float64Array(1 << 20)', 'spoilt'),
    'has a heap of big integers': heap('new BigUint64Array(1 << 20)'),
    'has a heap that is a proxy': heap('new Proxy(instance.HEAPU8, {})'),
    'has a heap that is a view': heap('new DataView(new ArrayBuffer(1 << 20))'),
    'has a heap that is an array': heap('new Array(1 << 20).fill(0)'),
    'has a heap that looks like one': heap('({ buffer: new ArrayBuffer(9), length: 1e9, set() { return 1 } })'),
    'has a heap of a prototype': heap('Object.create(Uint8Array.prototype)'),
    'has no heap': heap('null'),
    'has a heap of nothing': heap('new Uint8Array(0)'),
    'has a detached heap': heap('new Uint8Array(1 << 25); fake.buffer.transfer()'),
    'has a heap of another buffer': heap('new Uint8Array(1 << 25)', 'spoilt'),
    'has a shared heap': heap('new Uint8Array(new SharedArrayBuffer(1 << 25))', 'spoilt'),
    'has a heap that shrinks': heap(
        'new Uint8Array(new ArrayBuffer(1 << 25, { maxByteLength: 1 << 26 })); '
        'const calc = model._node_calc_v3; '
        'model._node_calc_v3 = (...all) => { fake.buffer.resize(0); return calc(...all) }',
        'spoilt',
    ),
    'has a heap with another buffer': heap(
        'Object.defineProperty(new Uint8Array(1 << 25), "buffer", { value: { length: 4e9 } })', 'spoilt'
    ),
    'has a heap with an endless buffer': heap(
        'Object.defineProperty(new Uint8Array(1 << 25), "buffer", '
        '{ get: () => ({ *[Symbol.iterator]() { for (;;) yield 1 } }) })',
        'spoilt',
    ),
    'has a heap that throws': script(
        'useless', loading='Object.defineProperty(model, "HEAPU8", { get() { throw new Error("no heap") } })'
    ),
    'allocates at -1': member('_malloc', '() => -1', spoilt=False),
    'allocates at NaN': member('_malloc', '() => NaN'),
    'allocates at 2**32': member('_malloc', '() => 2 ** 32'),
    'allocates at a big integer': script('refused', 'cannot be loaded.*BigInt', loading='model._malloc = () => 1n'),
    'allocates at a symbol': script('refused', 'cannot be loaded.*Symbol', loading='model._malloc = () => Symbol()'),
    'allocates behind the heap': member('_malloc', '() => instance.HEAPU8.length - 4', spoilt=False),
    'allocates by code': member(
        '_malloc', '(size) => ({ valueOf: () => { model.HEAPU8.fill(0, 0, 8); return kept(size) } })'
    ),
    'allocates and grows': member('_malloc', '(size) => { if (count++ < 9) kept(1 << 24); return kept(size) }'),
    'frees by throwing': member('_free', '() => { throw new Error("not mine") }', spoilt=False),
    'frees by computing': member('_free', '(at) => { if (count++ < 100) model._node_calc_v3(0, at, 2, at); kept(at) }'),
    'has no _free': script('useless', loading='model._free = undefined'),
    'says -8 bytes': answer('instance._malloc(8)', '-8'),
    'says the least length': answer('instance._malloc(8)', '-(2 ** 31)'),
    'says the greatest length': answer('instance._malloc(8)', '2 ** 31 - 1'),
    'says a length that overflows': answer('instance._malloc(8)', '2 ** 31 - 4'),
    'says 3,000,000,000 bytes': answer('instance._malloc(8)', '3e9'),
    'says 600,000,000 bytes': answer('0', '6e8'),
    'says a length of NaN': answer('instance._malloc(8)', 'NaN'),
    'says a length by code': answer('0', '{ valueOf() { throw new Error("how long?") } }'),
    'says a length that is a big integer': answer('0', '5n'),
    'answers before the heap': answer('-1', '8'),
    'answers at its end': answer('instance.HEAPU8.length - 4', '3e6'),
    'answers at NaN': answer('NaN', '8'),
    'answers at an object': answer('{ valueOf() { throw new Error("where?") } }', '8'),
    'answers nowhere': answer('undefined', '8'),
}
