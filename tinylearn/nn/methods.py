"""Makes a method of Tensor a Part: `x.name(...)` then runs whatever the Part runs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from tinylearn.parts import Part
from tinylearn.tensor import Tensor
from tinylearn.tensor.data import innermost


def method_part(
    name: str, method: str, default: Callable | None = None, takes_data: bool = False
) -> Part:
    """The Part `name`; from now on the Tensor's method runs whatever the Part runs.

    default      what the Part runs at first; the method as it was, if not given
    takes_data   whether the first argument may be an array or a list, to be made a Tensor
    """
    known = Part.table.get(name)  # this module's code is run again
    original: Callable = getattr(Tensor, method) if known is None else known.default
    part = Part(name, default or original)

    @functools.wraps(part.default)
    def run(self: Tensor, *args: Any, **options: Any) -> Any:
        if args and takes_data:
            args = (as_tensor(args[0], self.device), *args[1:])
        return part(self, *args, **options)

    run.__module__, run.__qualname__ = Tensor.__module__, f"Tensor.{method}"  # pickle looks there
    setattr(Tensor, method, run)
    return part


def as_tensor(x: Any, device: str | None = None) -> Any:
    """An array, or a list of numbers, as a constant Tensor; anything else as it is."""
    if isinstance(x, Tensor):
        return x
    if isinstance(x, list) and isinstance(innermost(x), int | float):
        return Tensor(x, device=device, requires_grad=False)
    return Tensor(x, device=device, requires_grad=False) if isinstance(x, np.ndarray) else x
