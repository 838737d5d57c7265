"""Which dtype comes out when two meet: PyTorch's, tensors without axes and NumPy's numbers too.

The letters are b bool, i int32, l int64, h float16, f float32, d float64; tests/torch compares the
same table with PyTorch itself.
"""

import enum
import math

import numpy as np
import pytest

from tinylearn.errors import DTypeError
from tinylearn.tensor import Tensor

KINDS = {"b": "bool", "i": "int32", "l": "int64", "h": "float16", "f": "float32", "d": "float64"}
# The left operand, with axes or without; the right one: with axes, without, a number of Python.
TABLE = """
bool with axes     bilhfd bilhfd blf
bool without       bilhfd bilhfd blf
int32 with axes    iilhfd iiihfd iif
int32 without      iilhfd iilhfd iif
int64 with axes    lllhfd lllhfd llf
int64 without      lilhfd lllhfd llf
float16 with axes  hhhhfd hhhhhh hhh
float16 without    hhhhfd hhhhfd hhh
float32 with axes  fffffd ffffff fff
float32 without    fffhfd fffffd fff
float64 with axes  dddddd dddddd ddd
float64 without    dddhfd dddddd ddd
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
CONDITION = Tensor([True, False])
OPERATIONS = {
    "mul": lambda x, y: x * y,
    "add from the right": lambda x, y: y + x,
    "maximum": lambda x, y: x.maximum(y),
    "clamp": lambda x, y: x.clamp(y),
    "where": lambda x, y: CONDITION.where(x, y),
    "where not": lambda x, y: CONDITION.where(y, x),
}
NUMBERS = (
    (True, np.bool_(True)),
    (2, np.int32(2), np.int64(2), np.uint8(2), np.int8(2)),
    (2.5, np.float16(2.5), np.float32(2.5), np.float64(2.5)),
)


def operands(letters: tuple[str, ...]):
    """(what it is called, the right operand, the letter that comes out) for each column."""
    with_axes, without, numbers = letters
    for kind, letter in zip(KINDS.values(), with_axes):
        yield f"{kind} with axes", Tensor(np.ones(2, kind)), letter
        yield f"{kind} array", np.ones(2, kind), letter
    for kind, letter in zip(KINDS.values(), without):
        yield f"{kind} without", Tensor(np.ones((), kind)), letter
        yield f"{kind} array without", np.ones((), kind), letter
    for same, letter in zip(NUMBERS, numbers):
        yield from ((f"{type(n)}", n, letter) for n in same)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("row", ROWS, ids=" ".join)
def test_two_dtypes_meet_as_in_pytorch(operation, row):
    kind, how, *rest = row
    x = Tensor(np.ones(2 if how == "with" else (), kind))
    wrong = {}
    for name, other, letter in operands(tuple(rest[-3:])):
        got = OPERATIONS[operation](x, other)
        if got.dtype != KINDS[letter]:
            wrong[name] = (got.dtype, KINDS[letter])
    assert not wrong


@pytest.mark.parametrize("x", ["int32", "int64", "float16", "float32"])
def test_quotients_powers_and_remainders_promote_alike(x):
    for y in ("int32", "float64"):
        single, kind = Tensor(np.full((), 2, y)), Tensor(np.full(3, 7, x))
        want = "float64" if x.startswith("int") and y == "float64" else x
        for got in (kind // single, kind % single, kind**single, single**kind, single % kind):
            assert got.dtype == want
        assert (kind / single).dtype == ("float32" if want.startswith("int") else want)
        assert (kind < single).dtype == "bool"


def test_the_gradient_of_a_single_number_has_its_own_dtype(device):
    x = Tensor(np.ones(3, np.float32), device=device)
    s = Tensor(np.float64(2), device=device)
    (x * s).sum().backward()
    assert (x.grad.dtype, s.grad.dtype) == ("float32", "float64")
    assert x.grad.tolist() == [2, 2, 2] and s.grad.item() == 3


class Level(enum.IntEnum):
    LOW = 2


class Metres(float):
    pass


def test_numbers_of_other_classes_are_numbers():
    x = Tensor(np.ones(2, np.float16))
    for number in (Level.LOW, Metres(2.0), np.array(2.0), np.array(2)):
        assert (x * number).dtype == "float16" and (number * x).tolist() == [2.0, 2.0]


def test_two_choices_without_a_tensor_meet_too():
    choose = CONDITION.where
    assert choose(np.float64(1), 2).dtype == "float32"
    assert choose(1, np.float16(2)).dtype == "float32"
    assert choose(2.5, np.ones(2, np.float16)).dtype == "float16"
    assert choose(np.ones(2, np.int32), np.array(2)).dtype == "int32"
    assert choose(np.ones(2, np.int64), 2.5).tolist() == [1.0, 2.5]
    assert choose(True, False).dtype == "bool" and choose(True, 2).dtype == "int64"


# ---------------------------------------------------------------- what is made

MADE = [
    (lambda: Tensor.arange(0, 1, np.float32(0.25)), "float32", [0, 0.25, 0.5, 0.75]),
    (lambda: Tensor.arange(0, 1, np.float16(0.5)), "float32", [0, 0.5]),
    (lambda: Tensor.arange(np.float64(2)), "float32", [0, 1]),
    (lambda: Tensor.arange(np.int32(3)), "int64", [0, 1, 2]),
    (lambda: Tensor.arange(np.uint8(1), np.int16(3)), "int64", [1, 2]),
    (lambda: Tensor.arange(0, Tensor(1.0), Tensor(0.5)), "float32", [0, 0.5]),
    (lambda: Tensor.arange(0, np.array(4), np.array(2)), "int64", [0, 2]),
    (lambda: Tensor.arange(0, 1, np.float32(0.5), dtype="float64"), "float64", [0, 0.5]),
    (lambda: Tensor.linspace(np.float16(0), np.int64(1), np.int8(3)), "float32", [0, 0.5, 1]),
    (lambda: Tensor.full((1,), np.float64(2)), "float32", [2.0]),
    (lambda: Tensor.full((1,), np.int32(2)), "int64", [2]),
    (lambda: Tensor.full((1,), np.bool_(True)), "bool", [True]),
    (lambda: Tensor.full((1,), Tensor(2.0)), "float32", [2.0]),
    (lambda: Tensor.full((1,), np.array(2)), "int64", [2]),
    (lambda: Tensor([1, 2]).full_like(np.float64(7)), "int64", [7, 7]),
    (lambda: Tensor(np.float64(1)), "float64", 1.0),
    (lambda: Tensor(np.float16(1)), "float16", 1.0),
    (lambda: Tensor(np.uint8(200)), "int32", 200),
    (lambda: Tensor([True, 2]), "int64", [1, 2]),
    (lambda: Tensor([True, 2.5]), "float32", [1, 2.5]),
    (lambda: Tensor([1, np.float64(2)]), "float64", [1, 2]),
    (lambda: Tensor([np.float16(3), 2.0]), "float32", [3, 2]),
    (lambda: Tensor([np.float16(3), 2]), "float16", [3, 2]),
    (lambda: Tensor([np.float16(3), np.float32(2)]), "float32", [3, 2]),
    (lambda: Tensor([np.int32(3), 2]), "int64", [3, 2]),
    (lambda: Tensor([np.int32(3)]), "int32", [3]),
    (lambda: Tensor([[True, 2], [np.float32(1), 3]]), "float32", [[1, 2], [1, 3]]),
    (lambda: Tensor([np.uint8(200), np.int8(-1)]), "int32", [200, -1]),
    (lambda: Tensor([np.uint8(200)]), "int32", [200]),
    (lambda: Tensor([np.ones(2, np.float16), [2, 3]]), "float16", [[1, 1], [2, 3]]),
    (lambda: Tensor([]), "float32", []),
    (lambda: Tensor([[], []]), "float32", [[], []]),
    (lambda: Tensor([1e300, 1]), "float32", [math.inf, 1]),
    (lambda: Tensor([True, True]).sum(), "int64", 2),
    (lambda: Tensor([1, 2], dtype="int32").sum(), "int64", 3),
    (lambda: Tensor([True]) + Tensor([True]), "bool", [True]),
    (lambda: Tensor([7]) / Tensor([2]), "float32", [3.5]),
    (lambda: Tensor([7]) // Tensor([2]), "int64", [3]),
    (lambda: Tensor([1.0], dtype="float16") * 1e6, "float16", [math.inf]),
    (lambda: Tensor([1.0]) * 2**70, "float32", [2.0**70]),
    (lambda: Tensor([1, 2]).masked_fill(CONDITION, 9), "int64", [9, 2]),
    (lambda: Tensor([1, 2]).masked_fill(CONDITION, np.float64(9.0)), "int64", [9, 2]),
    (lambda: Tensor([1, 2], dtype="int32").masked_fill(CONDITION, Tensor(9)), "int32", [9, 2]),
    (lambda: Tensor([1, 2.5]).masked_fill(CONDITION, np.array(9.0)), "float32", [9, 2.5]),
    (lambda: CONDITION.masked_fill(CONDITION, 2), "bool", [True, False]),
]  # fmt: skip


@pytest.mark.parametrize("make, dtype, numbers", MADE)
def test_what_is_made_of_numbers_has_the_dtype_of_pytorch(make, dtype, numbers):
    found = make()
    assert found.dtype == dtype
    assert found.tolist() == numbers


REFUSED = [
    (lambda: Tensor([1], dtype="int32") * 2**40, "1099511627776 does not fit into int32"),
    (lambda: Tensor([1]) * 2**70, "does not fit into int64"),
    (lambda: Tensor([2**63]), "does not fit into int64"),
    (lambda: Tensor([1.0]) * np.complex64(1), "no dtype for the number"),
    (lambda: Tensor([np.uint64(2)]), "a tensor is made of numbers, got"),
    (lambda: Tensor([1, 2]).masked_fill(CONDITION, 2.5), "int64, which cannot hold 2.5"),
    (lambda: Tensor([1, 2]).masked_fill(CONDITION, -math.inf), "int64, which cannot hold -inf"),
    (lambda: Tensor([1, 2]).masked_fill(CONDITION, Tensor(math.nan)), "cannot hold nan"),
]


@pytest.mark.parametrize("make, says", REFUSED)
def test_a_number_that_no_dtype_holds_is_refused_in_words(make, says):
    with pytest.raises(DTypeError, match=says):
        make()
