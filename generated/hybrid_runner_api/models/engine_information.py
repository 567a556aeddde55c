from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="EngineInformation")


@_attrs_define
class EngineInformation:
    """Where a version comes from and how it was compiled. The runner passes on everything that the package says;
    what a client needs to name a service is listed.

        Attributes:
            product_name (None | str | Unset): The folder.
            service_name (None | str | Unset): The service.
            revision (None | str | Unset): The version.
            service_guid (None | str | Unset): The service's UUID.
            service_version_guid (None | str | Unset): The version's UUID.
            tenant (None | str | Unset): The tenant.
            author (None | str | Unset): Who made it.
            description (None | str | Unset): What it is.
            original_file_name (None | str | Unset): The workbook's name.
            release_date (None | str | Unset): When it was released, ISO 8601.
            compiler_version (None | str | Unset): The compiler's version.
            default_engine_type (None | str | Unset): `Neuron`.
    """

    product_name: None | str | Unset = UNSET
    service_name: None | str | Unset = UNSET
    revision: None | str | Unset = UNSET
    service_guid: None | str | Unset = UNSET
    service_version_guid: None | str | Unset = UNSET
    tenant: None | str | Unset = UNSET
    author: None | str | Unset = UNSET
    description: None | str | Unset = UNSET
    original_file_name: None | str | Unset = UNSET
    release_date: None | str | Unset = UNSET
    compiler_version: None | str | Unset = UNSET
    default_engine_type: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        product_name: None | str | Unset
        if isinstance(self.product_name, Unset):
            product_name = UNSET
        else:
            product_name = self.product_name

        service_name: None | str | Unset
        if isinstance(self.service_name, Unset):
            service_name = UNSET
        else:
            service_name = self.service_name

        revision: None | str | Unset
        if isinstance(self.revision, Unset):
            revision = UNSET
        else:
            revision = self.revision

        service_guid: None | str | Unset
        if isinstance(self.service_guid, Unset):
            service_guid = UNSET
        else:
            service_guid = self.service_guid

        service_version_guid: None | str | Unset
        if isinstance(self.service_version_guid, Unset):
            service_version_guid = UNSET
        else:
            service_version_guid = self.service_version_guid

        tenant: None | str | Unset
        if isinstance(self.tenant, Unset):
            tenant = UNSET
        else:
            tenant = self.tenant

        author: None | str | Unset
        if isinstance(self.author, Unset):
            author = UNSET
        else:
            author = self.author

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        original_file_name: None | str | Unset
        if isinstance(self.original_file_name, Unset):
            original_file_name = UNSET
        else:
            original_file_name = self.original_file_name

        release_date: None | str | Unset
        if isinstance(self.release_date, Unset):
            release_date = UNSET
        else:
            release_date = self.release_date

        compiler_version: None | str | Unset
        if isinstance(self.compiler_version, Unset):
            compiler_version = UNSET
        else:
            compiler_version = self.compiler_version

        default_engine_type: None | str | Unset
        if isinstance(self.default_engine_type, Unset):
            default_engine_type = UNSET
        else:
            default_engine_type = self.default_engine_type

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if product_name is not UNSET:
            field_dict["ProductName"] = product_name
        if service_name is not UNSET:
            field_dict["ServiceName"] = service_name
        if revision is not UNSET:
            field_dict["Revision"] = revision
        if service_guid is not UNSET:
            field_dict["ServiceGuid"] = service_guid
        if service_version_guid is not UNSET:
            field_dict["ServiceVersionGuid"] = service_version_guid
        if tenant is not UNSET:
            field_dict["Tenant"] = tenant
        if author is not UNSET:
            field_dict["Author"] = author
        if description is not UNSET:
            field_dict["Description"] = description
        if original_file_name is not UNSET:
            field_dict["OriginalFileName"] = original_file_name
        if release_date is not UNSET:
            field_dict["ReleaseDate"] = release_date
        if compiler_version is not UNSET:
            field_dict["CompilerVersion"] = compiler_version
        if default_engine_type is not UNSET:
            field_dict["DefaultEngineType"] = default_engine_type

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_product_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        product_name = _parse_product_name(d.pop("ProductName", UNSET))

        def _parse_service_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        service_name = _parse_service_name(d.pop("ServiceName", UNSET))

        def _parse_revision(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        revision = _parse_revision(d.pop("Revision", UNSET))

        def _parse_service_guid(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        service_guid = _parse_service_guid(d.pop("ServiceGuid", UNSET))

        def _parse_service_version_guid(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        service_version_guid = _parse_service_version_guid(d.pop("ServiceVersionGuid", UNSET))

        def _parse_tenant(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        tenant = _parse_tenant(d.pop("Tenant", UNSET))

        def _parse_author(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        author = _parse_author(d.pop("Author", UNSET))

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("Description", UNSET))

        def _parse_original_file_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        original_file_name = _parse_original_file_name(d.pop("OriginalFileName", UNSET))

        def _parse_release_date(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        release_date = _parse_release_date(d.pop("ReleaseDate", UNSET))

        def _parse_compiler_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        compiler_version = _parse_compiler_version(d.pop("CompilerVersion", UNSET))

        def _parse_default_engine_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        default_engine_type = _parse_default_engine_type(d.pop("DefaultEngineType", UNSET))

        engine_information = cls(
            product_name=product_name,
            service_name=service_name,
            revision=revision,
            service_guid=service_guid,
            service_version_guid=service_version_guid,
            tenant=tenant,
            author=author,
            description=description,
            original_file_name=original_file_name,
            release_date=release_date,
            compiler_version=compiler_version,
            default_engine_type=default_engine_type,
        )

        engine_information.additional_properties = d
        return engine_information

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
