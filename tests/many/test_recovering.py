"""After a runner was busy, as many calls as the caller allows are under way again."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from support.many import URI, Squares, areas, calling, execute_many, squares
from support.worlds import World

COUNT = 200
ALLOWED = 4


@pytest.mark.thorough
def test_all_calls_that_are_allowed_are_under_way_again_after_a_pause(world: World, squarer: Squares) -> None:
    squarer.busy = iter([200, 503])
    meeting = threading.Barrier(ALLOWED, timeout=10)
    met = threading.Event()
    answer = squarer.answer

    def answer_together(inputs: list[Any]) -> tuple[int, Any]:
        """Hold a later call until there are as many as are allowed, once."""
        if inputs[0]['side'] >= COUNT // 2 and not met.is_set():
            meeting.wait()
            met.set()
        return answer(inputs)

    squarer.answer = answer_together  # type: ignore[method-assign]
    with calling(world, squarer) as client:
        results = execute_many(client, URI, squares(COUNT), chunk_size=2, concurrency=ALLOWED)
        assert areas(results) == [side**2 for side in range(COUNT)]
    assert met.is_set()
    assert squarer.peak <= ALLOWED
