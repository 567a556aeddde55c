from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.model_status import ModelStatus


T = TypeVar("T", bound="TenantStatus")


@_attrs_define
class TenantStatus:
    """What the runner has loaded for one tenant.

    Attributes:
        tenant (None | str | Unset): The tenant.
        model_stats (list[ModelStatus] | None | Unset): One entry a loaded model.
        total_model (int | None | Unset): How many models are loaded.
        total_instances (int | None | Unset): How many instances these have in all.
    """

    tenant: None | str | Unset = UNSET
    model_stats: list[ModelStatus] | None | Unset = UNSET
    total_model: int | None | Unset = UNSET
    total_instances: int | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        tenant: None | str | Unset
        if isinstance(self.tenant, Unset):
            tenant = UNSET
        else:
            tenant = self.tenant

        model_stats: list[dict[str, Any]] | None | Unset
        if isinstance(self.model_stats, Unset):
            model_stats = UNSET
        elif isinstance(self.model_stats, list):
            model_stats = []
            for model_stats_type_0_item_data in self.model_stats:
                model_stats_type_0_item = model_stats_type_0_item_data.to_dict()
                model_stats.append(model_stats_type_0_item)

        else:
            model_stats = self.model_stats

        total_model: int | None | Unset
        if isinstance(self.total_model, Unset):
            total_model = UNSET
        else:
            total_model = self.total_model

        total_instances: int | None | Unset
        if isinstance(self.total_instances, Unset):
            total_instances = UNSET
        else:
            total_instances = self.total_instances

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if tenant is not UNSET:
            field_dict["tenant"] = tenant
        if model_stats is not UNSET:
            field_dict["model_stats"] = model_stats
        if total_model is not UNSET:
            field_dict["total_model"] = total_model
        if total_instances is not UNSET:
            field_dict["total_instances"] = total_instances

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.model_status import ModelStatus  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_tenant(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        tenant = _parse_tenant(d.pop("tenant", UNSET))

        def _parse_model_stats(data: object) -> list[ModelStatus] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                model_stats_type_0 = []
                _model_stats_type_0 = data
                for model_stats_type_0_item_data in _model_stats_type_0:
                    model_stats_type_0_item = ModelStatus.from_dict(model_stats_type_0_item_data)

                    model_stats_type_0.append(model_stats_type_0_item)

                return model_stats_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[ModelStatus] | None | Unset, data)

        model_stats = _parse_model_stats(d.pop("model_stats", UNSET))

        def _parse_total_model(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        total_model = _parse_total_model(d.pop("total_model", UNSET))

        def _parse_total_instances(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        total_instances = _parse_total_instances(d.pop("total_instances", UNSET))

        tenant_status = cls(
            tenant=tenant,
            model_stats=model_stats,
            total_model=total_model,
            total_instances=total_instances,
        )

        tenant_status.additional_properties = d
        return tenant_status

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
