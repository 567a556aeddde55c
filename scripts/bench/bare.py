"""Records a second of one core: the local runner with v4 chunks, and the model in a bare V8 loop, side by side."""

from __future__ import annotations

import array
import json
import time
from pathlib import Path
from typing import Any

from py_mini_racer import MiniRacer

import cspark.wasm as Hybrid
from cspark.wasm.local.operations.caller import Caller
from cspark.wasm.local.operations.execution import execute_many
from cspark.wasm.local.operations.steps import Steps
from cspark.wasm.local.packages.compiled_model import CompiledModel
from cspark.wasm.local.packages.package import read_package

CYLINDER = Path(__file__).resolve().parents[2] / 'samples' / 'packages' / 'cylinder.zip'
COUNT = 5000
RECORDS = [{'height': index % 50 + 1, 'radius': index % 7 + 1, 'density': 2} for index in range(COUNT)]
LOOP = """
(function () {
  const sizes = new Int32Array(SIZES)
  for (let i = 0, start = 0; i < sizes.length; start += sizes[i++]) {
    const input = MODEL._malloc(sizes[i]), size = MODEL._malloc(4)
    MODEL.HEAPU8.set(new Uint8Array(REQUESTS, start, sizes[i]), input)
    const output = MODEL._node_calc_v3(BOOK, input, sizes[i], size)
    MODEL.HEAPU8.slice(output, output + MODEL.getValue(size, 'i32'))
    MODEL._free(input), MODEL._free(size), MODEL._free(output)
  }
})()
"""


def bare(model: CompiledModel) -> Any:
    """What runs all records in a bare V8 loop."""
    v8: Any = MiniRacer()

    def put(name: str, content: bytes) -> None:
        v8.eval(f'globalThis.{name} = new ArrayBuffer({len(content)})')[:] = content

    requests = [json.dumps({'request_data': {'inputs': one}, 'request_meta': {}}).encode() for one in RECORDS]
    v8.eval("globalThis.location = {href: '', pathname: '/'}; globalThis.performance = {now: Date.now}")
    v8.eval(f'{model.script}\n;0')
    put('WASM', model.wasm)
    put('DATA', next(iter(model.files.values()), b''))
    put('REQUESTS', b''.join(requests))
    put('SIZES', array.array('i', map(len, requests)).tobytes())
    v8.eval(
        'Module({wasmBinary: WASM, getPreloadedPackage: () => DATA, print() {}, printErr() {}})'
        '.then((model) => { globalThis.MODEL = model; globalThis.BOOK = model._construct() }); 0'
    )
    while not v8.eval("typeof BOOK !== 'undefined'"):
        time.sleep(0.01)
    return lambda: v8.eval(LOOP)


def perform(steps: Steps) -> dict[str, Any]:
    """Run an operation of the runner, and wait for what it has computed."""
    try:
        pool, requests = next(steps)
        while True:
            pool, requests = steps.send(pool.compute(requests))
    except StopIteration as ended:
        answer: dict[str, Any] = ended.value
        return answer


def share(rounds: int = 15) -> float:
    """The runner's records a second as a share of the bare loop's, which take turns."""
    model = read_package(CYLINDER.read_bytes())[-1].model
    with Hybrid.LocalRunner(CYLINDER, instances=1) as runner:
        caller, body = Caller(runner.app.catalog, 'my-tenant'), {'service': 'shapes/cylinder', 'inputs': RECORDS}
        loop, best = bare(model), [float('inf'), float('inf')]
        for _ in range(rounds):
            for index, action in enumerate((loop, lambda: perform(execute_many(caller, body)))):
                started = time.perf_counter()
                action()
                best[index] = min(best[index], time.perf_counter() - started)
    return best[0] / best[1]


if __name__ == '__main__':
    print(share(), flush=True)
