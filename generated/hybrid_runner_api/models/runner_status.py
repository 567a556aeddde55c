from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.tenant_status import TenantStatus


T = TypeVar("T", bound="RunnerStatus")


@_attrs_define
class RunnerStatus:
    """What the runner has loaded.

    Attributes:
        models (list[TenantStatus] | None | Unset): One entry a tenant.
        memory_usage_mb (float | None | Unset): Memory of the runner, in MB.
        memory_limit_mb (float | None | Unset): Memory that the runner may use, in MB.
    """

    models: list[TenantStatus] | None | Unset = UNSET
    memory_usage_mb: float | None | Unset = UNSET
    memory_limit_mb: float | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        models: list[dict[str, Any]] | None | Unset
        if isinstance(self.models, Unset):
            models = UNSET
        elif isinstance(self.models, list):
            models = []
            for models_type_0_item_data in self.models:
                models_type_0_item = models_type_0_item_data.to_dict()
                models.append(models_type_0_item)

        else:
            models = self.models

        memory_usage_mb: float | None | Unset
        if isinstance(self.memory_usage_mb, Unset):
            memory_usage_mb = UNSET
        else:
            memory_usage_mb = self.memory_usage_mb

        memory_limit_mb: float | None | Unset
        if isinstance(self.memory_limit_mb, Unset):
            memory_limit_mb = UNSET
        else:
            memory_limit_mb = self.memory_limit_mb

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if models is not UNSET:
            field_dict["models"] = models
        if memory_usage_mb is not UNSET:
            field_dict["memory_usage_mb"] = memory_usage_mb
        if memory_limit_mb is not UNSET:
            field_dict["memory_limit_mb"] = memory_limit_mb

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.tenant_status import TenantStatus  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_models(data: object) -> list[TenantStatus] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                models_type_0 = []
                _models_type_0 = data
                for models_type_0_item_data in _models_type_0:
                    models_type_0_item = TenantStatus.from_dict(models_type_0_item_data)

                    models_type_0.append(models_type_0_item)

                return models_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[TenantStatus] | None | Unset, data)

        models = _parse_models(d.pop("models", UNSET))

        def _parse_memory_usage_mb(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        memory_usage_mb = _parse_memory_usage_mb(d.pop("memory_usage_mb", UNSET))

        def _parse_memory_limit_mb(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        memory_limit_mb = _parse_memory_limit_mb(d.pop("memory_limit_mb", UNSET))

        runner_status = cls(
            models=models,
            memory_usage_mb=memory_usage_mb,
            memory_limit_mb=memory_limit_mb,
        )

        runner_status.additional_properties = d
        return runner_status

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
