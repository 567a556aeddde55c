"""Make up the names, ids and description of a compiled model that has no package around it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final, NamedTuple

from ..._codec.json import is_object
from ...errors import SparkSdkError
from ...uri import check_name
from .compiled_model import CompiledModel

__all__ = ['Names', 'Naming', 'describe_version', 'make_id']

VERSION: Final = '1.0.0'
"""The version of every compiled model without a package, which does not state one."""


class Names(NamedTuple):
    """The names and ids of one version of a service."""

    tenant: str
    folder: str
    service: str
    version: str
    service_id: str
    version_id: str


@dataclass(frozen=True)
class Naming:
    """The tenant, folder and service of a compiled model without a package.

    Args:
        tenant: The tenant.
        folder: The folder.
        service: The service; None uses the name of the file, or that of the model's script if the file's name is only
            an id or generic.

    Raises:
        SparkSdkError: A name cannot be part of a path.

    >>> Naming(folder='insurance')
    Naming(tenant='my-tenant', folder='insurance', service=None)
    """

    tenant: str = 'my-tenant'
    folder: str = 'models'
    service: str | None = None

    def __post_init__(self) -> None:
        for name in ('tenant', 'folder', 'service'):
            if getattr(self, name) is not None:
                check_name(name, getattr(self, name))

    def names(self, file: str, model: CompiledModel) -> Names:
        """Return the names of a model in this file. If the file's name is a UUID, it is the id of the version."""
        service, stem = self.service or _service_name(file, model), PurePath(file).stem
        service_id = make_id(self.tenant, self.folder, service)
        version_id = stem if _is_id(stem) else make_id(model.engine_id)
        return Names(self.tenant, self.folder, service, VERSION, service_id, version_id)


def make_id(*names: str) -> str:
    """Return a UUID that is always the same for the same names."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, '\n'.join(names)))


def describe_version(names: Names, model: CompiledModel, validations: Mapping[str, Any]) -> dict[str, Any]:
    """Build the content of `ModelMetaData.json`, as far as it is known."""
    validated: Any = validations.get('outputs')
    return {
        'EffectiveStartDate': None,
        'EffectiveEndDate': None,
        'EngineInformation': {
            'ProductName': names.folder,
            'ServiceName': names.service,
            'Revision': names.version,
            'ServiceGuid': names.service_id,
            'ServiceVersionGuid': names.version_id,
            'Tenant': names.tenant,
            'CompilerVersion': model.compiler_version,
            'DefaultEngineType': 'Neuron',
            'Description': None,
        },
        'XInputTable': [
            {'Input Name': name, 'Description': None, 'Address': None}
            for name in (validated if is_object(validated) else ())
        ],
        'XOutputTable': [],
        'VersionId': names.version_id,
        'HasSignatureChain': None,
    }


def _service_name(file: str, model: CompiledModel) -> str:
    """Return a service name made from the file's name or else from the script's; ids and `package` do not count."""
    stem = PurePath(file).stem
    for name in (stem, model.name):
        cleaned = re.sub(r'[\x00-\x1f/\\\[\]]+', ' ', name).strip(' ._')
        if cleaned and not _is_id(name) and name != 'package':
            try:
                return check_name('service', cleaned)
            except SparkSdkError:
                continue
    return 'model'


def _is_id(text: str) -> bool:
    return re.fullmatch(r'[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}', text) is not None
