"""What names a service: `UriParams` holds its parts, `Uri` reads and writes its text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import quote
from uuid import UUID

from .errors import SparkSdkError, shorten

__all__ = ['Uri', 'UriLike', 'UriParams']

FORMATS: Final = (
    'a service is named by "folder/service", "folder/service[version]", "service/SERVICE_ID", "version/VERSION_ID", '
    '"proxy/ENDPOINT" or a UriParams of these parts'
)

_CONTROL: Final = re.compile(r'[\x00-\x1f\x7f-\x9f]')
_SURROGATE: Final = re.compile(r'[\ud800-\udfff]')
_VERSIONED: Final = re.compile(r'(?P<service>.+)\[(?P<version>[^\[\]]*)\]', re.DOTALL)
_WHOLE_PATH: Final = "/%?=&~!$'()*+,;:@"
API_VERSION: Final = 'api/v3'

_LOCATORS: Final = {'service': 'service_id', 'version': 'version_id', 'proxy': 'proxy'}
_FIRST_WORDS: Final = frozenset({*_LOCATORS, 'folders'})


@dataclass(frozen=True)
class UriParams:
    """The parts of a service's name.

    `version_id` goes before `service_id`, which goes before `folder` and `service`, which go before `proxy`.

    Args:
        folder: The folder's name.
        service: The service's name.
        service_id: The service's UUID; it points to the newest version.
        version: The version, such as `1.2.3`, or the start of one: `1.2` is the newest that starts with 1.2.
        version_id: The UUID of one version.
        proxy: An endpoint that was configured for the service; it may hold slashes.
        public: Whether to go through the endpoints for public services.

    >>> UriParams('my-folder', 'my-service', version='1.2.3').service_uri
    'my-folder/my-service[1.2.3]'
    """

    folder: str | None = None
    service: str | None = None
    service_id: str | None = None
    version: str | None = None
    version_id: str | None = None
    proxy: str | None = None
    public: bool | None = False

    @property
    def service_uri(self) -> str:
        """The parts as short text, `folder/service[version]`; empty where they name nothing."""
        return Uri.encode(self, long=False)

    def pick(self, *names: str) -> UriParams:
        """The named parts alone.

        >>> UriParams('my-folder', 'my-service', version='1.2').pick('folder', 'service').service_uri
        'my-folder/my-service'
        """
        return UriParams(**{name: value for name, value in asdict(self).items() if name in names})

    def omit(self, *names: str) -> UriParams:
        """All parts but the named ones."""
        return UriParams(**{name: value for name, value in asdict(self).items() if name not in names})

    def encode(self, long: bool = True) -> str:
        """The parts as text; see `Uri.encode`."""
        return Uri.encode(self, long=long)


class _HasUriParts(Protocol):
    """Anything with the attributes of `UriParams`, such as the class of that name in another package."""

    @property
    def folder(self) -> str | None: ...
    @property
    def service(self) -> str | None: ...
    @property
    def service_id(self) -> str | None: ...
    @property
    def version(self) -> str | None: ...
    @property
    def version_id(self) -> str | None: ...
    @property
    def proxy(self) -> str | None: ...
    @property
    def public(self) -> bool | None: ...


UriLike: TypeAlias = 'str | UUID | UriParams | Uri | Mapping[str, Any] | _HasUriParts'
"""What names a service: text, the UUID of a service, or the parts, in a `UriParams`, in anything with the same
attributes, or in a mapping."""


class Uri:
    """The text that names a service, read and written; and, built by `of` and `partial`, an address of it."""

    __slots__ = ('value',)

    def __init__(self, value: object) -> None:
        self.value = str(value)

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return f'<Uri: {self.value}>'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Uri) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)

    @staticmethod
    def of(uri: UriParams | None = None, *, base_url: str = '', version: str = API_VERSION, endpoint: str = '') -> Uri:
        """The address of a service, or of an operation if none is named. The clients do not need it.

        >>> Uri.of(UriParams('my folder', 'my-service'), base_url='http://localhost:3000/my-tenant', endpoint='execute')
        <Uri: http://localhost:3000/my-tenant/api/v3/folders/my%20folder/services/my-service/execute>
        """
        named = Uri.validate(uri) if uri and uri.service_uri else UriParams(public=bool(uri and uri.public))
        parts = [version, 'public' if named.public else '', _path(named), '' if named.proxy else endpoint]
        return _joined(base_url, parts)

    @staticmethod
    def partial(resource: str, *, base_url: str = '', version: str = API_VERSION, endpoint: str = '') -> Uri:
        """The address of a resource that is named by its path.

        >>> Uri.partial('proxy/quotes', base_url='http://localhost:3000/my-tenant')
        <Uri: http://localhost:3000/my-tenant/api/v3/proxy/quotes>
        """
        path = '/'.join(segment for segment in resource.split('/') if segment)
        return _joined(base_url, [version, quote(path, safe=_WHOLE_PATH), endpoint])

    @staticmethod
    def decode(uri: str) -> UriParams:
        """Read the parts out of a text; a text that names nothing gives empty parts.

        Runs of slashes, leading and trailing ones are forgiven. Slashes after the first belong to the service. Brackets
        at the end hold the version; empty ones mean none, so that a service's own name may end with brackets.

        >>> Uri.decode('folders/my-folder/services/my-service[1.2]').version
        '1.2'
        >>> Uri.decode('service/0d8a5a54-6ad1-4b75-9c35-8f8d1b3c3b43[1.2]').version
        '1.2'
        >>> Uri.decode('version/0d8a5a54-6ad1-4b75-9c35-8f8d1b3c3b43').version_id
        '0d8a5a54-6ad1-4b75-9c35-8f8d1b3c3b43'
        """
        segments = [segment for segment in uri.split('/') if segment]
        if len(segments) == 1 and _is_uuid(segments[0]):
            return UriParams(service_id=segments[0])
        if len(segments) < 2:
            return UriParams()
        long = len(segments) > 3 and segments[0] == 'folders' and segments[2] == 'services'
        first, rest = (segments[1], '/'.join(segments[3:])) if long else (segments[0], '/'.join(segments[1:]))
        version = None
        # Brackets may be part of an endpoint's path; elsewhere they hold the version.
        if (named := _VERSIONED.fullmatch(rest)) and (long or first != 'proxy'):
            rest, version = named['service'], named['version'] if named['version'].strip() else None
        if first in _LOCATORS and not long:
            located: dict[str, Any] = {_LOCATORS[first]: rest, 'version': version}
            return UriParams(**located)
        return UriParams(folder=first, service=rest, version=version)

    @staticmethod
    def encode(uri: UriParams, long: bool = True) -> str:
        """Write parts as text: the long form has `folders` and `services` in it.

        The short form of a folder that would be read as something else, such as `version`, is the long one.

        >>> Uri.encode(UriParams('my-folder', 'my-service'))
        'folders/my-folder/services/my-service'
        """
        if uri.version_id:
            return f'version/{uri.version_id}'
        if uri.service_id:
            return f'service/{uri.service_id}{f"[{uri.version}]" if uri.version else ""}'
        if uri.folder and uri.service:
            version = f'[{uri.version or ""}]' if uri.version or _VERSIONED.fullmatch(f'{uri.service}') else ''
            if long or f'{uri.folder}' in _FIRST_WORDS:
                return f'folders/{uri.folder}/services/{uri.service}{version}'
            return f'{uri.folder}/{uri.service}{version}'
        return f'proxy/{uri.proxy}' if uri.proxy else ''

    @staticmethod
    def to_params(uri: UriLike) -> UriParams:
        """The parts of anything that names a service; they are read, not checked.

        Raises:
            SparkSdkError: It is nothing that could name one.
        """
        if isinstance(uri, UriParams):
            return _as_text(uri)
        if isinstance(uri, (str, Uri)):
            return Uri.decode(str(uri))
        if isinstance(uri, UUID):
            return UriParams(service_id=str(uri))
        if isinstance(uri, Mapping):
            if unknown := [name for name in uri if name not in UriParams.__dataclass_fields__]:
                raise SparkSdkError(f'{unknown[0]!r} is no part of a service name; {FORMATS}')
            return _as_text(UriParams(**uri))
        parts: dict[str, Any] = {name: getattr(uri, name, None) for name in UriParams.__dataclass_fields__}
        if not any(parts.values()):
            raise SparkSdkError(f'{type(uri).__name__} does not name a service; {FORMATS}')
        return _as_text(UriParams(**parts))

    @staticmethod
    def validate(uri: UriLike, message: str | None = None) -> UriParams:
        """The parts of anything that names a service, checked.

        Args:
            uri: What names the service.
            message: What the error says first, where the parts name nothing.

        Raises:
            SparkSdkError: The parts name nothing, or a name cannot travel in a path: it is empty, `.` or `..` or has
                such a part between slashes, or it holds a control character or half a surrogate pair.

        >>> Uri.validate('my-folder/my-service').service
        'my-service'
        """
        params = Uri.to_params(uri)
        if not params.service_uri:
            missing = message or (
                'service name is missing'
                if params.folder
                else 'folder name is missing'
                if params.service
                else 'no service is named'
            )
            raise SparkSdkError(f'{missing}: got {shorten(repr(uri), 200)}; {FORMATS}')
        for name in ('folder', 'service', 'service_id', 'version', 'version_id', 'proxy'):
            value = getattr(params, name)
            if value is not None:
                check_name(name, value.strip('/') if name == 'proxy' and isinstance(value, str) else value)
        if params.version and re.search(r'[\[\]]', params.version):
            raise SparkSdkError(f'version {shorten(repr(params.version), 200)} holds a bracket, which no version does')
        return params


def _joined(base_url: str, parts: list[str]) -> Uri:
    return Uri(f'{base_url.rstrip("/")}/' + '/'.join(part for part in parts if part))


def _as_text(params: UriParams) -> UriParams:
    """The same parts with UUIDs as text and without empty ones, which name nothing."""
    values = vars(params)
    changed: dict[str, Any] = {name: str(value) for name, value in values.items() if isinstance(value, UUID)}
    changed |= {name: None for name, value in values.items() if value == ''}
    return replace(params, **changed) if changed else params


def _path(named: UriParams) -> str:
    if named.version_id:
        return f'version/{quote(named.version_id, safe="")}'
    if named.service_id:
        return f'service/{quote(named.service_id, safe="")}'
    if named.folder and named.service:
        return f'folders/{quote(named.folder, safe="")}/services/{quote(named.service, safe="")}'
    return f'proxy/{quote(named.proxy.strip("/"))}' if named.proxy else ''


def check_name(what: str, value: object) -> str:
    """Refuse a name that would change the path it stands in, before anything is sent.

    Raises:
        SparkSdkError: It says what is wrong with which name.
    """
    shown = shorten(repr(value), 200)
    if not isinstance(value, str):
        raise SparkSdkError(f'{what} must be text, not {type(value).__name__}: {shown}')
    if any(part.strip() in ('', '.', '..') for part in value.split('/')):
        raise SparkSdkError(f'{what} {shown} cannot stand in a path; give a name other than "", "." and ".."')
    if _CONTROL.search(value) or _SURROGATE.search(value):
        raise SparkSdkError(f'{what} {shown} holds a character that cannot stand in a path')
    return value


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
