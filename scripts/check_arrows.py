"""Check that imports run one way: generated, values, flows, http, drivers, faces, and the annex beside them.

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
    'values': {'values'},
    'flows': {'generated', 'values', 'flows'},
    'http': {'values', 'flows', 'http'},
    'drivers': {'generated', 'values', 'flows', 'http', 'drivers'},
    'faces': {'generated', 'values', 'flows', 'drivers', 'faces'},
    'annex': {'generated', 'values', 'annex'},
    'init': {'values', 'faces'},
    'main': {'values', 'annex'},
}
"""What each room may import. What is imported within a function is imported on demand, and MAY_IMPORT_LATE adds it."""

MAY_IMPORT_LATE: dict[str, set[str]] = {
    'faces': {'drivers'},
    'annex': {'faces'},
    'init': {'annex', 'faces'},
    'main': {'annex', 'faces'},
}
FACES = {'_client', '_async_client', 'many'}
WAITING = {'asyncio', 'anyio', 'threading', 'concurrent'}
MAY_WAIT = {'http', 'drivers', 'annex', 'main'}
MAY_SPELL = {'uri.py'}
"""`Uri.of` and `Uri.partial` build addresses for callers who built them with the published client."""


def room(path: Path) -> str:
    """The room that a file belongs to."""
    if path.is_relative_to(GENERATED):
        return 'generated'
    first = path.relative_to(SOURCE).parts[0]
    name = first.removesuffix('.py')
    folders = {'_flows': 'flows', '_http': 'http', '_drivers': 'drivers', 'local': 'annex'}
    folders |= {'__init__': 'init', '__main__': 'main'}
    return folders.get(name) or ('faces' if name in FACES else 'values')


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
    parts = module.split('.')
    if parts[0] == 'hybrid_runner_api':
        return 'generated'
    if parts[:2] != ['cspark', 'wasm']:
        return None
    if len(parts) < 3:
        return 'init'
    is_module = (SOURCE / parts[2]).is_dir() or (SOURCE / f'{parts[2]}.py').exists()
    return room(SOURCE / (parts[2] if (SOURCE / parts[2]).is_dir() else f'{parts[2]}.py')) if is_module else 'init'


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
    if here in ('values', 'flows', 'http', 'drivers', 'faces') and path.name not in MAY_SPELL:
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
