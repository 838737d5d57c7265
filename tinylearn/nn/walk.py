"""Finds the Tensors inside any object: attributes, lists, tuples and dicts, each object once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from tinylearn.tensor import Tensor

NUMBERS = (str, bytes, int, float, complex, type(None), np.ndarray, np.generic)
CODE = (type, FunctionType, MethodType, BuiltinFunctionType, ModuleType)


@dataclass
class Notes:
    """What a Module knows of itself beside its attributes. Nobody looks for Tensors in here.

    constants   names of the Tensors that were made not to learn, as statistics are
    unsaved     those among them that a state dict leaves out
    before      hooks that see what the Module is called with
    after       hooks that see what it gives
    """

    constants: set[str] = field(default_factory=set)
    unsaved: set[str] = field(default_factory=set)
    before: dict[int, Callable] = field(default_factory=dict)
    after: dict[int, Callable] = field(default_factory=dict)


class Noted:
    """An object that has Notes, as soon as there is something to note."""

    _notes: Notes | None = None

    def notes(self) -> Notes:
        """Its Notes."""
        if self._notes is None:
            vars(self)["_notes"] = Notes()
        return self._notes  # type: ignore[return-value]


NOT_ENTERED = (*NUMBERS, *CODE, Notes)


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
    found: set[int] = set()
    unsaved: set[str] = set()
    state: dict[str, Tensor] = {}
    for name, thing in walk_objects(model):
        if isinstance(thing, Tensor):
            if id(thing) not in found and name not in unsaved:
                found.add(id(thing))
                state[f"{prefix}{name}"] = thing
        elif isinstance(thing, Noted) and thing._notes is not None:
            dot = f"{name}." if name else ""
            unsaved |= {f"{dot}{word}" for word in thing._notes.unsaved}
    return state


def get_parameters(model: Any) -> list[Tensor]:
    """The Tensors inside `model` that learn: floats with requires_grad, each once."""
    return [t for t in get_state_dict(model).values() if t.requires_grad]
