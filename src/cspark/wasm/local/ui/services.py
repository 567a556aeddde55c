"""What the page shows of the services that are loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..._codec.json import is_array, is_object
from ...errors import SparkSdkError
from ...uri import Uri, UriParams
from ..errors import RefusedError
from ..operations.catalog import Catalog, Served
from ..operations.passing_on import Passage

__all__ = ['describe_services', 'input_names']

Json = dict[str, Any]


def describe_services(catalog: Catalog, behind: Passage | None = None, *, uploads: bool) -> Json:
    """All services with their versions, newest first, as their packages describe them; then those of the runner behind
    this one, as its status tells them."""
    here = list(_services(catalog))
    there = _services_behind(behind, {one['version_id'] for one in here}) if behind is not None else ()
    return {'uploads': uploads, 'services': [*here, *there]}


def input_names(catalog: Catalog, tenant: str, uri: str) -> list[str]:
    """The names of the inputs of a service; none if there is no such service."""
    try:
        version = catalog.find(tenant, Uri.decode(uri)).version
    except (RefusedError, SparkSdkError):
        return []
    rules: Any = version.validations.get('outputs')
    return [*(cell['name'] for cell in _cells(version.description, 'XInputTable', 'Input Name')), *(rules or ())]


def _services(catalog: Catalog) -> Iterator[Json]:
    for tenant, served in catalog.tenants.items():
        newest_first = sorted(served, key=lambda one: one.order, reverse=True)
        for one in sorted(newest_first, key=lambda one: (one.version.folder, one.version.service)):
            yield {'tenant': tenant, **_describe(one)}


def _services_behind(behind: Passage, here: Collection[str]) -> Iterator[Json]:
    status: Any = behind.status().get('status')
    tenants: Any = status.get('models') if is_object(status) else None
    for tenant in tenants if is_array(tenants) else ():
        name = tenant.get('tenant') if is_object(tenant) else None
        models: Any = tenant.get('model_stats') if is_object(tenant) else None
        if not isinstance(name, str) or behind.upstream.tenant not in ('', name) or not is_array(models):
            continue
        for model in models:
            if is_object(model) and isinstance(model.get('id'), str) and model['id'] not in here:
                yield {'tenant': name, **_describe_behind(model, behind.upstream.address)}


def _describe_behind(model: Json, address: str) -> Json:
    """Describe a service of the runner behind this one. The vendor's status has no names, only ids."""
    uri = model.get('service')
    named = Uri.decode(uri) if isinstance(uri, str) else UriParams()
    return {
        'folder': named.folder or 'version',
        'service': named.service or model['id'],
        'version': named.version or '',
        'uri': uri if named.service else f'version/{model["id"]}',
        'service_id': None,
        'version_id': model['id'],
        'description': f'on {address}',
        'author': None,
        'released': None,
        'from': None,
        'until': None,
        'inputs': [],
        'outputs': [],
    }


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
