from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ExecuteManyRequest")


@_attrs_define
class ExecuteManyRequest:
    """Many records.

    Attributes:
        inputs (list[Any]): A list of objects, one a record; or columnar, a row of names and then a row of values a
            record.
        service (None | str | Unset): The service: `folder/service`, `folder/service[version]` or its UUID.
        version_id (None | str | Unset): The version's UUID. It goes before `service`.
        version_by_timestamp (None | str | Unset): A moment, ISO 8601: the newest version in effect then.
        subservice (Any | Unset): Subservices whose outputs to return: a comma-separated string or a list of names.
        output (Any | Unset): Outputs to return: a comma-separated string or a list of names.
        call_purpose (None | str | Unset): Why the call is made. For the record.
        source_system (None | str | Unset): Where the call comes from. For the record.
        correlation_id (Any | Unset): The caller's own id for the call, text or a number. It comes back in the answer as
            it was.
    """

    inputs: list[Any]
    service: None | str | Unset = UNSET
    version_id: None | str | Unset = UNSET
    version_by_timestamp: None | str | Unset = UNSET
    subservice: Any | Unset = UNSET
    output: Any | Unset = UNSET
    call_purpose: None | str | Unset = UNSET
    source_system: None | str | Unset = UNSET
    correlation_id: Any | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        inputs = self.inputs

        service: None | str | Unset
        if isinstance(self.service, Unset):
            service = UNSET
        else:
            service = self.service

        version_id: None | str | Unset
        if isinstance(self.version_id, Unset):
            version_id = UNSET
        else:
            version_id = self.version_id

        version_by_timestamp: None | str | Unset
        if isinstance(self.version_by_timestamp, Unset):
            version_by_timestamp = UNSET
        else:
            version_by_timestamp = self.version_by_timestamp

        subservice = self.subservice

        output = self.output

        call_purpose: None | str | Unset
        if isinstance(self.call_purpose, Unset):
            call_purpose = UNSET
        else:
            call_purpose = self.call_purpose

        source_system: None | str | Unset
        if isinstance(self.source_system, Unset):
            source_system = UNSET
        else:
            source_system = self.source_system

        correlation_id = self.correlation_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "inputs": inputs,
            }
        )
        if service is not UNSET:
            field_dict["service"] = service
        if version_id is not UNSET:
            field_dict["version_id"] = version_id
        if version_by_timestamp is not UNSET:
            field_dict["version_by_timestamp"] = version_by_timestamp
        if subservice is not UNSET:
            field_dict["subservice"] = subservice
        if output is not UNSET:
            field_dict["output"] = output
        if call_purpose is not UNSET:
            field_dict["call_purpose"] = call_purpose
        if source_system is not UNSET:
            field_dict["source_system"] = source_system
        if correlation_id is not UNSET:
            field_dict["correlation_id"] = correlation_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        inputs = cast(list[Any], d.pop("inputs"))

        def _parse_service(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        service = _parse_service(d.pop("service", UNSET))

        def _parse_version_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        version_id = _parse_version_id(d.pop("version_id", UNSET))

        def _parse_version_by_timestamp(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        version_by_timestamp = _parse_version_by_timestamp(d.pop("version_by_timestamp", UNSET))

        subservice = d.pop("subservice", UNSET)

        output = d.pop("output", UNSET)

        def _parse_call_purpose(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        call_purpose = _parse_call_purpose(d.pop("call_purpose", UNSET))

        def _parse_source_system(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        source_system = _parse_source_system(d.pop("source_system", UNSET))

        correlation_id = d.pop("correlation_id", UNSET)

        execute_many_request = cls(
            inputs=inputs,
            service=service,
            version_id=version_id,
            version_by_timestamp=version_by_timestamp,
            subservice=subservice,
            output=output,
            call_purpose=call_purpose,
            source_system=source_system,
            correlation_id=correlation_id,
        )

        execute_many_request.additional_properties = d
        return execute_many_request

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
