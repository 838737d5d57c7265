"""Finds the Tensors inside any object: attributes, lists, tuples and dicts, each object once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from tinylearn.tensor import Tensor

NUMBERS = (str, bytes, int, float, complex, type(None), np.ndarray, np.generic)
CODE = (type, FunctionType, MethodType, BuiltinFunctionType, ModuleType)
NOT_ENTERED = NUMBERS + CODE


def walk_objects(root: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, object) for `root` and all it holds, in order; cycles are no trouble.

    A Tensor is reported under each of its names, any other object under its first.
    """
    seen: set[int] = set()
    stack = [(prefix, root)]
    while stack:
        name, thing = stack.pop()
        if isinstance(thing, Tensor):
            yield name, thing
        elif not isinstance(thing, NOT_ENTERED) and id(thing) not in seen:
            seen.add(id(thing))
            yield name, thing
            dot = f"{name}." if name else ""
            stack += [(f"{dot}{k}", v) for k, v in reversed(list(contents(thing)))]


def contents(thing: Any) -> Iterator[tuple[Any, Any]]:
    """(name, value) of what an object holds."""
    if isinstance(thing, Mapping):
        yield from thing.items()
    elif isinstance(thing, tuple) and hasattr(thing, "_fields"):
        yield from zip(thing._fields, thing, strict=True)
    elif isinstance(thing, list | tuple):
        yield from enumerate(thing)
    yield from getattr(thing, "__dict__", {}).items()
    for kind in type(thing).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            if slot not in ("__dict__", "__weakref__") and hasattr(thing, slot):
                yield slot, getattr(thing, slot)


def named_tensors(root: Any) -> Iterator[tuple[str, Tensor]]:
    """(dotted name, Tensor) for each Tensor in `root`; one that is there twice comes twice."""
    return ((name, thing) for name, thing in walk_objects(root) if isinstance(thing, Tensor))


def get_state_dict(model: Any, prefix: str = "") -> dict[str, Tensor]:
    """All Tensors inside `model` under dotted names, such as "layers.0.weight".

    model   any object: a Module, a list of layers, an object of your own class
    prefix  goes in front of each name
    A Tensor with several names (tied weights) is there once, under the first.
    """
    found: dict[int, str] = {}
    state: dict[str, Tensor] = {}
    for name, tensor in named_tensors(model):
        if id(tensor) not in found:
            found[id(tensor)] = name
            state[f"{prefix}{name}"] = tensor
    return state


def get_parameters(model: Any) -> list[Tensor]:
    """The Tensors inside `model` that learn: floats with requires_grad, each once."""
    return [t for t in get_state_dict(model).values() if t.requires_grad]
