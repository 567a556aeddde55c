"""Contains all the data models used in inputs/outputs"""

from .content_encoding import ContentEncoding
from .engine_information import EngineInformation
from .error_answer import ErrorAnswer
from .error_description import ErrorDescription
from .execute_answer import ExecuteAnswer
from .execute_many_answer import ExecuteManyAnswer
from .execute_many_request import ExecuteManyRequest
from .execute_request import ExecuteRequest
from .health_status import HealthStatus
from .input_description import InputDescription
from .metadata_meta import MetadataMeta
from .metadata_request import MetadataRequest
from .model_status import ModelStatus
from .output_description import OutputDescription
from .request_data import RequestData
from .request_meta import RequestMeta
from .response_data import ResponseData
from .response_meta import ResponseMeta
from .runner_status import RunnerStatus
from .runner_version import RunnerVersion
from .tenant_status import TenantStatus
from .thread_status import ThreadStatus
from .thread_statuses import ThreadStatuses
from .upload_answer import UploadAnswer
from .upload_request import UploadRequest
from .uploaded_service import UploadedService
from .uploaded_tenant import UploadedTenant
from .validation_meta import ValidationMeta
from .validation_request import ValidationRequest

__all__ = (
    "ContentEncoding",
    "EngineInformation",
    "ErrorAnswer",
    "ErrorDescription",
    "ExecuteAnswer",
    "ExecuteManyAnswer",
    "ExecuteManyRequest",
    "ExecuteRequest",
    "HealthStatus",
    "InputDescription",
    "MetadataMeta",
    "MetadataRequest",
    "ModelStatus",
    "OutputDescription",
    "RequestData",
    "RequestMeta",
    "ResponseData",
    "ResponseMeta",
    "RunnerStatus",
    "RunnerVersion",
    "TenantStatus",
    "ThreadStatus",
    "ThreadStatuses",
    "UploadAnswer",
    "UploadedService",
    "UploadedTenant",
    "UploadRequest",
    "ValidationMeta",
    "ValidationRequest",
)
