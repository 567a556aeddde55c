from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="RunnerVersion")


@_attrs_define
class RunnerVersion:
    """What the runner is compatible with.

    Attributes:
        last_pull_date (None | str | Unset): When the engine was last pulled, ISO 8601.
        filehash (None | str | Unset): A hash of the engine's files.
        version (None | str | Unset): The engine's (Neuron) version.
    """

    last_pull_date: None | str | Unset = UNSET
    filehash: None | str | Unset = UNSET
    version: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        last_pull_date: None | str | Unset
        if isinstance(self.last_pull_date, Unset):
            last_pull_date = UNSET
        else:
            last_pull_date = self.last_pull_date

        filehash: None | str | Unset
        if isinstance(self.filehash, Unset):
            filehash = UNSET
        else:
            filehash = self.filehash

        version: None | str | Unset
        if isinstance(self.version, Unset):
            version = UNSET
        else:
            version = self.version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if last_pull_date is not UNSET:
            field_dict["lastPullDate"] = last_pull_date
        if filehash is not UNSET:
            field_dict["filehash"] = filehash
        if version is not UNSET:
            field_dict["version"] = version

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_last_pull_date(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        last_pull_date = _parse_last_pull_date(d.pop("lastPullDate", UNSET))

        def _parse_filehash(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        filehash = _parse_filehash(d.pop("filehash", UNSET))

        def _parse_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        version = _parse_version(d.pop("version", UNSET))

        runner_version = cls(
            last_pull_date=last_pull_date,
            filehash=filehash,
            version=version,
        )

        runner_version.additional_properties = d
        return runner_version

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
