"""What the contracts of Parts that work on Tensors share: making Tensors, and judging answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinylearn.contracts.measure import agree, compare, leaf, numbers
from tinylearn.parts import ContractError
from tinylearn.tensor import Tensor
from tinylearn.tensor.state import made, own

Arrays = Mapping[str, np.ndarray]


def tensor(array: Any, requires_grad: bool = False) -> Tensor:
    """A Tensor with the numbers of an array; only floats can require a gradient."""
    x = made(leaf(array), False)
    if requires_grad and x.dtype.is_float:
        own([x], [x.node])
        x.requires_grad = True
    return x


def must_be_tensor(name: str, what: str, got: Any, where: str) -> None:
    """Raise ContractError unless `got` is a Tensor."""
    if not isinstance(got, Tensor):
        says = f"{what} must be a Tensor, not {show(got)}"
        raise ContractError(f"{name}: {says}\n    called with {where}")


def same_function(
    name: str,
    what: str,
    got: Any,
    given: Mapping[str, Any],
    formula: Callable[[Arrays], np.ndarray],
    where: str,
    tolerance: float = 0.0,
) -> None:
    """Raise unless the Tensor `got` is the formula of the Tensors that were given.

    given     {name: Tensor or anything else}; the formula takes {name: array} of the Tensors
    The graph is run twice: with the numbers that were given, and with other numbers in their
    place, which shows whether it holds numbers that were computed on the spot.
    """
    must_be_tensor(name, what, got, where)
    nodes = {k: x.node for k, x in given.items() if isinstance(x, Tensor)}
    arrays = dict(zip(nodes, numbers(nodes.values()), strict=True))
    compare(name, what, where, numbers([got.node])[0], formula(arrays), tolerance)
    others = {k: other_numbers(a) if varies(a) else a for k, a in arrays.items()}
    if not any(varies(a) for a in arrays.values()):
        return
    [again] = numbers([got.node], {nodes[k]: a for k, a in others.items()})
    if not agree(again, np.asarray(formula(others)), tolerance):
        raise ContractError(
            f"{name}: {what} holds numbers that were computed on the spot; write it with Tensors"
            f" alone, so that it stays a graph and is right for other numbers too"
            f"\n    called with {where}"
        )


def varies(array: np.ndarray) -> bool:
    """Whether other numbers can take the place of these."""
    return array.dtype.kind == "f" and array.ndim > 0


def other_numbers(array: np.ndarray) -> np.ndarray:
    """Turned round, and smaller: only turned round where all are 0 or 1, which may be labels."""
    return array[..., ::-1] * (1 if np.isin(array, (0, 1)).all() else 0.75)


def show(thing: Any) -> str:
    """An answer in few words."""
    if isinstance(thing, list):
        return f"a list of {len(thing)}"
    if isinstance(thing, tuple):
        return f"{len(thing)} things" if len(thing) != 1 else "one thing"
    return f"a {type(thing).__name__}" if not isinstance(thing, str) else repr(thing)
