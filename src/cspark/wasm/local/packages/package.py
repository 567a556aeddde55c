"""Read a package into the versions of services that it contains, and check them.

A package is the zip file that the platform exports in `onpremises` mode
(https://docs.coherent.global/spark-apis/impex-apis/export). A compiled model alone, as the platform's file manager
delivers it, is accepted too: `bare_model.py` makes up the missing names and description.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import PurePosixPath
from types import NoneType
from typing import Any

from dateutil.parser import isoparse

from ..._codec.json import is_array, is_object
from ..errors import PackageError
from .archive import Archive, Limits
from .bare_model import Names, Naming, describe_version, make_id
from .compiled_model import CompiledModel, is_model, read_model, read_validations
from .input_names import InputNames

__all__ = ['ServiceVersion', 'read_package']

DESCRIPTION = 'ModelMetaData.json'
NAMES = ('ProductName', 'ServiceName', 'Revision')
MOST_VERSIONS = 200
"""The largest number of versions in a package, because each is loaded in an instance before the package is served."""
ALWAYS = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
TEXTS = ('EffectiveStartDate', 'EffectiveEndDate', 'VersionId')
ENGINE_TEXTS = (
    *(*NAMES, 'ServiceGuid', 'ServiceVersionGuid', 'Tenant', 'Author', 'Description'),
    *('OriginalFileName', 'ReleaseDate', 'CompilerVersion', 'DefaultEngineType'),
)


@dataclass(frozen=True, eq=False)
class ServiceVersion:
    """One version of a service in a package."""

    names: Names
    effective_from: datetime
    effective_until: datetime
    description: Mapping[str, Any]
    validations: Mapping[str, Any]
    model: CompiledModel

    @property
    def tenant(self) -> str:
        """The tenant that owns the service."""
        return self.names.tenant

    @property
    def folder(self) -> str:
        """The folder of the service."""
        return self.names.folder

    @property
    def service(self) -> str:
        """The name of the service."""
        return self.names.service

    @property
    def version(self) -> str:
        """The version, such as `1.2.3`."""
        return self.names.version

    @property
    def service_id(self) -> str:
        """The service's id."""
        return self.names.service_id

    @property
    def version_id(self) -> str:
        """The version's id."""
        return self.names.version_id

    @property
    def uri(self) -> str:
        """`folder/service[version]`."""
        return f'{self.folder}/{self.service}[{self.version}]'

    @cached_property
    def input_names(self) -> InputNames:
        """The names of the inputs, as far as the package lists them."""
        table: list[Mapping[str, Any]] = self.description.get('XInputTable') or []
        validated: Any = self.validations.get('outputs')
        names = [row.get('Input Name') for row in table] + list(validated if is_object(validated) else ())
        return InputNames((name for name in names if isinstance(name, str)), self.model.compiler_version)


def read_package(
    content: bytes, name: str = 'package.zip', limits: Limits | None = None, naming: Naming | None = None
) -> list[ServiceVersion]:
    """Read all versions of services in a package.

    Args:
        content: The zip file: an export in `onpremises` mode, or a compiled model alone.
        name: The name of the package in error messages.
        limits: The limits of its contents.
        naming: The tenant, folder and service of a compiled model alone.

    Raises:
        PackageError: Something is missing, broken or not to be trusted; the message names the file and the problem.
    """
    archive = Archive(content, name, limits)
    folders = {PurePosixPath(path).parent for path in archive if _is_of_version(PurePosixPath(path))}
    if len(folders) > MOST_VERSIONS:
        raise PackageError(f'{name} holds {len(folders)} versions; at most {MOST_VERSIONS} are accepted')
    if folders:
        return [_read_version(archive, folder) for folder in sorted(folders)]
    if is_model(archive):
        return [_read_bare_model(archive, naming or Naming())]
    raise PackageError(
        f'{name} holds no TENANT/FOLDER/SERVICE/VERSION/VERSION_ID.zip and no compiled model (NAME.js and NAME.wasm); '
        f'is it an export in onpremises mode?'
    )


def _is_of_version(path: PurePosixPath) -> bool:
    """Whether a file marks its folder as that of a version: a description at any depth, or a zip file at depth five."""
    return path.name == DESCRIPTION or (len(path.parts) == 5 and path.suffix == '.zip')


