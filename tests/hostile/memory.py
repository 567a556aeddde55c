"""Packages that take all the memory they can get: in V8, beside it, in answers, and in what they print."""

from __future__ import annotations

from typing import Final

from hostile.model import Hostile, Rows, script

WORDS: Final = 'the model (aborted|ended its process|needs more memory|takes longer|corrupted its memory)'

TAKES: Final = {
    'arrays': 'all.push(new Array(1e6).fill(1.5))',
    'small objects': 'all.push({ a: all.length, b: [] })',
    'text': 'all.push(Math.random().toString(36).repeat(1e5).split("").reverse().join(""))',
    'buffers': 'all.push(new Uint8Array(1 << 26).fill(1))',
    'shared buffers': 'all.push(new Uint8Array(new SharedArrayBuffer(1 << 26)).fill(1))',
    'one resizable buffer': 'all[0] = all[0] || new ArrayBuffer(0, { maxByteLength: 4e9 }); '
    'all[0].resize(all[0].byteLength + (1 << 24)); new Uint8Array(all[0]).fill(1)',
    'WASM memory': 'all[0] = all[0] || new WebAssembly.Memory({ initial: 1, maximum: 65536 }); all[0].grow(256); '
    'new Uint8Array(all[0].buffer).fill(1)',
    'its own heap': 'const at = instance._malloc(1 << 24); if (!at) throw new Error("full"); '
    'instance.HEAPU8.fill(1, at, at + (1 << 24))',
    'big integers': 'all.push(BigInt(all.length) << 20000000n)',
    'compiled expressions': 'all.push(new RegExp("(a|b)*" + all.length + "c".repeat(30000))); all.at(-1).test("aaac")',
    'modules': 'all.push(eval(`(() => { ${"let x = [1, 2, 3];{".repeat(500)}${"}".repeat(500)} })`)); all.at(-1)()',
}
"""What each turn of an endless loop takes."""


def takes(code: str) -> Hostile:
    """A row whose attacked record takes memory in a loop."""
    return script('fails', WORDS, attack=f'const all = []; for (;;) {{ {code} }}')


def takes_at_load(code: str) -> Hostile:
    """A row that takes memory in a loop when it is loaded."""
    return script('refused', 'cannot be loaded|does not end', loading=f'const all = []; for (;;) {{ {code} }}')


MEMORY: Final[Rows] = {
    **{f'takes {name}': takes(code) for name, code in TAKES.items()},
    **{f'takes {name} when it is loaded': takes_at_load(TAKES[name]) for name in ('arrays', 'buffers', 'WASM memory')},
    'takes buffers slowly': takes('all.push(new Uint8Array(1 << 16).fill(1)); for (let i = 0; i < 1e4; i++);'),
    'keeps everything': script(
        'spoilt',
        attack='globalThis.all = globalThis.all || []; '
        'for (let i = 0; i < 4; i++) all.push(new Uint8Array(1 << 26).fill(i))',
    ),
    'takes memory behind an answer': script(
        'spoilt',
        attack='original(Promise.resolve(), () => { '
        'const all = []; for (;;) all.push(new Uint8Array(1 << 26).fill(1)) })',
    ),
    'prints very much': script('harmless', attack='for (let i = 0; i < 1e5; i++) options.printErr("x".repeat(1000))'),
    'prints very long texts': script(
        'spoilt', attack='for (let i = 0; i < 20; i++) options.printErr("xy".repeat(1 << 27))'
    ),
    'answers with 20 MB': script('harmless', attack='extra.text = "x".repeat(20 << 20)'),
    'answers with 90 MB': script('spoilt', attack='extra.text = "x".repeat(90 << 20)'),
    'answers with 400 MB': script('fails', WORDS, attack='extra.text = "x".repeat(400 << 20)'),
    'answers with very many values': script('spoilt', attack='extra.all = new Array(5e6).fill(0)'),
}
