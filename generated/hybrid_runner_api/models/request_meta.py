from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="RequestMeta")


@_attrs_define
class RequestMeta:
    """How to compute it. A field that is null or left out has its default.

    Attributes:
        service_id (None | str | Unset): The service's UUID.
        service_uuid (None | str | Unset): The same as `service_id`.
        service_uri (None | str | Unset): The service: `folders/F/services/S`, `F/S` or `F/S[version]`.
        version_id (None | str | Unset): The version's UUID. It goes before the others.
        version_uuid (None | str | Unset): The same as `version_id`.
        version (None | str | Unset): The version, or the start of one: `1.4` is the newest that starts with 1.4.
        parameterset_version_id (None | str | Unset): The version of a set of parameters.
        transaction_date (None | str | Unset): A moment, ISO 8601: the newest version in effect then.
        call_purpose (None | str | Unset): Why the call is made. For the record.
        source_system (None | str | Unset): Where the call comes from. For the record.
        correlation_id (Any | Unset): The caller's own id for the call, text or a number. It comes back in the answer as
            it was.
        allow_range_address (bool | None | Unset): Whether inputs and outputs may be named by their cells.
        validation_type (None | str | Unset): Comes back in the answer. The operation `validation` acts on it.
        xreport_options (Any | Unset): Options of reports.
        array_outputs (Any | Unset): Tables to return as arrays (a header row, then value rows): a comma-separated
            string or a list of names.
        compiler_type (None | str | Unset): The kind of engine; a runner knows `Neuron`.
        debug_solve (bool | None | Unset): Debug solve functions.
        requested_output (Any | Unset): Outputs to return: a comma-separated string or a list of names.
        requested_output_regex (None | str | Unset): Outputs to return, by a regular expression that matches a whole
            name, in any case.
        response_data_inputs (bool | None | Unset): Whether to return the inputs too.
        service_category (Any | Unset): Subservices whose outputs to return: a comma-separated string or a list of
            names.
        excel_file (bool | None | Unset): Whether to return the workbook. A runner does not.
    """

    service_id: None | str | Unset = UNSET
    service_uuid: None | str | Unset = UNSET
    service_uri: None | str | Unset = UNSET
    version_id: None | str | Unset = UNSET
    version_uuid: None | str | Unset = UNSET
    version: None | str | Unset = UNSET
    parameterset_version_id: None | str | Unset = UNSET
    transaction_date: None | str | Unset = UNSET
    call_purpose: None | str | Unset = UNSET
    source_system: None | str | Unset = UNSET
    correlation_id: Any | Unset = UNSET
    allow_range_address: bool | None | Unset = UNSET
    validation_type: None | str | Unset = UNSET
    xreport_options: Any | Unset = UNSET
    array_outputs: Any | Unset = UNSET
    compiler_type: None | str | Unset = UNSET
    debug_solve: bool | None | Unset = UNSET
    requested_output: Any | Unset = UNSET
    requested_output_regex: None | str | Unset = UNSET
    response_data_inputs: bool | None | Unset = UNSET
    service_category: Any | Unset = UNSET
    excel_file: bool | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        service_id: None | str | Unset
        if isinstance(self.service_id, Unset):
            service_id = UNSET
        else:
            service_id = self.service_id

        service_uuid: None | str | Unset
        if isinstance(self.service_uuid, Unset):
            service_uuid = UNSET
        else:
            service_uuid = self.service_uuid

        service_uri: None | str | Unset
        if isinstance(self.service_uri, Unset):
            service_uri = UNSET
        else:
            service_uri = self.service_uri

        version_id: None | str | Unset
        if isinstance(self.version_id, Unset):
            version_id = UNSET
        else:
            version_id = self.version_id

        version_uuid: None | str | Unset
        if isinstance(self.version_uuid, Unset):
            version_uuid = UNSET
        else:
            version_uuid = self.version_uuid

        version: None | str | Unset
        if isinstance(self.version, Unset):
            version = UNSET
        else:
            version = self.version

        parameterset_version_id: None | str | Unset
        if isinstance(self.parameterset_version_id, Unset):
            parameterset_version_id = UNSET
        else:
            parameterset_version_id = self.parameterset_version_id

        transaction_date: None | str | Unset
        if isinstance(self.transaction_date, Unset):
            transaction_date = UNSET
        else:
            transaction_date = self.transaction_date

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

        allow_range_address: bool | None | Unset
        if isinstance(self.allow_range_address, Unset):
            allow_range_address = UNSET
        else:
            allow_range_address = self.allow_range_address

        validation_type: None | str | Unset
        if isinstance(self.validation_type, Unset):
            validation_type = UNSET
        else:
            validation_type = self.validation_type

        xreport_options = self.xreport_options

        array_outputs = self.array_outputs

        compiler_type: None | str | Unset
        if isinstance(self.compiler_type, Unset):
            compiler_type = UNSET
        else:
            compiler_type = self.compiler_type

        debug_solve: bool | None | Unset
        if isinstance(self.debug_solve, Unset):
            debug_solve = UNSET
        else:
            debug_solve = self.debug_solve

        requested_output = self.requested_output

        requested_output_regex: None | str | Unset
        if isinstance(self.requested_output_regex, Unset):
            requested_output_regex = UNSET
        else:
            requested_output_regex = self.requested_output_regex

        response_data_inputs: bool | None | Unset
        if isinstance(self.response_data_inputs, Unset):
            response_data_inputs = UNSET
        else:
            response_data_inputs = self.response_data_inputs

        service_category = self.service_category

        excel_file: bool | None | Unset
        if isinstance(self.excel_file, Unset):
            excel_file = UNSET
        else:
            excel_file = self.excel_file

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if service_id is not UNSET:
            field_dict["service_id"] = service_id
        if service_uuid is not UNSET:
            field_dict["service_uuid"] = service_uuid
        if service_uri is not UNSET:
            field_dict["service_uri"] = service_uri
        if version_id is not UNSET:
            field_dict["version_id"] = version_id
        if version_uuid is not UNSET:
            field_dict["version_uuid"] = version_uuid
        if version is not UNSET:
            field_dict["version"] = version
        if parameterset_version_id is not UNSET:
            field_dict["parameterset_version_id"] = parameterset_version_id
        if transaction_date is not UNSET:
            field_dict["transaction_date"] = transaction_date
        if call_purpose is not UNSET:
            field_dict["call_purpose"] = call_purpose
        if source_system is not UNSET:
            field_dict["source_system"] = source_system
        if correlation_id is not UNSET:
            field_dict["correlation_id"] = correlation_id
        if allow_range_address is not UNSET:
            field_dict["allow_range_address"] = allow_range_address
        if validation_type is not UNSET:
            field_dict["validation_type"] = validation_type
        if xreport_options is not UNSET:
            field_dict["xreport_options"] = xreport_options
        if array_outputs is not UNSET:
            field_dict["array_outputs"] = array_outputs
        if compiler_type is not UNSET:
            field_dict["compiler_type"] = compiler_type
        if debug_solve is not UNSET:
            field_dict["debug_solve"] = debug_solve
        if requested_output is not UNSET:
            field_dict["requested_output"] = requested_output
        if requested_output_regex is not UNSET:
            field_dict["requested_output_regex"] = requested_output_regex
        if response_data_inputs is not UNSET:
            field_dict["response_data_inputs"] = response_data_inputs
        if service_category is not UNSET:
            field_dict["service_category"] = service_category
        if excel_file is not UNSET:
            field_dict["excel_file"] = excel_file

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

        def _parse_service_uuid(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        service_uuid = _parse_service_uuid(d.pop("service_uuid", UNSET))

        def _parse_service_uri(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        service_uri = _parse_service_uri(d.pop("service_uri", UNSET))

        def _parse_version_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        version_id = _parse_version_id(d.pop("version_id", UNSET))

        def _parse_version_uuid(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        version_uuid = _parse_version_uuid(d.pop("version_uuid", UNSET))

        def _parse_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        version = _parse_version(d.pop("version", UNSET))

        def _parse_parameterset_version_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        parameterset_version_id = _parse_parameterset_version_id(d.pop("parameterset_version_id", UNSET))

        def _parse_transaction_date(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        transaction_date = _parse_transaction_date(d.pop("transaction_date", UNSET))

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

        def _parse_allow_range_address(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        allow_range_address = _parse_allow_range_address(d.pop("allow_range_address", UNSET))

        def _parse_validation_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        validation_type = _parse_validation_type(d.pop("validation_type", UNSET))

        xreport_options = d.pop("xreport_options", UNSET)

        array_outputs = d.pop("array_outputs", UNSET)

        def _parse_compiler_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        compiler_type = _parse_compiler_type(d.pop("compiler_type", UNSET))

        def _parse_debug_solve(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        debug_solve = _parse_debug_solve(d.pop("debug_solve", UNSET))

        requested_output = d.pop("requested_output", UNSET)

        def _parse_requested_output_regex(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        requested_output_regex = _parse_requested_output_regex(d.pop("requested_output_regex", UNSET))

        def _parse_response_data_inputs(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        response_data_inputs = _parse_response_data_inputs(d.pop("response_data_inputs", UNSET))

        service_category = d.pop("service_category", UNSET)

        def _parse_excel_file(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        excel_file = _parse_excel_file(d.pop("excel_file", UNSET))

        request_meta = cls(
            service_id=service_id,
            service_uuid=service_uuid,
            service_uri=service_uri,
            version_id=version_id,
            version_uuid=version_uuid,
            version=version,
            parameterset_version_id=parameterset_version_id,
            transaction_date=transaction_date,
            call_purpose=call_purpose,
            source_system=source_system,
            correlation_id=correlation_id,
            allow_range_address=allow_range_address,
            validation_type=validation_type,
            xreport_options=xreport_options,
            array_outputs=array_outputs,
            compiler_type=compiler_type,
            debug_solve=debug_solve,
            requested_output=requested_output,
            requested_output_regex=requested_output_regex,
            response_data_inputs=response_data_inputs,
            service_category=service_category,
            excel_file=excel_file,
        )

        request_meta.additional_properties = d
        return request_meta

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
