from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ExecuteManyAnswer")


@_attrs_define
class ExecuteManyAnswer:
    """What became of many records. Every list has one entry a record, in the order of the inputs.

    Attributes:
        outputs (list[Any] | Unset): The outputs of each record.
        process_time (list[Any] | Unset): How long each record took, in milliseconds.
        warnings (list[Any] | Unset): The warnings of each record; null where there are none.
        errors (list[Any] | Unset): The errors of each record; null where there are none.
        service_chain (list[Any] | Unset): The services that each record called on the way; null where none.
        service_id (None | str | Unset): The service's UUID.
        version_id (None | str | Unset): The version's UUID.
        version (None | str | Unset): The version.
        call_id (None | str | Unset): The call's UUID.
        compiler_version (None | str | Unset): The compiler's version.
        correlation_id (Any | Unset): The caller's own id, as it was.
        request_timestamp (None | str | Unset): When the request arrived, ISO 8601.
    """

    outputs: list[Any] | Unset = UNSET
    process_time: list[Any] | Unset = UNSET
    warnings: list[Any] | Unset = UNSET
    errors: list[Any] | Unset = UNSET
    service_chain: list[Any] | Unset = UNSET
    service_id: None | str | Unset = UNSET
    version_id: None | str | Unset = UNSET
    version: None | str | Unset = UNSET
    call_id: None | str | Unset = UNSET
    compiler_version: None | str | Unset = UNSET
    correlation_id: Any | Unset = UNSET
    request_timestamp: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        outputs: list[Any] | Unset = UNSET
        if not isinstance(self.outputs, Unset):
            outputs = self.outputs

        process_time: list[Any] | Unset = UNSET
        if not isinstance(self.process_time, Unset):
            process_time = self.process_time

        warnings: list[Any] | Unset = UNSET
        if not isinstance(self.warnings, Unset):
            warnings = self.warnings

        errors: list[Any] | Unset = UNSET
        if not isinstance(self.errors, Unset):
            errors = self.errors

        service_chain: list[Any] | Unset = UNSET
        if not isinstance(self.service_chain, Unset):
            service_chain = self.service_chain

        service_id: None | str | Unset
        if isinstance(self.service_id, Unset):
            service_id = UNSET
        else:
            service_id = self.service_id

        version_id: None | str | Unset
        if isinstance(self.version_id, Unset):
            version_id = UNSET
        else:
            version_id = self.version_id

        version: None | str | Unset
        if isinstance(self.version, Unset):
            version = UNSET
        else:
            version = self.version

        call_id: None | str | Unset
        if isinstance(self.call_id, Unset):
            call_id = UNSET
        else:
            call_id = self.call_id

        compiler_version: None | str | Unset
        if isinstance(self.compiler_version, Unset):
            compiler_version = UNSET
        else:
            compiler_version = self.compiler_version

        correlation_id = self.correlation_id

        request_timestamp: None | str | Unset
        if isinstance(self.request_timestamp, Unset):
            request_timestamp = UNSET
        else:
            request_timestamp = self.request_timestamp

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if outputs is not UNSET:
            field_dict["outputs"] = outputs
        if process_time is not UNSET:
            field_dict["process_time"] = process_time
        if warnings is not UNSET:
            field_dict["warnings"] = warnings
        if errors is not UNSET:
            field_dict["errors"] = errors
        if service_chain is not UNSET:
            field_dict["service_chain"] = service_chain
        if service_id is not UNSET:
            field_dict["service_id"] = service_id
        if version_id is not UNSET:
            field_dict["version_id"] = version_id
        if version is not UNSET:
            field_dict["version"] = version
        if call_id is not UNSET:
            field_dict["call_id"] = call_id
        if compiler_version is not UNSET:
            field_dict["compiler_version"] = compiler_version
        if correlation_id is not UNSET:
            field_dict["correlation_id"] = correlation_id
        if request_timestamp is not UNSET:
            field_dict["request_timestamp"] = request_timestamp

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        outputs = cast(list[Any], d.pop("outputs", UNSET))

        process_time = cast(list[Any], d.pop("process_time", UNSET))

        warnings = cast(list[Any], d.pop("warnings", UNSET))

        errors = cast(list[Any], d.pop("errors", UNSET))

        service_chain = cast(list[Any], d.pop("service_chain", UNSET))

        def _parse_service_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        service_id = _parse_service_id(d.pop("service_id", UNSET))

        def _parse_version_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        version_id = _parse_version_id(d.pop("version_id", UNSET))

        def _parse_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        version = _parse_version(d.pop("version", UNSET))

        def _parse_call_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        call_id = _parse_call_id(d.pop("call_id", UNSET))

        def _parse_compiler_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        compiler_version = _parse_compiler_version(d.pop("compiler_version", UNSET))

        correlation_id = d.pop("correlation_id", UNSET)

        def _parse_request_timestamp(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        request_timestamp = _parse_request_timestamp(d.pop("request_timestamp", UNSET))

        execute_many_answer = cls(
            outputs=outputs,
            process_time=process_time,
            warnings=warnings,
            errors=errors,
            service_chain=service_chain,
            service_id=service_id,
            version_id=version_id,
            version=version,
            call_id=call_id,
            compiler_version=compiler_version,
            correlation_id=correlation_id,
            request_timestamp=request_timestamp,
        )

        execute_many_answer.additional_properties = d
        return execute_many_answer

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
