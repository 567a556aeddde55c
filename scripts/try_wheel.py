"""Install the built wheel in an empty environment and use it there, with nothing of the source tree in reach.

Run it as `python scripts/try_wheel.py`, after `python -m build`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / 'samples' / 'packages' / 'cylinder.zip'

CORE = """
import sys
import cspark.wasm as Hybrid
import hybrid_runner_api
assert 'py_mini_racer' not in sys.modules
for module in (Hybrid, hybrid_runner_api):
    assert 'site-packages' in module.__file__, module.__file__
hybrid = Hybrid.Client(base_url='http://localhost:3000', tenant='my-tenant', token='open')
assert hybrid.config.base_url.full == 'http://localhost:3000/my-tenant'
try:
    Hybrid.LocalRunner
except ModuleNotFoundError as error:
    assert 'pip install "cspark-wasm[local]"' in str(error), error
else:
    raise SystemExit('the extra is not asked for')
"""

LOCAL = f"""
import cspark.wasm as Hybrid
with Hybrid.LocalRunner({str(PACKAGE)!r}) as runner, runner.client() as hybrid, runner.serve() as server:
    answer = hybrid.services.execute('shapes/cylinder', inputs={{'height': 10, 'radius': 2}})
    assert round(answer.data['outputs'][0]['volume'], 3) == 125.664
    assert Hybrid.Client.health_check(server.url).data == {{'msg': 'ok'}}
print('the wheel computes', answer.data['outputs'])
"""


def main() -> int:
    (wheel,) = (ROOT / 'dist').glob('*.whl')
    (sdist,) = (ROOT / 'dist').glob('*.tar.gz')
    names = set(zipfile.ZipFile(wheel).namelist())
    needed = {'cspark/wasm/py.typed', 'hybrid_runner_api/py.typed', 'cspark/wasm/local/engine/engine.js'}
    if needed - names or 'cspark/__init__.py' in names:
        print(f'{wheel.name} lacks {needed - names}, or it owns the namespace package cspark', file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder, 'environment')
        venv.create(environment, with_pip=True)
        python = environment / ('Scripts' if sys.platform == 'win32' else 'bin') / 'python'
        install: list[str | Path] = [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
        install += ['--constraint', ROOT / 'constraints.txt']
        subprocess.run([*install, wheel], check=True, cwd=folder)
        subprocess.run([python, '-I', '-c', CORE], check=True, cwd=folder)
        subprocess.run([*install, f'{wheel}[local]'], check=True, cwd=folder)
        subprocess.run([python, '-I', '-c', LOCAL], check=True, cwd=folder)
        subprocess.run([python, '-I', '-m', 'cspark.wasm', '--version'], check=True, cwd=folder)
    print(f'{wheel.name} and {sdist.name} are good')
    return 0


if __name__ == '__main__':
    sys.exit(main())
