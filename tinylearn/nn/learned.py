"""What an optimizer is given to learn: Tensors, models, or groups of both with own options.

SGD([{"params": model.body}, {"params": model.head, "lr": 0.1}], lr=0.01)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tinylearn.devices.device import Device
from tinylearn.errors import ShapeError, TinylearnError, describe, warn_user
from tinylearn.graph.primitives import buffer
from tinylearn.nn.walk import NOT_ENTERED, get_parameters
from tinylearn.tensor import Tensor
from tinylearn.tensor.state import made


def groups_of(given: Any) -> list[dict[str, Any]]:
    """The parameter groups that were given; anything else is one group."""
    given = list(given) if isinstance(given, Iterator) else given
    items = given if isinstance(given, list | tuple) else [given]
    grouped = [isinstance(item, Mapping) and "params" in item for item in items]
    if not items or not any(grouped):
        return [{"params": given}]
    if not all(grouped):
        k, other = grouped.index(True), grouped.index(False)
        says = f"item {k} is a parameter group, item {other} is none"
        raise TypeError(f"{says}\nTry {{'params': ...}} for item {other}, too")
    return [dict(item) for item in items]


def checked_parameters(given: Any, known: Iterable[Tensor] = ()) -> list[Tensor]:
    """The Tensors to learn: those given, and those inside the models given, each once.

    known   those that are learned already
    """
    earlier, found = {id(w) for w in known}, dict[int, str]()
    parameters: list[Tensor] = []
    for label, part in parts_of(given):
        for w in [part] if isinstance(part, Tensor) else get_parameters(part):
            check_parameter(label, w)
            if id(w) in earlier:
                raise ValueError(f"{label} and an earlier group are or hold the same Tensor")
            if found.setdefault(id(w), label) != label:
                says = f"{label} and {found[id(w)]} are or hold the same Tensor"
                warn_user(f"{says}; it is learned once")
            else:
                parameters.append(w)
    if not parameters:
        got = "an empty list" if isinstance(given, list | tuple) and not given else repr(given)
        raise ValueError(f"an optimizer needs something to learn; there is no parameter in {got}")
    return parameters


def parts_of(given: Any) -> Iterator[tuple[str, Any]]:
    """(label, Tensor or model) for each thing that was given."""
    several = isinstance(given, list | tuple | Iterator) and not isinstance(given, Tensor)
    items: Iterable = enumerate(given) if several else [(None, given)]
    for k, item in items:
        label = "what was given" if k is None else f"item {k}"
        if isinstance(item, NOT_ENTERED):
            got = f"{type(item).__name__} {item!r}"
            raise TypeError(f"an optimizer learns Tensors and models; {label} is {got}")
        yield label, item


def check_parameter(label: str, w: Tensor) -> None:
    """Raise if w cannot be learned."""
    if not w.dtype.is_float:
        raise TypeError(f"{label} is a Tensor of {w.dtype}; only floats can be learned")
    if not w.is_leaf:
        raise TinylearnError(
            f"{label} was computed from other Tensors, so setting it would not last; give the"
            " Tensors that it was computed from"
        )


def check_values(old: list[Tensor], new: tuple[Tensor, ...]) -> None:
    """Raise unless each new value is as its old one is; only a replaced rule can be wrong here."""
    for tensor, value in zip(old, new, strict=True):
        if tensor.node.shape != value.node.shape or tensor.node.dtype is not value.node.dtype:
            says = "an update rule must keep shape and dtype"
            got = f"{value.dtype} where {tensor.dtype} was"
            raise describe(ShapeError, f"{says}, it gave {got}", [("old", tensor), ("new", value)])


def filled_like(w: Tensor, value: float) -> Tensor:
    """What an optimizer remembers before its first step."""
    return made(buffer(Device.known[w.device].filled(w.shape, w.dtype, value)), False)
