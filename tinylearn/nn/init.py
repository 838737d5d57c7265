"""First numbers: how large weights are before they have learned anything.

Too large, and numbers explode from layer to layer; too small, and they die out. The
rules are Parts, `init.<name>`.

The functions whose names end in _ give a Tensor other numbers, in place, and give it back:
xavier_uniform_(layer.weight). Names and options are PyTorch's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinylearn.errors import ShapeError, TinylearnError, describe, nearest
from tinylearn.nn.checks import checked, sizes
from tinylearn.parts import part
from tinylearn.tensor import Tensor
from tinylearn.tensor.randomness import Random

Shape = tuple[int, ...]
LAYERS_GAIN = 1 / math.sqrt(3)  # PyTorch's layers: weights within 1/sqrt(fan_in)


@part("init.kaiming")
def kaiming(shape: Shape, fan_in: int, gain: float = math.sqrt(2)) -> Tensor:
    """Random weights of variance gain**2 / fan_in: sums over fan_in inputs keep their size.

    fan_in    how many inputs each output sums over
    gain      sqrt(2) makes up for a ReLU, which drops half of the numbers
    returns   float32 of the shape, mean 0
    Source    He et al. 2015, section 2.2
    """
    sizes(fan_in=fan_in)
    checked("gain", gain)
    bound = gain * math.sqrt(3 / fan_in)  # uniform within +-bound has variance bound**2 / 3
    return Tensor.uniform(*shape, low=-bound, high=bound)


@part("init.xavier")
def xavier(shape: Shape, fan_in: int, fan_out: int, gain: float = 1.0) -> Tensor:
    """Random weights of variance 2 * gain**2 / (fan_in + fan_out): for both directions at once.

    fan_in, fan_out   how many inputs an output sums over, and how many outputs an input goes to
    returns           float32 of the shape, mean 0
    Source            Glorot & Bengio 2010, equation 16
    """
    sizes(fan_in=fan_in, fan_out=fan_out)
    bound = checked("gain", gain) * math.sqrt(6 / (fan_in + fan_out))
    return Tensor.uniform(*shape, low=-bound, high=bound)


def first(shape: Shape, fan_in: int) -> Tensor:
    """The first numbers of a layer's weight or bias."""
    w = kaiming(shape, fan_in, LAYERS_GAIN)
    return w if w.is_leaf and w.requires_grad else planted(w)


def planted(w: Tensor) -> Tensor:
    """A parameter with the numbers of a Tensor that was computed."""
    return Tensor(w.numpy(), dtype=w.dtype, device=w.device)


def constant(value: float, shape: Shape, requires_grad: bool = True) -> Tensor:
    """One number everywhere."""
    return Tensor.full(shape, value, requires_grad=requires_grad)


def normal(shape: Shape) -> Tensor:
    """From the standard normal distribution."""
    return Tensor.randn(*shape)


# ---------------------------------------------------------------- in place

GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 0.75,
    "leaky_relu": math.sqrt(2 / (1 + 0.01**2)),
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By what weights are enlarged to make up for what follows them.

    param   of "leaky_relu": its slope below zero
    """
    if nonlinearity not in GAINS:
        hint = nearest(nonlinearity, GAINS)
        says = f"nonlinearity must be one of {', '.join(GAINS)}, not {nonlinearity!r}"
        raise TinylearnError(says + hint)
    if nonlinearity == "leaky_relu" and param is not None:
        return math.sqrt(2 / (1 + param**2))
    return GAINS[nonlinearity]


def fans(tensor: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in) or of filters (out, in, height, width)."""
    if tensor.ndim < 2:
        says = "a weight has at least two axes, (out, in): one number a unit has no fan"
        raise describe(ShapeError, says, [("tensor", tensor.node)], "normal_(tensor).")
    places = math.prod(tensor.shape[2:])
    return tensor.shape[1] * places, tensor.shape[0] * places


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Evenly distributed from a to b."""
    return tensor.assign(Tensor.uniform(*tensor.shape, low=a, high=b))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """From the normal distribution with this mean and standard deviation."""
    return tensor.assign(Tensor.normal(*tensor.shape, mean=mean, std=std))


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0
) -> Tensor:
    """From the normal distribution, drawn again where it is not from a to b."""
    if not a < b:
        raise ValueError(f"a must be below b, not {a} and {b}")
    numbers = Random.generator.standard_normal(tensor.shape) * std + mean
    for _ in range(1000):
        outside = (numbers < a) | (numbers > b)
        if not outside.any():
            return tensor.assign(Tensor(numbers, requires_grad=False))
        numbers[outside] = Random.generator.standard_normal(int(outside.sum())) * std + mean
    raise ValueError(f"hardly any number of mean {mean} and std {std} is from {a} to {b}")


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One number everywhere."""
    return tensor.assign(val)


def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere."""
    return tensor.assign(1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere."""
    return tensor.assign(0.0)


def eye_(tensor: Tensor) -> Tensor:
    """1 on the diagonal, 0 elsewhere: a layer that gives what it takes."""
    if tensor.ndim != 2:
        raise describe(ShapeError, "eye_ needs rows and columns", [("tensor", tensor.node)])
    return tensor.assign(Tensor.eye(*tensor.shape, requires_grad=False))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Evenly distributed, with the variance of the Part init.xavier."""
    return tensor.assign(xavier(tensor.shape, *fans(tensor), gain))


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Normally distributed, with variance 2 * gain**2 / (fan_in + fan_out)."""
    return normal_(tensor, std=checked("gain", gain) * math.sqrt(2 / sum(fans(tensor))))


def kaiming_uniform_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
) -> Tensor:
    """Evenly distributed, with the variance of the Part init.kaiming.

    a              the slope below zero of a leaky_relu that follows
    mode           "fan_in" keeps the size of what goes forwards, "fan_out" of gradients
    nonlinearity   what follows, for calculate_gain
    """
    gain = calculate_gain(nonlinearity, a)
    return tensor.assign(kaiming(tensor.shape, fan(tensor, mode), gain))


def kaiming_normal_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
) -> Tensor:
    """Normally distributed, with variance gain**2 / fan; the options of kaiming_uniform_."""
    gain = calculate_gain(nonlinearity, a)
    return normal_(tensor, std=gain / math.sqrt(fan(tensor, mode)))


def fan(tensor: Tensor, mode: str) -> int:
    """fan_in or fan_out of a weight."""
    if mode not in ("fan_in", "fan_out"):
        raise TinylearnError(f"mode must be 'fan_in' or 'fan_out', not {mode!r}")
    return fans(tensor)[mode == "fan_out"]


def orthogonal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Rows (or columns, if there are fewer) at right angles, each of length gain.

    All axes but the first count as one. Source: Saxe et al. 2014
    """
    if tensor.ndim < 2:
        raise describe(ShapeError, "orthogonal_ needs rows", [("tensor", tensor.node)])
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    drawn = Random.generator.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    q = q * np.sign(np.diag(r))  # each rotation as likely as any other
    numbers: Any = (q if rows >= columns else q.T).reshape(tensor.shape) * gain
    return tensor.assign(Tensor(numbers, requires_grad=False))
