"""Draw the rooms of `src` and the imports between them, for docs/architecture.md.

Run it as `python scripts/draw_rooms.py`; with `--check` it writes nothing and fails if docs/rooms.svg is out of date.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from typing import Final
from xml.sax.saxutils import escape

import check_arrows

PICTURE: Final = check_arrows.ROOT / 'docs' / 'rooms.svg'
ROWS: Final = (
    ('main', 'init'),
    ('command', 'plugin'),
    ('types', 'testing'),
    ('batches', 'annex'),
    ('faces', 'upstream'),
    ('telemetry', 'page'),
    ('many', 'server'),
    ('perform', 'operations'),
    ('http', 'engine'),
    ('calls', 'packages'),
    ('codec', 'settings'),
    ('values', 'ground'),
    ('generated',),
)
"""The rooms from the top down: the client's on the left, the local runner's on the right."""

FOLDER_OF: Final = {room: f'{folder}/' for folder, room in check_arrows.FOLDERS.items()} | {
    'annex': 'local/runner.py',
    'faces': '_client.py, _async_client.py',
    'generated': 'generated/hybrid_runner_api/',
    'ground': 'local/errors.py, ids.py, logger.py',
    'init': '__init__.py',
    'main': '__main__.py',
    'plugin': 'pytest_plugin.py',
    'telemetry': 'telemetry.py',
    'settings': 'local/settings.py',
    'upstream': 'local/upstream.py',
    'values': 'config.py, errors.py, uri.py, results.py, ...',
}
WIDTH, HEIGHT, GAP, LEFT = 320, 46, 34, 120


def imports_between_rooms() -> dict[str, dict[str, bool]]:
    """For each room, the rooms that it imports, and whether each is only imported on demand."""
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for path in sorted([*check_arrows.SOURCE.rglob('*.py'), *check_arrows.GENERATED.rglob('*.py')]):
        here = check_arrows.room(path)
        for node, late in check_arrows.imports(ast.parse(path.read_text(encoding='utf-8'))):
            for module in check_arrows.targets(path, node):
                there = check_arrows.target_room(module)
                if there is not None and there != here:
                    found[here][there] = found[here].get(there, True) and late
    return found


def draw() -> str:
    """The picture as SVG. It depends on the imports alone, so that the same code gives the same bytes."""
    place = {
        room: (LEFT + column * (WIDTH + 150), 20 + row * (HEIGHT + GAP))
        for row, rooms in enumerate(ROWS)
        for column, room in enumerate(rooms)
    }
    height = 40 + len(ROWS) * (HEIGHT + GAP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH + 150 + 2 * LEFT} {height}" '
        'font-family="sans-serif" font-size="13">',
        '<title>The rooms of the source and the imports between them</title>',
        '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#777"/></marker></defs>',
        f'<rect width="100%" height="{height}" fill="#fff"/>',
    ]
    for here, rooms in sorted(imports_between_rooms().items()):
        lines += [arrow(place[here], place[there], late=late) for there, late in sorted(rooms.items())]
    for room, (x, y) in place.items():
        lines.append(f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#f4f6fa" stroke="#446"/>')
        lines.append(f'<text x="{x + 12}" y="{y + 19}" font-weight="bold">{room}</text>')
        lines.append(f'<text x="{x + 12}" y="{y + 37}" fill="#555">{escape(FOLDER_OF[room])}</text>')
    return '\n'.join([*lines, '</svg>', ''])


def arrow(start: tuple[int, int], end: tuple[int, int], *, late: bool) -> str:
    """An arrow between two boxes. One to a room further down in the same column bends around those between."""
    dashes = ' stroke-dasharray="4 4"' if late else ''
    (x1, y1), (x2, y2) = start, end
    style = f'fill="none" stroke="#777"{dashes} marker-end="url(#end)"'
    if x1 == x2:
        outer = x1 if x1 == LEFT else x1 + WIDTH
        bend = (20 + abs(y2 - y1) // 8) * (-1 if x1 == LEFT else 1)
        if abs(y2 - y1) == HEIGHT + GAP:
            middle = x1 + WIDTH // 2
            return f'<path d="M{middle} {y1 + HEIGHT}L{middle} {y2}" {style}/>'
        start_y, end_y = y1 + HEIGHT // 2, y2 + HEIGHT // 2
        return f'<path d="M{outer} {start_y}C{outer + bend} {start_y} {outer + bend} {end_y} {outer} {end_y}" {style}/>'
    from_x, to_x = (x1 + WIDTH, x2) if x1 < x2 else (x1, x2 + WIDTH)
    return f'<path d="M{from_x} {y1 + HEIGHT // 2}L{to_x} {y2 + HEIGHT // 2}" {style}/>'


def main(arguments: list[str]) -> int:
    picture = draw()
    if '--check' in arguments:
        if PICTURE.read_text(encoding='utf-8') == picture:
            return 0
        print('docs/rooms.svg does not show the imports as they are; run `make rooms`', file=sys.stderr)
        return 1
    PICTURE.write_text(picture, encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
