"""The API's document has the operations that the runner is known to have."""

from __future__ import annotations

from collections import Counter

from contract.document import OPERATIONS

KNOWN = """
GET  /healthcheck
GET  /version
GET  /status
POST /api/v3/upload
POST /upload
POST /{tenant}/api/v3/folders/{folder}/services/{service}/execute
POST /{tenant}/api/v3/service/{service_id}
POST /{tenant}/api/v3/version/{version_id}
POST /{tenant}/api/v3/proxy/{endpoint}
POST /{tenant}/api/v3/public/folders/{folder}/services/{service}/execute
POST /{tenant}/api/v3/public/service/{service_id}
POST /{tenant}/api/v3/public/version/{version_id}
POST /{tenant}/api/v3/public/proxy/{endpoint}
POST /{tenant}/api/v3/execute
POST /{tenant}/api/v3
POST /{tenant}/api/v3/public/execute
POST /{tenant}/api/v3/public
POST /{tenant}/api/v4/execute
POST /{tenant}/api/v4/public/execute
POST /{tenant}/api/v3/validation
POST /{tenant}/api/v3/metadata
"""


def test_the_operations_are_the_known_ones_and_no_others() -> None:
    known = Counter(tuple(line.split()) for line in KNOWN.strip().splitlines())
    assert Counter((operation.method.upper(), operation.path) for operation in OPERATIONS) == known
