"""Tools for testing programs that call a runner: services made from Python functions, without a package.

>>> import cspark.wasm as Hybrid
>>> from cspark.wasm.testing import StubRunner
>>> with StubRunner() as runner:
...     stub = runner.add('insurance/term-life', lambda inputs: {'premium': inputs['sum_assured'] / 100})
...     with Hybrid.Client(base_url=runner.url, tenant='my-tenant', token='open') as hybrid:
...         hybrid.services.execute('insurance/term-life', inputs={'sum_assured': 5000}).output
{'premium': 50.0}
>>> stub.records
[{'sum_assured': 5000}]
"""

from __future__ import annotations

from .stub import Call, Stub
from .stub_runner import StubRunner

__all__ = ['Call', 'Stub', 'StubRunner']
