from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ResponseMeta")


@_attrs_define
class ResponseMeta:
    """How it was computed.

    Attributes:
        service_id (None | str | Unset): The service's UUID.
        version_id (None | str | Unset): The version's UUID.
        version (None | str | Unset): The version.
        process_time (float | None | Unset): How long the computation took, in milliseconds.
        call_id (None | str | Unset): The call's UUID.
        compiler_type (None | str | Unset): The kind of compiler.
        compiler_version (None | str | Unset): The compiler's version.
        source_hash (None | str | Unset): A hash of the workbook.
        engine_id (None | str | Unset): A hash of the compiled model.
        correlation_id (Any | Unset): The caller's own id, as it was.
        parameterset_version_id (None | str | Unset): The version of the set of parameters.
        spark_total_time (float | None | Unset): How long the whole call took, in milliseconds.
        response_data_inputs (Any | Unset): As the request had it.
        service_category (Any | Unset): As the request had it.
        array_outputs (Any | Unset): As the request had it.
        allow_range_address (Any | Unset): As the request had it.
        validation_type (Any | Unset): As the request had it.
        system (None | str | Unset): `SPARK`.
        request_timestamp (None | str | Unset): When the request arrived, ISO 8601.
    """

    service_id: None | str | Unset = UNSET
    version_id: None | str | Unset = UNSET
    version: None | str | Unset = UNSET
    process_time: float | None | Unset = UNSET
    call_id: None | str | Unset = UNSET
    compiler_type: None | str | Unset = UNSET
    compiler_version: None | str | Unset = UNSET
    source_hash: None | str | Unset = UNSET
    engine_id: None | str | Unset = UNSET
    correlation_id: Any | Unset = UNSET
    parameterset_version_id: None | str | Unset = UNSET
    spark_total_time: float | None | Unset = UNSET
    response_data_inputs: Any | Unset = UNSET
    service_category: Any | Unset = UNSET
    array_outputs: Any | Unset = UNSET
    allow_range_address: Any | Unset = UNSET
    validation_type: Any | Unset = UNSET
    system: None | str | Unset = UNSET
    request_timestamp: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
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

        process_time: float | None | Unset
        if isinstance(self.process_time, Unset):
            process_time = UNSET
        else:
            process_time = self.process_time

        call_id: None | str | Unset
        if isinstance(self.call_id, Unset):
            call_id = UNSET
        else:
            call_id = self.call_id

        compiler_type: None | str | Unset
        if isinstance(self.compiler_type, Unset):
            compiler_type = UNSET
        else:
            compiler_type = self.compiler_type

        compiler_version: None | str | Unset
        if isinstance(self.compiler_version, Unset):
            compiler_version = UNSET
        else:
            compiler_version = self.compiler_version

        source_hash: None | str | Unset
        if isinstance(self.source_hash, Unset):
            source_hash = UNSET
        else:
            source_hash = self.source_hash

        engine_id: None | str | Unset
        if isinstance(self.engine_id, Unset):
            engine_id = UNSET
        else:
            engine_id = self.engine_id

        correlation_id = self.correlation_id

        parameterset_version_id: None | str | Unset
        if isinstance(self.parameterset_version_id, Unset):
            parameterset_version_id = UNSET
        else:
            parameterset_version_id = self.parameterset_version_id

        spark_total_time: float | None | Unset
        if isinstance(self.spark_total_time, Unset):
            spark_total_time = UNSET
        else:
            spark_total_time = self.spark_total_time

        response_data_inputs = self.response_data_inputs

        service_category = self.service_category

        array_outputs = self.array_outputs

        allow_range_address = self.allow_range_address

        validation_type = self.validation_type

        system: None | str | Unset
        if isinstance(self.system, Unset):
            system = UNSET
        else:
            system = self.system

        request_timestamp: None | str | Unset
        if isinstance(self.request_timestamp, Unset):
            request_timestamp = UNSET
        else:
            request_timestamp = self.request_timestamp

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if service_id is not UNSET:
            field_dict["service_id"] = service_id
        if version_id is not UNSET:
            field_dict["version_id"] = version_id
        if version is not UNSET:
            field_dict["version"] = version
        if process_time is not UNSET:
            field_dict["process_time"] = process_time
        if call_id is not UNSET:
            field_dict["call_id"] = call_id
        if compiler_type is not UNSET:
            field_dict["compiler_type"] = compiler_type
        if compiler_version is not UNSET:
            field_dict["compiler_version"] = compiler_version
        if source_hash is not UNSET:
            field_dict["source_hash"] = source_hash
        if engine_id is not UNSET:
            field_dict["engine_id"] = engine_id
        if correlation_id is not UNSET:
            field_dict["correlation_id"] = correlation_id
        if parameterset_version_id is not UNSET:
            field_dict["parameterset_version_id"] = parameterset_version_id
        if spark_total_time is not UNSET:
            field_dict["spark_total_time"] = spark_total_time
        if response_data_inputs is not UNSET:
            field_dict["response_data_inputs"] = response_data_inputs
        if service_category is not UNSET:
            field_dict["service_category"] = service_category
        if array_outputs is not UNSET:
            field_dict["array_outputs"] = array_outputs
        if allow_range_address is not UNSET:
            field_dict["allow_range_address"] = allow_range_address
        if validation_type is not UNSET:
            field_dict["validation_type"] = validation_type
        if system is not UNSET:
            field_dict["system"] = system
        if request_timestamp is not UNSET:
            field_dict["request_timestamp"] = request_timestamp

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

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

        def _parse_process_time(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        process_time = _parse_process_time(d.pop("process_time", UNSET))

        def _parse_call_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        call_id = _parse_call_id(d.pop("call_id", UNSET))

        def _parse_compiler_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        compiler_type = _parse_compiler_type(d.pop("compiler_type", UNSET))

        def _parse_compiler_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        compiler_version = _parse_compiler_version(d.pop("compiler_version", UNSET))

        def _parse_source_hash(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        source_hash = _parse_source_hash(d.pop("source_hash", UNSET))

        def _parse_engine_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        engine_id = _parse_engine_id(d.pop("engine_id", UNSET))

        correlation_id = d.pop("correlation_id", UNSET)

        def _parse_parameterset_version_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        parameterset_version_id = _parse_parameterset_version_id(d.pop("parameterset_version_id", UNSET))

        def _parse_spark_total_time(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        spark_total_time = _parse_spark_total_time(d.pop("spark_total_time", UNSET))

        response_data_inputs = d.pop("response_data_inputs", UNSET)

        service_category = d.pop("service_category", UNSET)

        array_outputs = d.pop("array_outputs", UNSET)

        allow_range_address = d.pop("allow_range_address", UNSET)

        validation_type = d.pop("validation_type", UNSET)

        def _parse_system(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        system = _parse_system(d.pop("system", UNSET))

        def _parse_request_timestamp(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        request_timestamp = _parse_request_timestamp(d.pop("request_timestamp", UNSET))

        response_meta = cls(
            service_id=service_id,
            version_id=version_id,
            version=version,
            process_time=process_time,
            call_id=call_id,
            compiler_type=compiler_type,
            compiler_version=compiler_version,
            source_hash=source_hash,
            engine_id=engine_id,
            correlation_id=correlation_id,
            parameterset_version_id=parameterset_version_id,
            spark_total_time=spark_total_time,
            response_data_inputs=response_data_inputs,
            service_category=service_category,
            array_outputs=array_outputs,
            allow_range_address=allow_range_address,
            validation_type=validation_type,
            system=system,
            request_timestamp=request_timestamp,
        )

        response_meta.additional_properties = d
        return response_meta

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
