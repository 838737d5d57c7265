"""Normalisation: numbers get mean 0 and variance 1, over a batch, a channel, a group or an example.

All of these divide by sqrt(variance + eps), so that what does not vary becomes 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.dtype import float16, float32, float64
from tinylearn.parts import part
from tinylearn.tensor import Tensor
from tinylearn.tensor.assigning import assign_together
from tinylearn.tensor.composed import composed

SMALLEST_STEP = {float16: 2.0**-10, float32: 2.0**-23, float64: 2.0**-52}  # after 1.0


@part("nn.group_norm")
def group_norm(
    x: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Each group of channels of each example gets mean 0 and variance 1.

    x              (batch, channels, ...); num_groups divides the channels
    weight, bias   a scale and a shift for each channel (channels,), or None
    returns        the shape of x
    Source         Wu & He 2018
    """
    if x.ndim < 2 or x.shape[1] % num_groups:
        says = f"group_norm needs (batch, channels, ...), with channels in {num_groups} groups"
        raise describe(ShapeError, says, [("x", x.node)])
    groups = x.reshape(x.shape[0], num_groups, -1)
    y = groups.layernorm(-1, eps).reshape(x.shape)
    return scaled(y, weight, bias)


def scaled(y: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """y times the weight of its channel, plus its bias."""
    shape = (1, -1) + (1,) * (y.ndim - 2)
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


@part("nn.rms_norm")
@composed
def rms_norm_last(x: Tensor, weight: Tensor | None, eps: float) -> Tensor:
    """x over the root of the mean of its squares along the last axis, times the weight.

    x         (..., size)
    weight    (size,) or None
    Source    Zhang & Sennrich 2019
    """
    y = x * ((x * x).mean(-1, keepdim=True) + eps).rsqrt()
    return y if weight is None else y * weight


def rms_norm(
    x: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """x over the root of the mean of its squares, over the last axes; then times the weight.

    normalized_shape   the sizes of these axes
    eps                None: the smallest step of the dtype after 1
    """
    shape = checked_shape("rms_norm", x, normalized_shape)
    step = SMALLEST_STEP.get(x.dtype, SMALLEST_STEP[float32]) if eps is None else eps
    rows = x.flatten(x.ndim - len(shape)) if len(shape) > 1 else x
    scale = weight.flatten() if weight is not None and len(shape) > 1 else weight
    return rms_norm_last(rows, scale, step).reshape(x.shape)


def layer_norm(
    x: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Each example gets mean 0 and variance 1 over its last axes; then a scale and a shift.

    normalized_shape   the sizes of these axes, which weight and bias have, too
    """
    shape = checked_shape("layer_norm", x, normalized_shape)
    return x.layernorm(tuple(range(-len(shape), 0)), eps, weight, bias)


def checked_shape(op: str, x: Tensor, normalized_shape: Sequence[int] | int) -> tuple[int, ...]:
    """The sizes of the last axes, if x has these."""
    if isinstance(normalized_shape, int):
        raise TypeError(f"normalized_shape is a list\nTry normalized_shape=({normalized_shape},)")
    shape = tuple(normalized_shape)
    if not shape or x.shape[-len(shape) :] != shape:
        says = f"{op} needs inputs whose last axes are {shape}"
        raise describe(ShapeError, says, [("x", x.node)])
    return shape


def instance_norm(
    x: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel of each example gets mean 0 and variance 1 over its places.

    x                 (batch, channels, ...) with at least one axis of places
    use_input_stats   False takes the running statistics, if there are any
    """
    if not use_input_stats and running_mean is not None and running_var is not None:
        return x.batchnorm(weight, bias, running_mean, running_var, eps)
    if x.ndim < 3:
        says = "instance_norm needs (batch, channels, ...): without places there is no variance"
        raise describe(ShapeError, says, [("x", x.node)])
    if running_mean is not None and running_var is not None:
        axes = (0, *range(2, x.ndim))
        places = tuple(range(2, x.ndim))
        new = x.mean(axes), x.var(places, correction=1).mean(0)
        follow(running_mean, running_var, *new, momentum)
    return scaled(x.layernorm(tuple(range(2, x.ndim)), eps), weight, bias)


def follow(
    running_mean: Tensor,
    running_var: Tensor,
    mean: Tensor,
    variance: Tensor,
    momentum: float,
    counted: Tensor | None = None,
) -> None:
    """Let newer statistics count in the running ones: `momentum` is their share.

    counted   how many batches there were, if that is kept: now it is one more
    """
    old = [running_mean, running_var]
    new = [x * (1 - momentum) + y.detach() * momentum for x, y in zip(old, (mean, variance))]
    if counted is not None:
        old, new = [*old, counted], [*new, counted + 1]
    assign_together(old, new)
