from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.thread_statuses import ThreadStatuses


T = TypeVar("T", bound="ModelStatus")


@_attrs_define
class ModelStatus:
    """One model, which is one version of a service. Times are in milliseconds, memory in MB.

    Attributes:
        thread_stats (None | ThreadStatuses | Unset):
        memory_usage_mb (float | None | Unset): Memory of all instances.
        uptime_ms (float | None | Unset): Since the model was loaded.
        min_time_ms (float | None | Unset): The shortest record.
        mean_time_ms (float | None | Unset): The mean record.
        p95_time_ms (float | None | Unset): 95 of 100 records took no longer.
        p99_time_ms (float | None | Unset): 99 of 100 records took no longer.
        max_time_ms (float | None | Unset): The longest record.
        busy (int | None | Unset): Instances at work now.
        size (int | None | Unset): Instances in all.
        id (None | str | Unset): The version's id.
        last_use (None | str | Unset): When the model was last called, ISO 8601.
        completed_count (int | None | Unset): Records that were completed.
        running_count (int | None | Unset): Records under way.
        crash_count (int | None | Unset): Instances that were lost because the model aborted.
        timeout_count (int | None | Unset): Instances that were lost to the time limit.
    """

    thread_stats: None | ThreadStatuses | Unset = UNSET
    memory_usage_mb: float | None | Unset = UNSET
    uptime_ms: float | None | Unset = UNSET
    min_time_ms: float | None | Unset = UNSET
    mean_time_ms: float | None | Unset = UNSET
    p95_time_ms: float | None | Unset = UNSET
    p99_time_ms: float | None | Unset = UNSET
    max_time_ms: float | None | Unset = UNSET
    busy: int | None | Unset = UNSET
    size: int | None | Unset = UNSET
    id: None | str | Unset = UNSET
    last_use: None | str | Unset = UNSET
    completed_count: int | None | Unset = UNSET
    running_count: int | None | Unset = UNSET
    crash_count: int | None | Unset = UNSET
    timeout_count: int | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.thread_statuses import ThreadStatuses  # noqa: PLC0415

        thread_stats: dict[str, Any] | None | Unset
        if isinstance(self.thread_stats, Unset):
            thread_stats = UNSET
        elif isinstance(self.thread_stats, ThreadStatuses):
            thread_stats = self.thread_stats.to_dict()
        else:
            thread_stats = self.thread_stats

        memory_usage_mb: float | None | Unset
        if isinstance(self.memory_usage_mb, Unset):
            memory_usage_mb = UNSET
        else:
            memory_usage_mb = self.memory_usage_mb

        uptime_ms: float | None | Unset
        if isinstance(self.uptime_ms, Unset):
            uptime_ms = UNSET
        else:
            uptime_ms = self.uptime_ms

        min_time_ms: float | None | Unset
        if isinstance(self.min_time_ms, Unset):
            min_time_ms = UNSET
        else:
            min_time_ms = self.min_time_ms

        mean_time_ms: float | None | Unset
        if isinstance(self.mean_time_ms, Unset):
            mean_time_ms = UNSET
        else:
            mean_time_ms = self.mean_time_ms

        p95_time_ms: float | None | Unset
        if isinstance(self.p95_time_ms, Unset):
            p95_time_ms = UNSET
        else:
            p95_time_ms = self.p95_time_ms

        p99_time_ms: float | None | Unset
        if isinstance(self.p99_time_ms, Unset):
            p99_time_ms = UNSET
        else:
            p99_time_ms = self.p99_time_ms

        max_time_ms: float | None | Unset
        if isinstance(self.max_time_ms, Unset):
            max_time_ms = UNSET
        else:
            max_time_ms = self.max_time_ms

        busy: int | None | Unset
        if isinstance(self.busy, Unset):
            busy = UNSET
        else:
            busy = self.busy

        size: int | None | Unset
        if isinstance(self.size, Unset):
            size = UNSET
        else:
            size = self.size

        id: None | str | Unset
        if isinstance(self.id, Unset):
            id = UNSET
        else:
            id = self.id

        last_use: None | str | Unset
        if isinstance(self.last_use, Unset):
            last_use = UNSET
        else:
            last_use = self.last_use

        completed_count: int | None | Unset
        if isinstance(self.completed_count, Unset):
            completed_count = UNSET
        else:
            completed_count = self.completed_count

        running_count: int | None | Unset
        if isinstance(self.running_count, Unset):
            running_count = UNSET
        else:
            running_count = self.running_count

        crash_count: int | None | Unset
        if isinstance(self.crash_count, Unset):
            crash_count = UNSET
        else:
            crash_count = self.crash_count

        timeout_count: int | None | Unset
        if isinstance(self.timeout_count, Unset):
            timeout_count = UNSET
        else:
            timeout_count = self.timeout_count

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if thread_stats is not UNSET:
            field_dict["thread_stats"] = thread_stats
        if memory_usage_mb is not UNSET:
            field_dict["memory_usage_mb"] = memory_usage_mb
        if uptime_ms is not UNSET:
            field_dict["uptime_ms"] = uptime_ms
        if min_time_ms is not UNSET:
            field_dict["min_time_ms"] = min_time_ms
        if mean_time_ms is not UNSET:
            field_dict["mean_time_ms"] = mean_time_ms
        if p95_time_ms is not UNSET:
            field_dict["p95_time_ms"] = p95_time_ms
        if p99_time_ms is not UNSET:
            field_dict["p99_time_ms"] = p99_time_ms
        if max_time_ms is not UNSET:
            field_dict["max_time_ms"] = max_time_ms
        if busy is not UNSET:
            field_dict["busy"] = busy
        if size is not UNSET:
            field_dict["size"] = size
        if id is not UNSET:
            field_dict["id"] = id
        if last_use is not UNSET:
            field_dict["last_use"] = last_use
        if completed_count is not UNSET:
            field_dict["completed_count"] = completed_count
        if running_count is not UNSET:
            field_dict["running_count"] = running_count
        if crash_count is not UNSET:
            field_dict["crash_count"] = crash_count
        if timeout_count is not UNSET:
            field_dict["timeout_count"] = timeout_count

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.thread_statuses import ThreadStatuses  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_thread_stats(data: object) -> None | ThreadStatuses | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                thread_stats_type_0 = ThreadStatuses.from_dict(data)

                return thread_stats_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ThreadStatuses | Unset, data)

        thread_stats = _parse_thread_stats(d.pop("thread_stats", UNSET))

        def _parse_memory_usage_mb(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        memory_usage_mb = _parse_memory_usage_mb(d.pop("memory_usage_mb", UNSET))

        def _parse_uptime_ms(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        uptime_ms = _parse_uptime_ms(d.pop("uptime_ms", UNSET))

        def _parse_min_time_ms(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        min_time_ms = _parse_min_time_ms(d.pop("min_time_ms", UNSET))

        def _parse_mean_time_ms(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        mean_time_ms = _parse_mean_time_ms(d.pop("mean_time_ms", UNSET))

        def _parse_p95_time_ms(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        p95_time_ms = _parse_p95_time_ms(d.pop("p95_time_ms", UNSET))

        def _parse_p99_time_ms(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        p99_time_ms = _parse_p99_time_ms(d.pop("p99_time_ms", UNSET))

        def _parse_max_time_ms(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        max_time_ms = _parse_max_time_ms(d.pop("max_time_ms", UNSET))

        def _parse_busy(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        busy = _parse_busy(d.pop("busy", UNSET))

        def _parse_size(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        size = _parse_size(d.pop("size", UNSET))

        def _parse_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        id = _parse_id(d.pop("id", UNSET))

        def _parse_last_use(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        last_use = _parse_last_use(d.pop("last_use", UNSET))

        def _parse_completed_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        completed_count = _parse_completed_count(d.pop("completed_count", UNSET))

        def _parse_running_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        running_count = _parse_running_count(d.pop("running_count", UNSET))

        def _parse_crash_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        crash_count = _parse_crash_count(d.pop("crash_count", UNSET))

        def _parse_timeout_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        timeout_count = _parse_timeout_count(d.pop("timeout_count", UNSET))

        model_status = cls(
            thread_stats=thread_stats,
            memory_usage_mb=memory_usage_mb,
            uptime_ms=uptime_ms,
            min_time_ms=min_time_ms,
            mean_time_ms=mean_time_ms,
            p95_time_ms=p95_time_ms,
            p99_time_ms=p99_time_ms,
            max_time_ms=max_time_ms,
            busy=busy,
            size=size,
            id=id,
            last_use=last_use,
            completed_count=completed_count,
            running_count=running_count,
            crash_count=crash_count,
            timeout_count=timeout_count,
        )

        model_status.additional_properties = d
        return model_status

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
