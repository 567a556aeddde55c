"""What the page shows of the services that are loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._codec.json import is_array, is_object
from ..operations.catalog import Catalog, Served

__all__ = ['describe_services']

Json = dict[str, Any]


def describe_services(catalog: Catalog, *, uploads: bool) -> Json:
    """All services with their versions, newest first, as their packages describe them."""
    return {'uploads': uploads, 'services': list(_services(catalog))}


def _services(catalog: Catalog) -> Iterator[Json]:
    for tenant, served in catalog.tenants.items():
        for one in sorted(served, key=lambda one: (one.version.folder, one.version.service, one.order)):
            yield {'tenant': tenant, **_describe(one)}


def _describe(served: Served) -> Json:
    version = served.version
    given: Any = version.description.get('EngineInformation')
    engine: Json = given if is_object(given) else {}
    return {
        'folder': version.folder,
        'service': version.service,
        'version': version.version,
        'uri': version.uri,
        'service_id': version.service_id,
        'version_id': version.version_id,
        'description': engine.get('Description'),
        'author': engine.get('Author'),
        'released': engine.get('ReleaseDate'),
        'from': version.effective_from.isoformat(),
        'until': version.effective_until.isoformat(),
        'inputs': _cells(version.description, 'XInputTable', 'Input Name'),
        'outputs': _cells(version.description, 'XOutputTable', 'Output Name'),
    }


def _cells(description: Mapping[str, Any], table: str, key: str) -> list[Json]:
    rows: Any = description.get(table)
    return [
        {'name': row[key], 'description': row.get('Description'), 'address': row.get('Address')}
        for row in (rows if is_array(rows) else ())
        if is_object(row) and isinstance(row.get(key), str)
    ]
