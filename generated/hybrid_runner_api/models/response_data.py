from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ResponseData")


@_attrs_define
class ResponseData:
    """What was computed.

    Attributes:
        outputs (Any | Unset): An object with a value an output, or null where the request asked for none that exists.
        warnings (Any | Unset): A list of objects with `message` and, where there is one, `source_path`, or null.
        errors (Any | Unset): A list of objects with `source_path`, `error_category`, `error_type`, `message` and
            `additional_details`, or null.
        service_chain (Any | Unset): The services that the model called, a list of objects with `service_uri`,
            `version_id`, `version`, `call_id`, `status`, `error`, `process_time` in milliseconds and the `service_chain` of
            that call, or null.
        inputs (Any | Unset): The inputs, where the request asked for them.
    """

    outputs: Any | Unset = UNSET
    warnings: Any | Unset = UNSET
    errors: Any | Unset = UNSET
    service_chain: Any | Unset = UNSET
    inputs: Any | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        outputs = self.outputs

        warnings = self.warnings

        errors = self.errors

        service_chain = self.service_chain

        inputs = self.inputs

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if outputs is not UNSET:
            field_dict["outputs"] = outputs
        if warnings is not UNSET:
            field_dict["warnings"] = warnings
        if errors is not UNSET:
            field_dict["errors"] = errors
        if service_chain is not UNSET:
            field_dict["service_chain"] = service_chain
        if inputs is not UNSET:
            field_dict["inputs"] = inputs

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        outputs = d.pop("outputs", UNSET)

        warnings = d.pop("warnings", UNSET)

        errors = d.pop("errors", UNSET)

        service_chain = d.pop("service_chain", UNSET)

        inputs = d.pop("inputs", UNSET)

        response_data = cls(
            outputs=outputs,
            warnings=warnings,
            errors=errors,
            service_chain=service_chain,
            inputs=inputs,
        )

        response_data.additional_properties = d
        return response_data

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
