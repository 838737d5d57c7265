"""Zeros around numbers on the c device: what a compiler makes of conditions must stay right.

Where gcc 12 makes vectors by itself, it gives both halves of a long one the mask of the first, if
two neighbours are loaded under one condition: in[2*i] and in[2*i + 1], both if i > 3.
"""

from __future__ import annotations

import numpy as np
import pytest

from tinylearn.devices.device import Device
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer
from tinylearn.plan.plan import realize

KINDS = ["float32", "float64", "int32", "int64", "bool", "float16"]
ROWS = 600  # rounds enough for short loops beside them to be written out


def numbers(*shape: int, kind: str = "float32") -> np.ndarray:
    """Random numbers, whole ones among them."""
    return (np.random.default_rng(sum(shape)).standard_normal(shape) * 5).astype(kind)


def on_c(array: np.ndarray) -> Node:
    """A leaf on the c device."""
    return buffer(Device.known["c"].upload(array))


def computed(node: Node) -> np.ndarray:
    """The numbers, by the c device."""
    realize([node])
    return Device.known["c"].download(node.buffer)


@pytest.fixture(autouse=True)
def compiler(devices):
    if "c" not in devices:
        pytest.skip("no C compiler here")


@pytest.mark.parametrize("columns", [2, 3, 20])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("widths", [((2, 2), (0, 0)), ((3, 5), (0, 0)), ((1, 0), (1, 2))])
def test_rows_of_zeros_around_rows_of_a_few_numbers(widths, kind, columns):
    x = numbers(ROWS, columns, kind=kind)
    node = on_c(x)
    np.testing.assert_array_equal(computed(node.pad(widths)), np.pad(x, widths))
    if kind != "bool":
        doubled = computed((node + node).pad(widths) + node.pad(widths))
        np.testing.assert_array_equal(doubled, np.pad(x + x + x, widths))


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_are_pushed_around_in_a_circle(kind):
    x = numbers(ROWS, 2, kind=kind)
    node = on_c(x)
    first = node.shrink(((0, ROWS - 3), (0, 2))).pad(((3, 0), (0, 0)))
    last = node.shrink(((ROWS - 3, ROWS), (0, 2))).pad(((0, ROWS - 3), (0, 0)))
    np.testing.assert_array_equal(computed(first + last), np.roll(x, 3, 0))


@pytest.mark.parametrize("kind", KINDS)
def test_choices_between_rows_of_a_few_numbers(kind):
    x, y, row = numbers(ROWS, 2, kind=kind), numbers(ROWS, 2, kind=kind), numbers(1, 2, kind=kind)
    choice = np.arange(ROWS)[:, None] % 3 > 0
    c = on_c(choice).expand((ROWS, 2))
    for other, array in ((on_c(y), y), (on_c(row).expand((ROWS, 2)), row)):
        got = computed(c.where(on_c(x), other))
        np.testing.assert_array_equal(got, np.where(choice, x, array))


def test_a_few_numbers_inside_a_loop_that_a_compiler_writes_out_by_itself():
    x = numbers(2, 1, 4)
    y = on_c(x).pad(((1, 2), (0, 2), (0, 2)))
    y = (y * y + 1.0).recip().flip((1,))
    expected = 1 / (np.pad(x, ((1, 2), (0, 2), (0, 2))) ** 2 + 1)
    np.testing.assert_allclose(computed(y), expected[:, ::-1], rtol=1e-6)


def test_a_reduction_of_padded_numbers():
    x = numbers(40, 30)
    widths = ((0, 0), (3, 1))
    squares = np.pad(x, widths) ** 2
    node = on_c(x).pad(widths).flip((1,))
    np.testing.assert_allclose(computed((node * node).sum((1,)))[:, 0], squares.sum(1), rtol=1e-5)
    np.testing.assert_allclose(
        computed((node * node).sum((0,)))[0], squares.sum(0)[::-1], rtol=1e-5
    )


def test_nothing_at_all_with_zeros_around_it():
    assert (computed(on_c(np.zeros((0, 3), np.float32)).pad(((2, 1), (1, 0)))) == 0).all()
