"""Check that imports run one way: from the faces down to the values, with the local runner beside them.

Run it as `python scripts/check_arrows.py`. docs/architecture.md says why.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / 'src' / 'cspark' / 'wasm'
GENERATED = ROOT / 'generated' / 'hybrid_runner_api'

MAY_IMPORT: dict[str, set[str]] = {
    'generated': set(),
    'values': {'codec', 'values'},
    'codec': set(),
    'calls': {'generated', 'codec', 'values'},
    'http': {'calls', 'codec', 'values'},
    'perform': {'generated', 'http', 'calls', 'codec', 'values'},
    'many': {'perform', 'calls', 'codec', 'values'},
    'faces': {'telemetry', 'generated', 'many', 'perform', 'calls', 'values'},
    'ground': {'values'},
    'packages': {'ground', 'codec', 'values'},
    'engine': {'packages', 'ground', 'codec', 'values'},
    'settings': {'packages', 'values'},
    'operations': {'generated', 'settings', 'engine', 'packages', 'ground', 'codec', 'values'},
    'server': {'generated', 'operations', 'settings', 'engine', 'packages', 'ground', 'codec', 'values'},
    'page': {'server', 'operations', 'settings', 'ground', 'codec', 'values'},
    'upstream': {'perform', 'calls', 'values'},
    'annex': {'upstream', 'page', 'server', 'settings', 'ground', 'values'},
    'init': {'values'},
    'types': {'codec', 'values'},
    'testing': {'codec', 'values'},
    'plugin': set(),
    'telemetry': {'calls', 'values'},
    'command': {'types', 'codec', 'values'},
    'main': {'command'},
    'batches': {'many', 'perform', 'calls', 'codec', 'values'},
}
"""What each room may import beside itself. MAY_IMPORT_LATE adds what is imported on demand, within a function."""

MAY_IMPORT_LATE: dict[str, set[str]] = {
    'annex': {'faces'},
    'page': {'faces', 'many'},
    'init': {'annex', 'batches', 'faces', 'many'},
    'types': {'faces'},
    'batches': {'annex', 'packages'},
    'plugin': {'annex', 'faces', 'testing'},
    'command': {'annex', 'server', 'faces', 'many'},
}
FOLDERS = {
    'batches': 'batches',
    'cli': 'command',
    'service_types': 'types',
    'testing': 'testing',
    '_calls': 'calls',
    '_codec': 'codec',
    '_http': 'http',
    '_many': 'many',
    '_perform': 'perform',
    'local/engine': 'engine',
    'local/http': 'server',
    'local/operations': 'operations',
    'local/packages': 'packages',
    'local/ui': 'page',
}
FILES = {
    '__init__.py': 'init',
    '__main__.py': 'main',
    '_async_client.py': 'faces',
    '_client.py': 'faces',
    'pytest_plugin.py': 'plugin',
    'telemetry.py': 'telemetry',
}
LOCAL_FILES = {'__init__.py': 'annex', 'runner.py': 'annex', 'settings.py': 'settings', 'upstream.py': 'upstream'}
LOCAL = {'annex', 'page', 'engine', 'ground', 'operations', 'packages', 'server', 'settings', 'upstream'}
WAITING = {'asyncio', 'anyio', 'threading', 'concurrent'}
MAY_WAIT = {
    'http',
    'perform',
    'many',
    'packages',
    'engine',
    'operations',
    'server',
    'page',
    'annex',
    'main',
    'command',
    'testing',
    'plugin',
    'batches',
}
MAY_SPELL = {'uri.py', 'stub_runner.py'}
"""A stub runner is a server, which reads paths. `Uri.of` and `Uri.partial` build addresses for callers who built them
with the published client."""


def room(path: Path) -> str:
    """The room that a file belongs to: that of its folder, or its own where it stands beside the folders."""
    if path.is_relative_to(GENERATED):
        return 'generated'
    inside = path.relative_to(SOURCE)
    if inside.parent == Path():
        return FILES.get(inside.name, 'values')
    folder = inside.parent.as_posix()
    return LOCAL_FILES.get(inside.name, 'ground') if folder == 'local' else FOLDERS[folder]


def imports(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """The imports of a module, and whether each is within a function or for type checkers alone."""

    def walk(node: ast.AST, late: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.Import, ast.ImportFrom)):
                yield child, late
            typing = isinstance(child, ast.If) and ast.unparse(child.test) == 'TYPE_CHECKING'
            yield from walk(child, late or typing or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)))

    return walk(tree, late=False)


def targets(path: Path, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The modules that an import names, absolute."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ''
    if node.level:
        root = GENERATED.parent if path.is_relative_to(GENERATED) else SOURCE.parent.parent
        package = path.relative_to(root).parts[: -node.level]
        base = '.'.join([*package, *filter(None, [node.module])])
    yield from (f'{base}.{alias.name}' for alias in node.names)


def target_room(module: str) -> str | None:
    """The room of an imported module; None for what is not ours."""
    first, *parts = module.split('.')
    if first == 'hybrid_runner_api':
        return 'generated'
    if first != 'cspark' or parts[:1] != ['wasm']:
        return None
    for length in range(len(parts), 1, -1):  # what follows a module's name is a name within it
        path = SOURCE.joinpath(*parts[1:length])
        if path.with_suffix('.py').exists():
            return room(path.with_suffix('.py'))
        if path.is_dir():
            return room(path / '__init__.py')
    return 'init'


def problems(path: Path) -> Iterator[str]:
    """What is wrong with the imports of a file."""
    here = room(path)
    tree = ast.parse(path.read_text())
    for node, late in imports(tree):
        allowed = MAY_IMPORT[here] | (MAY_IMPORT_LATE[here] if late and here in MAY_IMPORT_LATE else set[str]())
        for module in targets(path, node):
            there = target_room(module)
            if there is not None and there != here and there not in allowed:
                yield f'{path.relative_to(ROOT)}:{node.lineno}: {here} must not import {there} ({module})'
            if module.split('.')[0] in WAITING and here not in MAY_WAIT | {'generated'}:
                yield f'{path.relative_to(ROOT)}:{node.lineno}: {here} must not wait ({module})'
            if there == 'generated' and here != 'generated' and any(p.startswith('_') for p in module.split('.')):
                yield f'{path.relative_to(ROOT)}:{node.lineno}: {module} is private to the generated client'
    if here not in LOCAL | {'generated'} and path.name not in MAY_SPELL:
        yield from (f'{path.relative_to(ROOT)}:{line}: a path of the API is spelled here' for line in spelled(tree))


def spelled(tree: ast.Module) -> Iterator[int]:
    """The lines of string literals that hold a path of the API; documentation may name one."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and 'api/v' in str(node.value) and id(node) not in said:
            yield node.lineno


def main() -> int:
    files = sorted([*SOURCE.rglob('*.py'), *GENERATED.rglob('*.py')])
    found = [problem for path in files for problem in problems(path)]
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
