from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.metadata_meta import MetadataMeta
    from ..models.request_data import RequestData


T = TypeVar("T", bound="MetadataRequest")


@_attrs_define
class MetadataRequest:
    """Which metadata.

    Attributes:
        request_data (RequestData | Unset): What to compute with.
        request_meta (MetadataMeta | Unset): Which service.
    """

    request_data: RequestData | Unset = UNSET
    request_meta: MetadataMeta | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        request_data: dict[str, Any] | Unset = UNSET
        if not isinstance(self.request_data, Unset):
            request_data = self.request_data.to_dict()

        request_meta: dict[str, Any] | Unset = UNSET
        if not isinstance(self.request_meta, Unset):
            request_meta = self.request_meta.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if request_data is not UNSET:
            field_dict["request_data"] = request_data
        if request_meta is not UNSET:
            field_dict["request_meta"] = request_meta

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.metadata_meta import MetadataMeta  # noqa: PLC0415
        from ..models.request_data import RequestData  # noqa: PLC0415

        d = dict(src_dict)
        _request_data = d.pop("request_data", UNSET)
        request_data: RequestData | Unset
        if isinstance(_request_data, Unset):
            request_data = UNSET
        else:
            request_data = RequestData.from_dict(_request_data)

        _request_meta = d.pop("request_meta", UNSET)
        request_meta: MetadataMeta | Unset
        if isinstance(_request_meta, Unset):
            request_meta = UNSET
        else:
            request_meta = MetadataMeta.from_dict(_request_meta)

        metadata_request = cls(
            request_data=request_data,
            request_meta=request_meta,
        )

        metadata_request.additional_properties = d
        return metadata_request

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
