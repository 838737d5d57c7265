"""What a training loop does to all gradients or all parameters at once; nn.utils.data has loaders.

    loss.backward()
    clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()

Nothing is computed here: the optimizer's step computes it with the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from tinylearn.changes import change
from tinylearn.errors import GradientError, ShapeError
from tinylearn.nn.checks import checked
from tinylearn.nn.utils import data
from tinylearn.nn.walk import get_parameters
from tinylearn.tensor import Tensor

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "data",
    "parameters_to_vector",
    "vector_to_parameters",
]


def listed(parameters: Any) -> list[Tensor]:
    """The parameters that were given: a Tensor, several, or a model."""
    if isinstance(parameters, Tensor):
        return [parameters]
    several = isinstance(parameters, Iterable) and not hasattr(parameters, "parameters")
    found = list(parameters) if several else get_parameters(parameters)
    for k, w in enumerate(found):
        if not isinstance(w, Tensor):
            raise TypeError(f"parameter {k} is no Tensor but a {type(w).__name__}")
    return found


def clip_grad_norm_(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Make all gradients smaller by one factor, so that together they are no longer than max_norm.

    parameters           Tensors; those without a gradient do not count
    norm_type            2.0 is the usual length; 1.0, or math.inf for the largest number
    error_if_nonfinite   True computes the norm now, and raises GradientError for NaN or infinity
    returns              the norm before, a Tensor
    """
    limit = checked("max_norm", max_norm)
    learning = with_gradients(parameters)
    if not learning:
        return Tensor(0.0, requires_grad=False)
    sizes = [size_of(g, norm_type) for _, g in learning]
    total = sizes[0]
    for size in sizes[1:]:
        total = total.maximum(size) if norm_type == math.inf else total + size
    if norm_type not in (1, math.inf):
        total = total.sqrt() if norm_type == 2 else total ** (1 / norm_type)
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise GradientError(f"the gradients' norm is {total.item()}: there is nothing to clip to")
    factor = (limit / (total + 1e-6)).clamp(high=1.0)
    replace(learning, [g * factor.cast(g.dtype) for _, g in learning])
    return total


def with_gradients(parameters: Any) -> list[tuple[Tensor, Any]]:
    """(parameter, gradient) of those that have one."""
    return [(w, w.grad) for w in listed(parameters) if w._grad is not None]


def size_of(g: Any, norm_type: float) -> Tensor:
    """What one gradient adds to the norm, before the root."""
    if norm_type == math.inf:
        return g.abs().max()
    return (g * g if norm_type == 2 else g.abs() ** norm_type).sum()


def clip_grad_value_(parameters: Any, clip_value: float) -> None:
    """Keep every number of all gradients between -clip_value and clip_value."""
    limit = checked("clip_value", clip_value)
    learning = with_gradients(parameters)
    replace(learning, [g.clamp(-limit, limit) for _, g in learning])


def replace(learning: list[tuple[Tensor, Any]], new: list[Tensor]) -> None:
    """Give parameters other gradients; the loss is still computed in the same pass."""
    for (_, old), clipped in zip(learning, new):
        clipped.together = old.together
    change([(w, "_grad", clipped) for (w, _), clipped in zip(learning, new)])


def parameters_to_vector(parameters: Any) -> Tensor:
    """All parameters as one row, one behind the other."""
    return Tensor.cat(*[w.flatten() for w in listed(parameters)])


def vector_to_parameters(vec: Tensor, parameters: Any) -> None:
    """Give the parameters the numbers of one row, as parameters_to_vector lays them out."""
    found = listed(parameters)
    count = sum(w.numel() for w in found)
    if vec.shape != (count,):
        raise ShapeError(f"the parameters have {count:,} numbers, the vector has shape {vec.shape}")
    start = 0
    for w in found:
        w.assign(vec[start : start + w.numel()].reshape(w.shape).detach())
        start += w.numel()
