"""The local runner executes real packages in V8, in worker processes that it starts itself. It needs the extra `local`.

    pip install "cspark-wasm[local]"

>>> from cspark.wasm.local import LocalRunner
>>> with LocalRunner('samples/packages/cylinder.zip') as runner, runner.client() as hybrid:
...     answer = hybrid.services.execute('shapes/cylinder', inputs={'height': 10, 'radius': 2, 'density': 1})
>>> round(answer.data['outputs'][0]['volume'], 3)
125.664
"""

from __future__ import annotations

try:
    from .errors import PackageError
    from .http.server import Server
    from .runner import LocalRunner
except ModuleNotFoundError as error:
    if error.name is not None and error.name.startswith(('cspark', 'hybrid_runner_api')):
        raise
    raise ModuleNotFoundError(
        f'the local runner needs {error.name!r}, which is not installed: pip install "cspark-wasm[local]"',
        name=error.name,
    ) from error

__all__ = ['LocalRunner', 'PackageError', 'Server']
