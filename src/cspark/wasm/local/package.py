"""The package that a runner executes: read, checked and taken apart into versions of services.

It follows the zip that the platform exports in `onpremises` mode
(https://docs.coherent.global/spark-apis/impex-apis/export).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from types import NoneType
from typing import Any

from dateutil.parser import isoparse

from .._json import is_array, is_object
from .archive import Archive, Limits
from .errors import PackageError

__all__ = ['CompiledModel', 'ServiceVersion', 'read_package']

DESCRIPTION = 'ModelMetaData.json'
TEXTS = ('EffectiveStartDate', 'EffectiveEndDate', 'VersionId')
ENGINE_TEXTS = (
    *('ProductName', 'ServiceName', 'Revision', 'ServiceGuid', 'ServiceVersionGuid', 'Tenant', 'Author', 'Description'),
    *('OriginalFileName', 'ReleaseDate', 'CompilerVersion', 'DefaultEngineType'),
)


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """A compiled model: the script, the WASM and the files that the script asks for by name."""

    name: str
    script: str
    wasm: bytes
    files: Mapping[str, bytes]
    metadata: Mapping[str, Any]

    @property
    def engine_id(self) -> str:
        """What tells compiled models apart."""
        return hashlib.sha256(self.wasm).hexdigest()


@dataclass(frozen=True, eq=False)
class ServiceVersion:
    """One version of a service, as a package holds it."""

    tenant: str
    folder: str
    service: str
    version: str
    service_id: str
    version_id: str
    effective_from: datetime
    effective_until: datetime
    description: Mapping[str, Any]
    validations: Mapping[str, Any]
    model: CompiledModel

    @property
    def uri(self) -> str:
        """`folder/service[version]`."""
        return f'{self.folder}/{self.service}[{self.version}]'


def read_package(content: bytes, name: str = 'package.zip', limits: Limits | None = None) -> list[ServiceVersion]:
    """Take a package apart into its versions of services.

    Args:
        content: The zip.
        name: What to call it in errors.
        limits: How much it may hold.

    Raises:
        PackageError: Something is missing, broken or not to be trusted; the text says what is wrong with which file.
    """
    archive = Archive(content, name, limits)
    described = sorted(path for path in archive if PurePosixPath(path).name == DESCRIPTION)
    if not described:
        raise PackageError(
            f'{name} holds no TENANT/FOLDER/SERVICE/VERSION/{DESCRIPTION}; is it an export in onpremises mode?'
        )
    return [_read_version(archive, PurePosixPath(path)) for path in described]


def _read_version(archive: Archive, path: PurePosixPath) -> ServiceVersion:
    folder = path.parent
    if len(folder.parts) != 4:
        raise PackageError(f'{archive.name}: {str(path)!r} is not at TENANT/FOLDER/SERVICE/VERSION/{DESCRIPTION}')
    description = archive.json(str(path))
    engine = _checked_description(archive.name, str(path), description)
    tenant = folder.parts[0]
    names = [
        _text(engine.get(key)) or part
        for key, part in zip(('ProductName', 'ServiceName', 'Revision'), folder.parts[1:], strict=True)
    ]
    entry = _manifest_entry(archive, tenant, names)
    models = [p for p in archive if PurePosixPath(p).parent == folder and p.endswith('.zip')]
    if len(models) != 1:
        raise PackageError(
            f'{archive.name}: {str(folder)!r} holds {len(models)} compiled models (VERSION_ID.zip); one belongs there'
        )
    inner = archive.inner(models[0])
    version_id = _text(description.get('VersionId')) or _text(engine.get('ServiceVersionGuid'))
    service_id = _text(engine.get('ServiceGuid')) or _text(entry.get('service_id_source'))
    if not service_id:
        raise PackageError(f'{archive.name}: {str(path)!r} has no ServiceGuid, and the manifest no service_id_source')
    return ServiceVersion(
        tenant=tenant,
        folder=names[0],
        service=names[1],
        version=names[2],
        service_id=service_id,
        version_id=version_id or _text(entry.get('version_id_source')) or PurePosixPath(models[0]).stem,
        effective_from=_moment(archive, path, description.get('EffectiveStartDate'), datetime(1, 1, 1, tzinfo=UTC)),
        effective_until=_moment(archive, path, description.get('EffectiveEndDate'), datetime(9999, 12, 31, tzinfo=UTC)),
        description=description,
        validations=_validations(archive, inner, folder),
        model=_read_model(inner),
    )


def _checked_description(name: str, path: str, description: dict[str, Any]) -> dict[str, Any]:
    """The engine's part of a description, which the answer to an upload repeats and so must have the right types."""
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
    """What the manifest says of one version; nothing if it does not list it."""
    path = f'{tenant}/manifest.json'
    outputs = archive.json(path).get('outputs')
    entries = outputs.get('service_versions') if is_object(outputs) else None
    if not is_array(entries):
        raise PackageError(f'{archive.name}: {path!r} has no list at outputs.service_versions')
    for entry in entries:
        keys = ('folder_source', 'service_source', 'version_source')
        if is_object(entry) and [entry.get(key) for key in keys] == names:
            return entry
    return {}


