"""A term life policy: premium, riders and the course of its reserve.

Written by `cspark-wasm types`. Write it again when the service changes; do not edit it.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from datetime import date
from typing import Any, Final, Literal, TypedDict, Unpack

import cspark.wasm as Hybrid

URI: Final = "insurance/term-life[0.3.0]"


class TermLifeInputs(TypedDict, total=False):
    """The inputs. One that is left out has its default."""

    birth_date: date | str
    """From 1900-01-01 to 2044-01-01. The default is 1990-06-15."""

    start_date: date | str
    """From 2000-01-01 to 2044-01-01. The default is 2026-01-01."""

    smoker: Literal["yes", "no"]
    """The default is no."""

    sum_assured: float
    """From 10000 to 2000000. The default is 250000."""

    term_years: int
    """From 1 to 40. The default is 20."""

    interest_rate: float
    """From 0 to 0.1. The default is 0.02."""

    frequency: Literal["annual", "half-yearly", "quarterly", "monthly"]
    """The default is monthly."""

    riders: list[dict[str, Any]]


class TermLifeRiderPremiumsRow(TypedDict):
    """A row of the output `rider_premiums`."""

    rider: str
    sum_assured: float
    premium: float


class TermLifeScheduleRow(TypedDict):
    """A row of the output `schedule`."""

    year: float
    date: str
    age: float
    in_force: float
    reserve: float


class TermLifeOutputs(TypedDict):
    """The outputs of a record."""

    age: float
    rider_premiums: list[TermLifeRiderPremiumsRow]
    net_premium: float
    annual_premium: float
    instalment: float
    end_date: str
    risk_class: str
    schedule: list[TermLifeScheduleRow]


class TermLife:
    """The service `insurance/term-life[0.3.0]`, called by a `Client`.

    Args:
        client: The client.
    """

    def __init__(self, client: Hybrid.Client) -> None:
        self._services = client.services

    def execute(
        self,
        inputs: TermLifeInputs,
        **options: Unpack[Hybrid.RecordOptions],
    ) -> Hybrid.ServiceExecuted[Hybrid.ExecutedData, TermLifeOutputs]:
        """Execute one record. An input that is left out has its default."""
        return self._services.execute(
            URI,
            inputs=inputs,
            outputs=TermLifeOutputs,
            **options,
        )

    def execute_many(
        self,
        inputs: Iterable[TermLifeInputs] | Hybrid.TableLike,
        **options: Unpack[Hybrid.ManyOptions],
    ) -> Hybrid.ManyResults[TermLifeOutputs]:
        """Execute many records: an iterable, a data frame, or the path of a file."""
        return self._services.execute_many(
            URI,
            inputs,
            outputs=TermLifeOutputs,
            **options,
        )

    def validate(
        self,
        inputs: TermLifeInputs,
        validation_type: Literal["static", "dynamic"] | None = None,
        **options: Unpack[Hybrid.CallOptions],
    ) -> Hybrid.HttpResponse[Hybrid.ServiceAnswer]:
        """Check inputs by the rules of the service."""
        return self._services.validate(
            version_id="b7d41c52-9c1f-4e7a-8d2b-5f3e9a600300",
            inputs=inputs,
            validation_type=validation_type,
            **options,
        )


class AsyncTermLife:
    """The service `insurance/term-life[0.3.0]`, called by an `AsyncClient`.

    Args:
        client: The client.
    """

    def __init__(self, client: Hybrid.AsyncClient) -> None:
        self._services = client.services

    async def execute(
        self,
        inputs: TermLifeInputs,
        **options: Unpack[Hybrid.RecordOptions],
    ) -> Hybrid.ServiceExecuted[Hybrid.ExecutedData, TermLifeOutputs]:
        """Execute one record. An input that is left out has its default."""
        return await self._services.execute(
            URI,
            inputs=inputs,
            outputs=TermLifeOutputs,
            **options,
        )

    def execute_many(
        self,
        inputs: AsyncIterable[TermLifeInputs] | Hybrid.TableLike,
        **options: Unpack[Hybrid.ManyOptions],
    ) -> Hybrid.AsyncManyResults[TermLifeOutputs]:
        """Execute many records: an iterable, a data frame, or the path of a file."""
        return self._services.execute_many(
            URI,
            inputs,
            outputs=TermLifeOutputs,
            **options,
        )

    async def validate(
        self,
        inputs: TermLifeInputs,
        validation_type: Literal["static", "dynamic"] | None = None,
        **options: Unpack[Hybrid.CallOptions],
    ) -> Hybrid.HttpResponse[Hybrid.ServiceAnswer]:
        """Check inputs by the rules of the service."""
        return await self._services.validate(
            version_id="b7d41c52-9c1f-4e7a-8d2b-5f3e9a600300",
            inputs=inputs,
            validation_type=validation_type,
            **options,
        )
