from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.uploaded_tenant import UploadedTenant


T = TypeVar("T", bound="UploadAnswer")


@_attrs_define
class UploadAnswer:
    """The services of an uploaded package, by tenant.

    Attributes:
        response_data (list[UploadedTenant] | None | Unset): One entry a tenant.
    """

    response_data: list[UploadedTenant] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        response_data: list[dict[str, Any]] | None | Unset
        if isinstance(self.response_data, Unset):
            response_data = UNSET
        elif isinstance(self.response_data, list):
            response_data = []
            for response_data_type_0_item_data in self.response_data:
                response_data_type_0_item = response_data_type_0_item_data.to_dict()
                response_data.append(response_data_type_0_item)

        else:
            response_data = self.response_data

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if response_data is not UNSET:
            field_dict["response_data"] = response_data

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.uploaded_tenant import UploadedTenant  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_response_data(data: object) -> list[UploadedTenant] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                response_data_type_0 = []
                _response_data_type_0 = data
                for response_data_type_0_item_data in _response_data_type_0:
                    response_data_type_0_item = UploadedTenant.from_dict(response_data_type_0_item_data)

                    response_data_type_0.append(response_data_type_0_item)

                return response_data_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[UploadedTenant] | None | Unset, data)

        response_data = _parse_response_data(d.pop("response_data", UNSET))

        upload_answer = cls(
            response_data=response_data,
        )

        upload_answer.additional_properties = d
        return upload_answer

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
