"""First numbers: how large weights are before they have learned anything.

Too large, and numbers explode from layer to layer; too small, and they die out. The
rules are Parts, `init.<name>`.
"""

from __future__ import annotations

import math

from tinylearn.nn.checks import checked, sizes
from tinylearn.parts import part
from tinylearn.tensor import Tensor

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