def _read_model(archive: Archive) -> CompiledModel:
    _check_sums(archive)
    scripts = [path for path in archive if path.endswith('.js')]
    if len(scripts) != 1:
        raise PackageError(f'{archive.name} holds {len(scripts)} scripts (_NAME.js); one belongs there')
    stem = scripts[0].removesuffix('.js')
    if f'{stem}.wasm' not in archive:
        raise PackageError(f'{archive.name}: {stem + ".wasm"!r} is missing')
    wasm = archive[f'{stem}.wasm']
    if not wasm.startswith(b'\0asm'):
        raise PackageError(f'{archive.name}: {stem + ".wasm"!r} is not WASM')
    files = {PurePosixPath(path).name: archive[path] for path in archive if path.endswith('.data')}
    return CompiledModel(PurePosixPath(stem).name, archive.text(scripts[0]), wasm, files, _metadata(archive))


def _check_sums(archive: Archive) -> None:
    lines = archive.text('checksums.md5').splitlines()
    for line in filter(None, map(str.strip, lines)):
        wanted, _, name = line.partition(' ')
        name = name.strip().removeprefix('*').removeprefix('./')
        if name not in archive:
            raise PackageError(f'{archive.name}: {name!r} is missing; checksums.md5 lists it')
        found = hashlib.md5(archive[name], usedforsecurity=False).hexdigest()
        if found != wanted.lower():
            raise PackageError(f'{archive.name}: {name!r} has the checksum {found}, checksums.md5 says {wanted}')


def _metadata(archive: Archive) -> dict[str, Any]:
    """The metadata fields that need no computing, from `*_static.json`."""
    fields: dict[str, Any] = {}
    for path in archive:
        if not path.endswith('_static.json'):
            continue
        static = archive.json(path)
        outputs: Any = static.get('Outputs') or {}
        images: Any = static.get('ImageOutputs') or []
        if not is_object(outputs) or not is_array(images):
            raise PackageError(f'{archive.name}: {path!r} needs an object at Outputs and a list at ImageOutputs')
        fields.update(outputs)
        for image in images:
            if not is_object(image) or not {'ImageName', 'Base64Content'} <= image.keys():
                raise PackageError(f'{archive.name}: {path!r} has an image without ImageName or Base64Content')
            content = str(image['Base64Content'])
            prefix = '' if content.startswith('data:') else f'data:{_image_type(content)};base64,'
            fields[str(image['ImageName'])] = prefix + content
    return fields


def _image_type(content: str) -> str:
    """By the first bytes, which Base64 turns into these letters."""
    starts = {'/9j/': 'image/jpeg', 'R0lG': 'image/gif', 'PHN2': 'image/svg+xml', 'PD94': 'image/svg+xml'}
    return starts.get(content[:4], 'image/png')


def _validations(archive: Archive, inner: Archive, folder: PurePosixPath) -> dict[str, Any]:
    path = str(folder / 'DefaultValidations.json')
    holder: Archive = archive
    if path not in archive:
        beside = [name for name in inner if name.endswith('DefaultValidations.json')]
        if beside:
            holder, path = inner, beside[0]
    return holder.json(path)


def _moment(archive: Archive, path: PurePosixPath, value: object, default: datetime) -> datetime:
    if not value:
        return default
    try:
        moment = isoparse(str(value))
    except (ValueError, OverflowError) as error:
        raise PackageError(f'{archive.name}: {str(path)!r} has the date {value!r}, which is not ISO 8601') from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ''
