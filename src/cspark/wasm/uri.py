"""The names of services: `UriParams` holds the parts of a name, `Uri` parses and formats its text."""

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

    If several are given, `version_id` takes precedence over `service_id`, then `folder` and `service`, then `proxy`.

    Args:
        folder: The folder's name.
        service: The service's name.
        service_id: The service's UUID, which stands for its newest version.
        version: The version, such as `1.2.3`, or its beginning: `1.2` is the newest version that starts with 1.2.
        version_id: The UUID of a version.
        proxy: An endpoint that is configured for the service; it may contain slashes.
        public: Whether to use the endpoints for public services.

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
        """The parts as short text, such as `folder/service[version]`; empty if they name no service."""
        return Uri.encode(self, long=False)

    def pick(self, *names: str) -> UriParams:
        """Return a copy with only the named parts.

        >>> UriParams('my-folder', 'my-service', version='1.2').pick('folder', 'service').service_uri
        'my-folder/my-service'
        """
        return UriParams(**{name: value for name, value in asdict(self).items() if name in names})

    def omit(self, *names: str) -> UriParams:
        """Return a copy without the named parts."""
        return UriParams(**{name: value for name, value in asdict(self).items() if name not in names})

    def encode(self, long: bool = True) -> str:
        """Format the parts as text; see `Uri.encode`."""
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
"""The name of a service: text, the service's UUID, or the parts, as a `UriParams`, any object with the same attributes,
or a mapping."""


class Uri:
    """The name of a service as text, or an address built by `of` or `partial`."""

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
        """Build the address of a service, or of an operation if no service is named. The clients do not use it.

        >>> Uri.of(UriParams('my folder', 'my-service'), base_url='http://localhost:3000/my-tenant', endpoint='execute')
        <Uri: http://localhost:3000/my-tenant/api/v3/folders/my%20folder/services/my-service/execute>
        """
        named = Uri.validate(uri) if uri and uri.service_uri else UriParams(public=bool(uri and uri.public))
        parts = [version, 'public' if named.public else '', _path(named), '' if named.proxy else endpoint]
        return _joined(base_url, parts)

    @staticmethod
    def partial(resource: str, *, base_url: str = '', version: str = API_VERSION, endpoint: str = '') -> Uri:
        """Build the address of a resource from its path.

        >>> Uri.partial('proxy/quotes', base_url='http://localhost:3000/my-tenant')
        <Uri: http://localhost:3000/my-tenant/api/v3/proxy/quotes>
        """
        path = '/'.join(segment for segment in resource.split('/') if segment)
        return _joined(base_url, [version, quote(path, safe=_WHOLE_PATH), endpoint])

    @staticmethod
    def decode(uri: str) -> UriParams:
        """Parse the name of a service. If the text names none, all parts are empty.

        Leading, trailing and repeated slashes are ignored. All slashes after the first are part of the service.
        Brackets at the end contain the version; empty brackets mean no version, so that the name of a service may end
        with brackets of its own.

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
        """Format the parts as text. The long form contains `folders` and `services`.

        A folder that would be parsed as something else, such as `version`, always gets the long form.

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
        """Convert the name of a service to its parts, without checking them.

        Raises:
            SparkSdkError: The value cannot name a service.
        """
        if isinstance(uri, UriParams):
            return _as_text(uri)
        if isinstance(uri, (str, Uri)):
            return Uri.decode(str(uri))
        if isinstance(uri, UUID):
            return UriParams(service_id=str(uri))
        if isinstance(uri, Mapping):
            if unknown := [name for name in uri if name not in UriParams.__dataclass_fields__]:
                raise SparkSdkError(f'{unknown[0]!r} is not a part of a service name; {FORMATS}')
            return _as_text(UriParams(**uri))
        parts: dict[str, Any] = {name: getattr(uri, name, None) for name in UriParams.__dataclass_fields__}
        if not any(parts.values()):
            raise SparkSdkError(f'{type(uri).__name__} does not name a service; {FORMATS}')
        return _as_text(UriParams(**parts))

    @staticmethod
    def validate(uri: UriLike, message: str | None = None) -> UriParams:
        """Convert the name of a service to its parts, and check them.

        Args:
            uri: The name of the service.
            message: The beginning of the error message if the parts name no service.

        Raises:
            SparkSdkError: The parts name no service, or a part is not safe in a path: it is empty, `.` or `..`, or
                contains such a segment, a control character or a lone surrogate.

        >>> Uri.validate('my-folder/my-service').service
        'my-service'
        """
        params = Uri.to_params(uri)
        if not params.service_uri:
            missing = 'no service is named'
            if params.folder:
                missing = 'service name is missing'
            elif params.service:
                missing = 'folder name is missing'
            raise SparkSdkError(f'{message or missing}: got {shorten(repr(uri), 200)}; {FORMATS}')
        for name in ('folder', 'service', 'service_id', 'version', 'version_id', 'proxy'):
            value = getattr(params, name)
            if value is not None:
                check_name(name, value.strip('/') if name == 'proxy' and isinstance(value, str) else value)
        if params.version and re.search(r'[\[\]]', params.version):
            raise SparkSdkError(f'version {shorten(repr(params.version), 200)} must not contain a bracket')
        return params


def _joined(base_url: str, parts: list[str]) -> Uri:
    return Uri(f'{base_url.rstrip("/")}/' + '/'.join(part for part in parts if part))


def _as_text(params: UriParams) -> UriParams:
    """Return the parts with UUIDs as text, and None for empty text."""
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
    """Check that a name, as a segment of a path, cannot change the rest of the path.

    Raises:
        SparkSdkError: The name is not valid; the message says why.
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
