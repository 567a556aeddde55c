"""The types of answers in `results.py`, compared with the generated models. Only type checkers read this.

If the OpenAPI document renames a field of an answer or changes its type, type checkers report the line of that field
here. Then change the field in the `TypedDict`, and wherever it is read.
"""

from __future__ import annotations

from typing import TypeVar

from hybrid_runner_api import models
from hybrid_runner_api.types import Unset

from ..results import ExecutedData, Health, RunnerState, ServiceAnswer, Uploaded, VersionInfo

__all__ = ['alike_as_documented', 'answers_as_documented']

Field = TypeVar('Field')


def given(field: Field | Unset) -> Field:
    """A field of an answer that the runner has sent."""
    raise NotImplementedError


def answers_as_documented(
    health: models.HealthStatus,
    version: models.RunnerVersion,
    state: models.RunnerStatus,
    uploaded: models.UploadAnswer,
    answer: models.ExecuteAnswer,
    many: models.ExecuteManyAnswer,
) -> tuple[Health, VersionInfo, RunnerState, Uploaded, ServiceAnswer, ExecutedData]:
    """Build each `TypedDict` of `results.py` from its generated model."""
    models_by_tenant, tenants = given(state.models), given(uploaded.response_data)
    data, meta = given(answer.response_data), given(answer.response_meta)
    return (
        {'msg': given(health.msg)},
        {
            'lastPullDate': given(version.last_pull_date),
            'filehash': given(version.filehash),
            'version': given(version.version),
        },
        {
            'models': [one.to_dict() for one in models_by_tenant or []],
            'memory_usage_mb': given(state.memory_usage_mb),
            'memory_limit_mb': given(state.memory_limit_mb),
        },
        {'response_data': [one.to_dict() for one in tenants or []]},
        {
            'status': given(answer.status),
            'error': given(answer.error),
            'response_data': data.to_dict() if data else {},
            'response_meta': meta.to_dict() if meta else {},
        },
        {
            'outputs': given(many.outputs),
            'process_time': given(many.process_time),
            'warnings': given(many.warnings),
            'errors': given(many.errors),
            'service_chain': given(many.service_chain),
            'service_id': given(many.service_id),
            'version_id': given(many.version_id),
            'version': given(many.version),
            'call_id': given(many.call_id),
            'compiler_version': given(many.compiler_version),
            'correlation_id': given(many.correlation_id),
            'request_timestamp': given(many.request_timestamp),
        },
    )


def alike_as_documented(data: models.ResponseData, meta: models.ResponseMeta) -> ExecutedData:
    """Build what `alike` in `results.py` makes of a v3 answer."""
    return {
        'outputs': [given(data.outputs)],
        'process_time': [given(meta.process_time)],
        'warnings': [given(data.warnings)],
        'errors': [given(data.errors)],
        'service_chain': [given(data.service_chain)],
        'service_id': given(meta.service_id),
        'version_id': given(meta.version_id),
        'version': given(meta.version),
        'call_id': given(meta.call_id),
        'compiler_version': given(meta.compiler_version),
        'correlation_id': given(meta.correlation_id),
        'request_timestamp': given(meta.request_timestamp),
    }
