"""What was read of an answer is freed with it."""

from __future__ import annotations

import gc
import weakref

from cspark.wasm._http.answer_reader import AnswerReader


def test_an_answer_that_was_read_leaves_nothing_for_the_garbage_collector() -> None:
    reader = AnswerReader('GET')
    kept = weakref.ref(reader)
    gc.disable()
    try:
        reader.feed(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
        assert reader.is_complete
        del reader
        assert kept() is None
    finally:
        gc.enable()