def _read_version(archive: Archive, folder: PurePosixPath) -> ServiceVersion:
    path = str(folder / DESCRIPTION)
    if len(folder.parts) != 4:
        raise PackageError(f'{archive.name}: {path!r} is not at TENANT/FOLDER/SERVICE/VERSION/{DESCRIPTION}')
    models = [p for p in archive if PurePosixPath(p).parent == folder and p.endswith('.zip')]
    if len(models) != 1:
        raise PackageError(
            f'{archive.name}: {str(folder)!r} holds {len(models)} compiled models (VERSION_ID.zip); one is expected'
        )
    inner = archive.inner(models[0])
    model = read_model(inner)
    validations = _read_validations(archive, inner, folder)
    description = archive.json(path) if path in archive else None
    engine = _checked_description(archive.name, path, description or {})
    tenant, *placed = folder.parts
    named = [_text(engine.get(key)) or part for key, part in zip(NAMES, placed, strict=True)]
    entry = _manifest_entry(archive, tenant, named)
    service_id = _text(engine.get('ServiceGuid')) or _text(entry.get('service_id_source'))
    if description is not None and not service_id:
        raise PackageError(f'{archive.name}: {path!r} has no ServiceGuid, and the manifest no service_id_source')
    version_id = _text((description or {}).get('VersionId')) or _text(engine.get('ServiceVersionGuid'))
    version_id = version_id or _text(entry.get('version_id_source')) or PurePosixPath(models[0]).stem
    folder_name, service, version = named
    service_id = service_id or make_id(tenant, folder_name, service)
    names = Names(tenant, folder_name, service, version, service_id, version_id)
    if description is None:
        description = describe_version(names, model, validations)
    return ServiceVersion(
        names,
        effective_from=_moment(archive, path, description.get('EffectiveStartDate'), ALWAYS[0]),
        effective_until=_moment(archive, path, description.get('EffectiveEndDate'), ALWAYS[1]),
        description=description,
        validations=validations,
        model=model,
    )


def _read_bare_model(archive: Archive, naming: Naming) -> ServiceVersion:
    model = read_model(archive)
    names = naming.names(archive.name, model)
    validations = read_validations(archive) or _no_validations()
    description = describe_version(names, model, validations)
    return ServiceVersion(names, *ALWAYS, description, validations, model)


def _checked_description(name: str, path: str, description: dict[str, Any]) -> dict[str, Any]:
    """Return `EngineInformation` of a description, and check the types that the answer to an upload relies on."""
    engine: Any = description.get('EngineInformation') or {}
    if not is_object(engine):
        raise PackageError(f'{name}: {path!r} needs an object at EngineInformation')
    for holder, keys in ((description, TEXTS), (engine, ENGINE_TEXTS)):
        for key in keys:
            if not isinstance(holder.get(key), (str, NoneType)):
                raise PackageError(f'{name}: {path!r} needs text at {key}, not {type(holder[key]).__name__}')
    for key in ('XInputTable', 'XOutputTable'):
        table: Any = description.get(key) or []
        if not is_array(table) or not all(is_object(row) for row in table):
            raise PackageError(f'{name}: {path!r} needs a list of objects at {key}')
    return engine


def _manifest_entry(archive: Archive, tenant: str, names: list[str]) -> dict[str, Any]:
    """Return the manifest's entry of one version, or an empty one if no manifest lists the version."""
    path = f'{tenant}/manifest.json'
    if path not in archive:
        return {}
    outputs = archive.json(path).get('outputs')
    entries = outputs.get('service_versions') if is_object(outputs) else None
    if not is_array(entries):
        raise PackageError(f'{archive.name}: {path!r} has no list at outputs.service_versions')
    for entry in entries:
        keys = ('folder_source', 'service_source', 'version_source')
        if is_object(entry) and [entry.get(key) for key in keys] == names:
            return entry
    return {}


def _read_validations(archive: Archive, inner: Archive, folder: PurePosixPath) -> dict[str, Any]:
    path = str(folder / 'DefaultValidations.json')
    found = archive.json(path) if path in archive else read_validations(inner)
    return found if found is not None else _no_validations()


def _no_validations() -> dict[str, Any]:
    return {'outputs': None, 'warnings': None, 'errors': None, 'service_chain': None}


def _moment(archive: Archive, path: str, value: object, default: datetime) -> datetime:
    if not value:
        return default
    try:
        moment = isoparse(str(value))
    except (ValueError, OverflowError) as error:
        raise PackageError(f'{archive.name}: {path!r} has the date {value!r}, which is not ISO 8601') from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ''
