"""The words of the memory film: one, none and many of everything."""

import re

import pytest

import tinylearn as tl
from tinylearn.viz.faces.memory_film import during, places_text


@pytest.mark.parametrize(
    "stored, places, says",
    [
        (1, 1, "1 value is stored in 1 place."),
        (2, 2, "2 values are stored in 2 places: no memory is used again."),
        (2, 1, "2 values are stored in 1 place: 1 is in memory used before."),
        (9, 6, "9 values are stored in 6 places: 3 are in memory used before."),
    ],
)
def test_values_and_places_are_counted_in_good_english(stored, places, says):
    assert places_text(stored, places) == says


def test_kernels_and_places_count_from_one():
    x = tl.Tensor.rand(4, 5)
    text = str(tl.draw(x * 2 + 1, by="memory"))
    assert "while kernel 1 runs" in text and "1 value is stored in 1 place." in text
    assert text.endswith("80 B  kernel 1, place 1")
    assert during({"from": 1, "to": 3}) == "kernels 2 to 4"


def test_what_is_in_memory_already_is_said_to_be_there():
    text = str(tl.draw(tl.Tensor.rand(4, 5), by="memory"))
    assert text.endswith("nothing has to be computed. 80 B of data and weights are in memory.")


def test_each_row_says_how_many_bytes_whatever_its_value_is_called():
    a_very_long_name_of_a_variable = tl.Tensor.rand(64, 64).exp()
    result = a_very_long_name_of_a_variable.sum(0).exp() @ a_very_long_name_of_a_variable
    svg = tl.draw(result, a_very_long_name_of_a_variable, by="memory").svg()
    rows = re.findall(r'text-anchor="end">([^<]*)</text>', svg)[:-2]
    assert rows and all(re.search(r", [0-9.]+ k?B$", row) and len(row) <= 24 for row in rows), rows
