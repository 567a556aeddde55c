"""What is said of a name that is not known."""

from __future__ import annotations

from cspark.wasm._suggestion import suggest


def test_a_similar_name_is_suggested_and_otherwise_all_are_listed() -> None:
    assert suggest('hieght', ['height', 'radius'], 'it has') == "did you mean 'height'?"
    assert suggest('colour', ['height', 'radius'], 'it has') == 'it has height, radius'


def test_a_list_of_thousands_is_cut_and_says_how_many_are_left() -> None:
    told = suggest('colour', [f'n{index}' for index in range(2050)], 'they have')
    assert told.startswith('they have n0, n1, ')
    assert told.endswith(', n49 and 2,000 more')
