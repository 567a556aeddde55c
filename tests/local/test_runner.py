"""`LocalRunner` as an object: the clients that it makes."""

from __future__ import annotations

from typing import Any

import pytest

import cspark.wasm as Hybrid
from support.packages import CYLINDER


@pytest.mark.thorough
@pytest.mark.parametrize('method', ['client', 'async_client'])
def test_clients_take_what_clients_take_and_say_so(method: str) -> None:
    with Hybrid.LocalRunner(CYLINDER, instances=1) as runner:
        make: Any = getattr(runner, method)
        with pytest.raises(Hybrid.SparkSdkError, match=r"no argument 'timeuot'; did you mean 'timeout'"):
            make(timeuot=5)
        with pytest.raises(Hybrid.SparkSdkError, match='takes no base_url'):
            make(base_url='http://localhost:3000')
        assert make(tenant='another', timeout=500).config.timeout == 500
        assert make(api_key='a-key').config.auth.is_open is False
        assert make().config.auth.is_open
