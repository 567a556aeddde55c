"""What a notebook's cell and a prompt show of answers, results and errors: tables that stay short."""

# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Values may have any type at all.
from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ._codec.json import encode_json, is_array, is_object

if TYPE_CHECKING:
    from .errors import SparkError
    from .records import RecordResult

__all__ = ['Table', 'count_records', 'messages', 'spell', 'table_of_data', 'table_of_error', 'table_of_results']

ROWS: Final = 10
COLUMNS: Final = 12
WIDTH: Final = 100
"""How many rows, columns, and characters a cell are shown."""


class Table:
    """A short table.

    Args:
        title: What stands above it.
        header: The names of the columns.
        rows: The first rows.
        more: How many rows follow that are not shown.
    """

    def __init__(self, title: str, header: Sequence[str], rows: Iterable[Sequence[Any]], more: int = 0) -> None:
        hidden = len(header) - COLUMNS
        self.title = _shorten(title, 400)
        self.header = [_shorten(name) for name in header[:COLUMNS]]
        self.rows = [[spell(cell) for cell in row[:COLUMNS]] for row in rows]
        self.notes = [f'and {more:,} more'] if more > 0 else []
        if hidden > 0:
            self.notes.append(f'and {hidden:,} more columns')

    def html(self) -> str:
        """The table as HTML; what it holds is text there, and never markup."""
        parts = [f'<p>{html.escape(self.title)}</p>']
        if self.rows:
            header = ''.join(f'<th>{html.escape(name)}</th>' for name in self.header)
            rows = ''.join(f'<tr>{"".join(f"<td>{html.escape(cell)}</td>" for cell in row)}</tr>' for row in self.rows)
            parts.append(f'<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>')
        parts += [f'<p>{html.escape(note)}</p>' for note in self.notes]
        return '<div>' + ''.join(parts) + '</div>'

    def text(self) -> str:
        """The table as text."""
        lines = [self.title]
        if self.rows:
            cells = [self.header, *self.rows]
            widths = [max(len(row[index]) for row in cells) for index in range(len(self.header))]
            lines += ['  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
        return '\n'.join(line.rstrip() for line in [*lines, *self.notes])


def _shorten(text: str, limit: int = WIDTH) -> str:
    text = ' '.join(text.split())
    return text if len(text) <= limit else f'{text[: limit - 1]}…'


def spell(value: Any) -> str:
    """A cell: text as it is, anything else as JSON, and of long values their start."""
    if value is None:
        return ''
    if isinstance(value, str):
        return _shorten(value[: 4 * WIDTH])
    if isinstance(value, (list, tuple)):
        items: Sequence[Any] = value
        start = _shorten(encode_json(items[:5]).decode(), WIDTH - 14)
        return start if len(items) <= 5 else f'{start} ({len(items):,} items)'
    return _shorten(encode_json(value).decode()[: 4 * WIDTH])


def messages(entries: Any) -> str | None:
    """What warnings or errors say, in a line."""
    if not is_array(entries) or not entries:
        return None if not entries else spell(entries)
    words = [str(one.get('message') or spell(one)) if is_object(one) else spell(one) for one in entries[:3]]
    return '; '.join(words) + (f' (and {len(entries) - 3} more)' if len(entries) > 3 else '')


def count_records(count: int) -> str:
    """Say how many records there are: `no records`, `1 record`, `1,000 records`."""
    if count == 1:
        return '1 record'
    return f'{count:,} records' if count else 'no records'


def table_of_results(
    results: Sequence[RecordResult], count: int, version: str | None, call_id: str | None, state: str = ''
) -> Table:
    """The first results, with their warnings and errors beside the outputs."""
    records = count_records(count)
    told = [f'{name} {value}' for name, value in (('version', version), ('call', call_id)) if value]
    rows = [one.row for one in results[:ROWS]]
    names = list(dict.fromkeys(name for row in rows for name in row if name not in ('warnings', 'errors')))
    kept = names[: COLUMNS - 2]
    cells = [
        [*(row.get(name) for name in kept), messages(row.get('warnings')), messages(row.get('errors'))] for row in rows
    ]
    table = Table(', '.join([f'{records}{state}', *told]), [*kept, 'warnings', 'errors'], cells, count - len(rows))
    if len(names) > len(kept):
        table.notes.append(f'and {len(names) - len(kept):,} more columns')
    return table


def table_of_data(status: int, data: Any) -> Table:
    """An answer of a runner: its models, what a service accepts, or the members that it has."""
    if is_object(data) and is_array(data.get('models')):
        return _table_of_models(data)
    if is_object(data) and is_object(data.get('response_data')):
        return _table_of_envelope(data)
    members = list(data.items()) if is_object(data) else []
    return Table(f'status {status}', ['name', 'value'], members[:ROWS], len(members) - ROWS)


def _table_of_models(state: Mapping[str, Any]) -> Table:
    columns = {
        'completed': 'completed_count',
        'mean ms': 'mean_time_ms',
        'busy': 'busy',
        'instances': 'size',
        'MB': 'memory_usage_mb',
    }
    rows = list[list[Any]]()
    for tenant in state['models']:
        models = tenant.get('model_stats') if is_object(tenant) else None
        for model in models if is_array(models) else ():
            if is_object(model):
                found = [model.get(name) for name in columns.values()]
                rows.append([tenant.get('tenant'), model.get('id'), *found])
    memory = [f'{state.get(name)} MB' for name in ('memory_usage_mb', 'memory_limit_mb') if state.get(name) is not None]
    title = f'{len(rows)} models, memory {" of ".join(memory)}' if memory else f'{len(rows)} models'
    return Table(title, ['tenant', 'id', *columns], rows[: 5 * ROWS], len(rows) - 5 * ROWS)


def _table_of_envelope(data: Mapping[str, Any]) -> Table:
    inner, meta = data['response_data'], data.get('response_meta')
    outputs = inner.get('outputs')
    rows = list(outputs.items())[: 5 * ROWS] if is_object(outputs) else []
    meta = meta if is_object(meta) else {}
    told = [f'{name} {meta[key]}' for name, key in (('version', 'version'), ('call', 'call_id')) if meta.get(key)]
    told += [words for name in ('warnings', 'errors') if (words := messages(inner.get(name)))]
    total = len(outputs) if is_object(outputs) else 0
    return Table(', '.join([f'{total} names', *told]), ['name', 'value'], rows, total - len(rows))


def table_of_error(error: SparkError) -> Table:
    """An error with what is known of its call, and of the records that failed."""
    known = {
        'request_id': error.request_id,
        'attempts': error.attempts or None,
        'details': error.details,
    }
    rows: list[list[Any]] = [[name, value] for name, value in known.items() if value]
    failed: Any = getattr(error, 'records', None)
    if is_object(failed) or isinstance(failed, dict):
        rows += [[f'record {index}', messages(errors)] for index, errors in list(failed.items())[:ROWS]]
    return Table(f'{error.name}: {error.message}', ['', ''], rows)
