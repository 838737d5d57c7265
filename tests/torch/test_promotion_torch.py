"""The table of dtypes that meet, against PyTorch's own answers."""

import numpy as np
import pytest

from tests.needed import need
from tests.tensor.test_promotion import KINDS
from tinylearn.tensor import Tensor

torch = need("torch")
OPERATIONS = {
    "add": (lambda x, y: x + y, lambda x, y: x + y),
    "div": (lambda x, y: x / y, lambda x, y: x / y),
    "floordiv": (lambda x, y: x // y, lambda x, y: x // y),
    "mod": (lambda x, y: x % y, lambda x, y: x % y),
    "pow": (lambda x, y: x**y, lambda x, y: x**y),
    "less": (lambda x, y: x < y, lambda x, y: x < y),
    "clamp": (lambda x, y: x.clamp(y), lambda x, y: x.clamp(y)),
    "where": (
        lambda x, y: Tensor([True, False]).where(x, y),
        lambda x, y: torch.where(torch.tensor([True, False]), x, y),
    ),
}
NUMBERS = [True, 2, 2.5, np.float16(2), np.float32(2), np.float64(2), np.int32(2), np.int64(2)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("shape", [(2,), ()], ids=["with axes", "without"])
@pytest.mark.parametrize("kind", [k for k in KINDS.values() if k != "bool"])
def test_two_dtypes_meet_as_in_pytorch(operation, kind, shape):
    ours, theirs = OPERATIONS[operation]
    others = [np.ones(s, k) for s in ((2,), ()) for k in KINDS.values()]
    x = np.ones(shape, kind)
    wrong = {}
    for other in [*others, *NUMBERS]:
        plain = not isinstance(other, np.ndarray)
        want = theirs(torch.tensor(x), other if plain else torch.tensor(other)).dtype
        got = ours(Tensor(x), other if plain else Tensor(other)).dtype
        if str(want) != f"torch.{got}":
            wrong[repr(other)] = (got, want)
    assert not wrong
