"""Packages for tests: the samples, and what can be made of them."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / 'samples' / 'packages'
CYLINDER = PACKAGES / 'cylinder.zip'
TERM_LIFE = PACKAGES / 'term-life.zip'
PROJECTION = PACKAGES / 'projection.zip'
ALTERNATIVE = PACKAGES / 'alternative.zip'
QUOTE = PACKAGES / 'quote.zip'

CYLINDER_ID = '3a5f8a8e-6d0e-4f67-9b5e-0c2f3c6b1d10'
CYLINDER_140 = '5c9a3f0d-2f9b-4b6e-8a55-6d1f0f1b1400'
CYLINDER_150 = '5c9a3f0d-2f9b-4b6e-8a55-6d1f0f1b1500'
TERM_LIFE_ID = '8f0c1d9e-44b7-4a0d-93a4-2b7d5a1e7c20'
ALTERNATIVE_100 = 'e61d3b70-2c84-4a95-b7f8-09c5d2a41100'
QUOTE_100 = 'a83f5e21-d60b-4c79-92e4-1b7c8f301200'
TERM_LIFE_030 = 'b7d41c52-9c1f-4e7a-8d2b-5f3e9a600300'

Files = dict[str, bytes]


def unzip(content: bytes) -> Files:
    """The files of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(files: Files) -> bytes:
    """A zip of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def change(package: bytes, edit: Callable[[Files], None]) -> bytes:
    """The same package with other files in its outer zip."""
    files = unzip(package)
    edit(files)
    return pack(files)


def change_models(package: bytes, edit: Callable[[Files], None], *, sums: bool = True) -> bytes:
    """The same package with other files in its compiled models; their checksums are made to fit again."""

    def edit_models(files: Files) -> None:
        for name in [name for name in files if name.endswith('.zip')]:
            inner = unzip(files[name])
            edit(inner)
            if sums and 'checksums.md5' in inner:
                del inner['checksums.md5']
                lines = [f'{hashlib.md5(data).hexdigest()}  {file}\n' for file, data in inner.items()]
                inner['checksums.md5'] = ''.join(lines).encode()
            files[name] = pack(inner)

    return change(package, edit_models)


def change_script(package: bytes, edit: Callable[[str], str]) -> bytes:
    """The same package with another script in its compiled models."""

    def edit_scripts(files: Files) -> None:
        for name in [name for name in files if name.endswith('.js')]:
            files[name] = edit(files[name].decode()).encode()

    return change_models(package, edit_scripts)


def only(package: bytes, *versions: str) -> bytes:
    """The same package with these versions alone."""

    def edit(files: Files) -> None:
        for name in list(files):
            parts = name.split('/')
            if len(parts) == 5 and parts[3] not in versions:
                del files[name]

    return change(package, edit)


def rename(package: bytes, **names: Any) -> bytes:
    """A package of one version under other names.

    Args:
        package: The package.
        **names: `tenant`, `folder`, `service`, `version`, `service_id`, `version_id`, `effective_from`,
            `effective_until`.
    """
    files = unzip(package)
    described = next(name for name in files if name.endswith('ModelMetaData.json'))
    tenant, folder, service, version, _ = described.split('/')
    description = json.loads(files[described])
    engine = description['EngineInformation']
    new = {'tenant': tenant, 'folder': folder, 'service': service, 'version': version}
    new |= {'service_id': engine['ServiceGuid'], 'version_id': description['VersionId']}
    new |= {
        'effective_from': description['EffectiveStartDate'],
        'effective_until': description['EffectiveEndDate'],
    } | names
    engine |= {'ProductName': new['folder'], 'ServiceName': new['service'], 'Revision': new['version']}
    engine |= {'ServiceGuid': new['service_id'], 'ServiceVersionGuid': new['version_id'], 'Tenant': new['tenant']}
    description |= {'EffectiveStartDate': new['effective_from'], 'EffectiveEndDate': new['effective_until']}
    description['VersionId'] = new['version_id']
    before, after = f'{tenant}/{folder}/{service}/{version}', '{tenant}/{folder}/{service}/{version}'.format(**new)
    changed = {name.replace(before, after): data for name, data in files.items() if name.startswith(before)}
    changed[f'{after}/ModelMetaData.json'] = json.dumps(description).encode()
    entry = {f'{key}_source': new[key] for key in ('folder', 'service', 'version', 'service_id', 'version_id')}
    changed[f'{new["tenant"]}/manifest.json'] = json.dumps({'outputs': {'service_versions': [entry]}}).encode()
    return pack(changed)


def replace(end: str, content: bytes | None) -> Callable[[Files], None]:
    """An edit for `change` and `change_models`: other content in the files whose names end like this, or no file."""

    def edit(files: Files) -> None:
        for name in [name for name in files if name.endswith(end)]:
            del files[name]
            if content is not None:
                files[name] = content

    return edit


def insert(name: str, content: bytes) -> Callable[[Files], None]:
    """An edit: one more file."""
    return lambda files: files.update({name: content})


def described(package: bytes, **parts: Any) -> bytes:
    """The same package with other parts of its descriptions; those that are not on the top are the engine's."""

    def edit(files: Files) -> None:
        for name in [name for name in files if name.endswith('ModelMetaData.json')]:
            description = json.loads(files[name])
            for part, value in parts.items():
                holder = description if part in description else description['EngineInformation']
                holder[part] = value
            files[name] = json.dumps(description).encode()

    return change(package, edit)
