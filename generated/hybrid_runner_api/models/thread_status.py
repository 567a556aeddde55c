from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ThreadStatus")


@_attrs_define
class ThreadStatus:
    """One instance of a model.

    Attributes:
        init_time_ms (float | None | Unset): How long it took to load.
        init_memory_mb (float | None | Unset): Its memory when it was loaded.
        uptime_ms (float | None | Unset): Since it was loaded.
        peak_memory_mb (float | None | Unset): The most memory that it used.
        last_execute_consume_memory_mb (float | None | Unset): What its last call added.
        current_memory_mb (float | None | Unset): Its memory now.
    """

    init_time_ms: float | None | Unset = UNSET
    init_memory_mb: float | None | Unset = UNSET
    uptime_ms: float | None | Unset = UNSET
    peak_memory_mb: float | None | Unset = UNSET
    last_execute_consume_memory_mb: float | None | Unset = UNSET
    current_memory_mb: float | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        init_time_ms: float | None | Unset
        if isinstance(self.init_time_ms, Unset):
            init_time_ms = UNSET
        else:
            init_time_ms = self.init_time_ms

        init_memory_mb: float | None | Unset
        if isinstance(self.init_memory_mb, Unset):
            init_memory_mb = UNSET
        else:
            init_memory_mb = self.init_memory_mb

        uptime_ms: float | None | Unset
        if isinstance(self.uptime_ms, Unset):
            uptime_ms = UNSET
        else:
            uptime_ms = self.uptime_ms

        peak_memory_mb: float | None | Unset
        if isinstance(self.peak_memory_mb, Unset):
            peak_memory_mb = UNSET
        else:
            peak_memory_mb = self.peak_memory_mb

        last_execute_consume_memory_mb: float | None | Unset
        if isinstance(self.last_execute_consume_memory_mb, Unset):
            last_execute_consume_memory_mb = UNSET
        else:
            last_execute_consume_memory_mb = self.last_execute_consume_memory_mb

        current_memory_mb: float | None | Unset
        if isinstance(self.current_memory_mb, Unset):
            current_memory_mb = UNSET
        else:
            current_memory_mb = self.current_memory_mb

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if init_time_ms is not UNSET:
            field_dict["init_time_ms"] = init_time_ms
        if init_memory_mb is not UNSET:
            field_dict["init_memory_mb"] = init_memory_mb
        if uptime_ms is not UNSET:
            field_dict["uptime_ms"] = uptime_ms
        if peak_memory_mb is not UNSET:
            field_dict["peak_memory_mb"] = peak_memory_mb
        if last_execute_consume_memory_mb is not UNSET:
            field_dict["last_execute_consume_memory_mb"] = last_execute_consume_memory_mb
        if current_memory_mb is not UNSET:
            field_dict["current_memory_mb"] = current_memory_mb

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_init_time_ms(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        init_time_ms = _parse_init_time_ms(d.pop("init_time_ms", UNSET))

        def _parse_init_memory_mb(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        init_memory_mb = _parse_init_memory_mb(d.pop("init_memory_mb", UNSET))

        def _parse_uptime_ms(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        uptime_ms = _parse_uptime_ms(d.pop("uptime_ms", UNSET))

        def _parse_peak_memory_mb(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        peak_memory_mb = _parse_peak_memory_mb(d.pop("peak_memory_mb", UNSET))

        def _parse_last_execute_consume_memory_mb(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        last_execute_consume_memory_mb = _parse_last_execute_consume_memory_mb(
            d.pop("last_execute_consume_memory_mb", UNSET)
        )

        def _parse_current_memory_mb(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        current_memory_mb = _parse_current_memory_mb(d.pop("current_memory_mb", UNSET))

        thread_status = cls(
            init_time_ms=init_time_ms,
            init_memory_mb=init_memory_mb,
            uptime_ms=uptime_ms,
            peak_memory_mb=peak_memory_mb,
            last_execute_consume_memory_mb=last_execute_consume_memory_mb,
            current_memory_mb=current_memory_mb,
        )

        thread_status.additional_properties = d
        return thread_status

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
