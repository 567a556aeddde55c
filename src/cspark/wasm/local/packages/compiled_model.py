"""Read the compiled model of a package: its script, its WASM, and the files that accompany them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from ..._codec.json import decode_json, is_array, is_object
from ..errors import PackageError
from .archive import Archive

__all__ = ['CompiledModel', 'is_model', 'read_model', 'read_validations']


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """A compiled model: the script, the WASM and the files that the script requests by name.

    `metadata` and `form_spec` are the answers of the subservices `metadata` and `formspec`, or None if the model has
    none. `images` holds the names of the metadata fields that are images.
    """

    name: str
    script: str
    wasm: bytes
    files: Mapping[str, bytes]
    metadata: Mapping[str, Any] | None = None
    images: frozenset[str] = frozenset()
    form_spec: Any = None
    compiler_version: str | None = None

    @cached_property
    def engine_id(self) -> str:
        """A hash of the WASM, which identifies the compiled model."""
        return hashlib.sha256(self.wasm).hexdigest()

    @cached_property
    def shown_metadata(self) -> dict[str, Any]:
        """The metadata with its images as `data:` URLs, as the metadata operation answers them."""
        fields = dict(self.metadata or {})
        for name in self.images:
            content = fields[name]
            if isinstance(content, str) and not content.startswith('data:'):
                fields[name] = f'data:{_image_type(content)};base64,{content}'
        return fields


def is_model(archive: Archive) -> bool:
    """Whether an archive is a compiled model without a package, as the platform's file manager delivers it."""
    return bool(_stems(archive))


def read_model(archive: Archive) -> CompiledModel:
    """Read the compiled model in an archive.

    Raises:
        PackageError: A file is missing, has the wrong type, or does not match its checksum.
    """
    if 'checksums.md5' in archive:
        _check_sums(archive)
    stems = _stems(archive)
    if len(stems) != 1:
        _refuse_scripts(archive)
    stem = stems[0]
    wasm = archive[f'{stem}.wasm']
    if not wasm.startswith(b'\0asm'):
        raise PackageError(f'{archive.name}: {stem + ".wasm"!r} is not WASM')
    files = {PurePosixPath(path).name: archive[path] for path in archive if path.endswith('.data')}
    metadata, images = _read_metadata(archive)
    return CompiledModel(
        name=PurePosixPath(stem).name,
        script=archive.text(f'{stem}.js'),
        wasm=wasm,
        files=files,
        metadata=metadata,
        images=images,
        form_spec=_read_form_spec(archive),
        compiler_version=_read_compiler_version(archive),
    )


def read_validations(archive: Archive) -> dict[str, Any] | None:
    """Read the static validations next to a compiled model, if there are any."""
    path = _find(archive, 'DefaultValidations.json')
    return archive.json(path) if path else None


def _stems(archive: Archive) -> list[str]:
    scripts = [path.removesuffix('.js') for path in archive if path.endswith('.js')]
    return [stem for stem in scripts if f'{stem}.wasm' in archive]


def _refuse_scripts(archive: Archive) -> None:
    scripts = [path for path in archive if path.endswith('.js')]
    if len(scripts) == 1:
        raise PackageError(f'{archive.name}: {scripts[0].removesuffix(".js") + ".wasm"!r} is missing')
    raise PackageError(f'{archive.name} holds {len(scripts)} scripts (NAME.js next to NAME.wasm); one is expected')


def _find(archive: Archive, end: str) -> str | None:
    """Return the first path with this ending, ignoring case, as the vendor's engine does."""
    return next((path for path in archive if path.lower().endswith(end.lower())), None)


def _check_sums(archive: Archive) -> None:
    lines = archive.text('checksums.md5').splitlines()
    sums = [line.partition(' ')[::2] for line in map(str.strip, lines) if line]
    # A dictionary, so that a file is hashed only once however often it is listed.
    listed = {name.strip().removeprefix('*').removeprefix('./'): wanted for wanted, name in sums}
    for name, wanted in listed.items():
        if name not in archive:
            raise PackageError(f'{archive.name}: {name!r} is missing; checksums.md5 lists it')
        found = hashlib.md5(archive[name], usedforsecurity=False).hexdigest()
        if found != wanted.lower():
            raise PackageError(f'{archive.name}: {name!r} has the checksum {found}, checksums.md5 says {wanted}')


def _read_compiler_version(archive: Archive) -> str | None:
    path = _find(archive, '_CompilerLog.json')
    version = archive.json(path).get('CompilerVersion') if path else None
    return version if isinstance(version, str) else None


def _read_metadata(archive: Archive) -> tuple[dict[str, Any] | None, frozenset[str]]:
    """Read the outputs and images that the metadata subservice answers without computing, and the images' names."""
    path = _find(archive, '_static.json')
    if path is None:
        return None, frozenset()
    static = archive.json(path)
    outputs: Any = static.get('Outputs') or {}
    images: Any = static.get('ImageOutputs') or []
    if not is_object(outputs) or not is_array(images) or not all(is_object(image) for image in images):
        raise PackageError(f'{archive.name}: {path!r} needs an object at Outputs and a list of objects at ImageOutputs')
    named = {str(image['ImageName']): image.get('Base64Content') or None for image in images if image.get('ImageName')}
    return outputs | named, frozenset(named)


def _image_type(content: str) -> str:
    """Return the media type of an image in Base64, recognized by the encoding of its first bytes."""
    starts = {'/9j/': 'image/jpeg', 'R0lG': 'image/gif', 'PHN2': 'image/svg+xml', 'PD94': 'image/svg+xml'}
    return starts.get(content[:4], 'image/png')


def _read_form_spec(archive: Archive) -> Any:
    path = _find(archive, '_jsonformspec.json')
    if path is None:
        return None
    try:
        return decode_json(archive.text(path).encode())
    except (ValueError, RecursionError) as error:
        raise PackageError(f'{archive.name}: {path!r} is not JSON: {error}') from error
