from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.engine_information import EngineInformation
    from ..models.input_description import InputDescription
    from ..models.output_description import OutputDescription


T = TypeVar("T", bound="UploadedService")


@_attrs_define
class UploadedService:
    """One version of a service, as the package describes it (`ModelMetaData.json`).

    Attributes:
        effective_start_date (None | str | Unset): When the version takes effect, ISO 8601.
        effective_end_date (None | str | Unset): When the version ceases to be in effect, ISO 8601.
        engine_information (EngineInformation | None | Unset):
        x_input_table (list[InputDescription] | None | Unset): The inputs.
        x_output_table (list[OutputDescription] | None | Unset): The outputs.
        version_id (None | str | Unset): The version's UUID.
        has_signature_chain (Any | Unset): Whether the package is signed.
    """

    effective_start_date: None | str | Unset = UNSET
    effective_end_date: None | str | Unset = UNSET
    engine_information: EngineInformation | None | Unset = UNSET
    x_input_table: list[InputDescription] | None | Unset = UNSET
    x_output_table: list[OutputDescription] | None | Unset = UNSET
    version_id: None | str | Unset = UNSET
    has_signature_chain: Any | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.engine_information import EngineInformation  # noqa: PLC0415

        effective_start_date: None | str | Unset
        if isinstance(self.effective_start_date, Unset):
            effective_start_date = UNSET
        else:
            effective_start_date = self.effective_start_date

        effective_end_date: None | str | Unset
        if isinstance(self.effective_end_date, Unset):
            effective_end_date = UNSET
        else:
            effective_end_date = self.effective_end_date

        engine_information: dict[str, Any] | None | Unset
        if isinstance(self.engine_information, Unset):
            engine_information = UNSET
        elif isinstance(self.engine_information, EngineInformation):
            engine_information = self.engine_information.to_dict()
        else:
            engine_information = self.engine_information

        x_input_table: list[dict[str, Any]] | None | Unset
        if isinstance(self.x_input_table, Unset):
            x_input_table = UNSET
        elif isinstance(self.x_input_table, list):
            x_input_table = []
            for x_input_table_type_0_item_data in self.x_input_table:
                x_input_table_type_0_item = x_input_table_type_0_item_data.to_dict()
                x_input_table.append(x_input_table_type_0_item)

        else:
            x_input_table = self.x_input_table

        x_output_table: list[dict[str, Any]] | None | Unset
        if isinstance(self.x_output_table, Unset):
            x_output_table = UNSET
        elif isinstance(self.x_output_table, list):
            x_output_table = []
            for x_output_table_type_0_item_data in self.x_output_table:
                x_output_table_type_0_item = x_output_table_type_0_item_data.to_dict()
                x_output_table.append(x_output_table_type_0_item)

        else:
            x_output_table = self.x_output_table

        version_id: None | str | Unset
        if isinstance(self.version_id, Unset):
            version_id = UNSET
        else:
            version_id = self.version_id

        has_signature_chain = self.has_signature_chain

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if effective_start_date is not UNSET:
            field_dict["EffectiveStartDate"] = effective_start_date
        if effective_end_date is not UNSET:
            field_dict["EffectiveEndDate"] = effective_end_date
        if engine_information is not UNSET:
            field_dict["EngineInformation"] = engine_information
        if x_input_table is not UNSET:
            field_dict["XInputTable"] = x_input_table
        if x_output_table is not UNSET:
            field_dict["XOutputTable"] = x_output_table
        if version_id is not UNSET:
            field_dict["VersionId"] = version_id
        if has_signature_chain is not UNSET:
            field_dict["HasSignatureChain"] = has_signature_chain

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.engine_information import EngineInformation  # noqa: PLC0415
        from ..models.input_description import InputDescription  # noqa: PLC0415
        from ..models.output_description import OutputDescription  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_effective_start_date(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        effective_start_date = _parse_effective_start_date(d.pop("EffectiveStartDate", UNSET))

        def _parse_effective_end_date(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        effective_end_date = _parse_effective_end_date(d.pop("EffectiveEndDate", UNSET))

        def _parse_engine_information(data: object) -> EngineInformation | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                engine_information_type_0 = EngineInformation.from_dict(data)

                return engine_information_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EngineInformation | None | Unset, data)

        engine_information = _parse_engine_information(d.pop("EngineInformation", UNSET))

        def _parse_x_input_table(data: object) -> list[InputDescription] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                x_input_table_type_0 = []
                _x_input_table_type_0 = data
                for x_input_table_type_0_item_data in _x_input_table_type_0:
                    x_input_table_type_0_item = InputDescription.from_dict(x_input_table_type_0_item_data)

                    x_input_table_type_0.append(x_input_table_type_0_item)

                return x_input_table_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[InputDescription] | None | Unset, data)

        x_input_table = _parse_x_input_table(d.pop("XInputTable", UNSET))

        def _parse_x_output_table(data: object) -> list[OutputDescription] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                x_output_table_type_0 = []
                _x_output_table_type_0 = data
                for x_output_table_type_0_item_data in _x_output_table_type_0:
                    x_output_table_type_0_item = OutputDescription.from_dict(x_output_table_type_0_item_data)

                    x_output_table_type_0.append(x_output_table_type_0_item)

                return x_output_table_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[OutputDescription] | None | Unset, data)

        x_output_table = _parse_x_output_table(d.pop("XOutputTable", UNSET))

        def _parse_version_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        version_id = _parse_version_id(d.pop("VersionId", UNSET))

        has_signature_chain = d.pop("HasSignatureChain", UNSET)

        uploaded_service = cls(
            effective_start_date=effective_start_date,
            effective_end_date=effective_end_date,
            engine_information=engine_information,
            x_input_table=x_input_table,
            x_output_table=x_output_table,
            version_id=version_id,
            has_signature_chain=has_signature_chain,
        )

        uploaded_service.additional_properties = d
        return uploaded_service

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
