"""Functions number by number, under PyTorch's names and options. Most are methods of Tensor.

inplace   is taken and changes nothing: numbers of a graph are not overwritten
"""

from __future__ import annotations

from tinylearn.errors import TinylearnError, nearest
from tinylearn.tensor import Tensor

APPROXIMATE = ("none", "tanh")


def relu(x: Tensor, inplace: bool = False) -> Tensor:
    """x, or 0 where x is not above zero."""
    return x.relu()


def relu6(x: Tensor, inplace: bool = False) -> Tensor:
    """relu, but never above 6."""
    return x.relu6()


def leaky_relu(x: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x above zero, negative_slope * x below."""
    return x.leaky_relu(negative_slope)


def elu(x: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above zero, alpha * (exp(x) - 1) below."""
    return x.elu(alpha)


def celu(x: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above zero, alpha * (exp(x / alpha) - 1) below: its slope has no jump at zero."""
    return x.celu(alpha)


def selu(x: Tensor, inplace: bool = False) -> Tensor:
    """elu, scaled so that sums of many such numbers keep mean 0 and variance 1.

    Source: Klambauer et al. 2017
    """
    return x.selu()


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), between 0 and 1."""
    return x.sigmoid()


def logsigmoid(x: Tensor) -> Tensor:
    """log(sigmoid(x)), exact where sigmoid(x) is 0."""
    return x.logsigmoid()


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent, between -1 and 1."""
    return x.tanh()


def silu(x: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x), also called swish."""
    return x.silu()


def mish(x: Tensor, inplace: bool = False) -> Tensor:
    """x * tanh(softplus(x))."""
    return x.mish()


def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    """x times the share of normal numbers below x; "tanh" is the method's approximation.

    Source: Hendrycks & Gimpel 2016
    """
    check_approximate(approximate)
    return x.gelu(approximate)


def check_approximate(name: str) -> None:
    """Raise unless it is one of the ways to compute GELU."""
    if name not in APPROXIMATE:
        says = f"approximate must be 'none' or 'tanh', not {name!r}"
        raise TinylearnError(says + nearest(name, APPROXIMATE))


def softplus(x: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta * x)) / beta, a smooth relu; x itself where beta * x is above threshold."""
    return (x * beta > threshold).where(x, x.softplus(beta))


def hardtanh(
    x: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """x, kept between min_val and max_val."""
    return x.hardtanh(min_val, max_val)


def hardsigmoid(x: Tensor, inplace: bool = False) -> Tensor:
    """A sigmoid of straight lines: 0 up to -3, 1 from 3 on."""
    return x.hardsigmoid()


def hardswish(x: Tensor, inplace: bool = False) -> Tensor:
    """x * hardsigmoid(x)."""
    return x.hardswish()


def softsign(x: Tensor) -> Tensor:
    """x / (1 + |x|), between -1 and 1."""
    return x.softsign()


def tanhshrink(x: Tensor) -> Tensor:
    """x - tanh(x)."""
    return x.tanhshrink()


def hardshrink(x: Tensor, lambd: float = 0.5) -> Tensor:
    """x where it is further than lambd from zero, else 0."""
    return x.hardshrink(lambd)


def softshrink(x: Tensor, lambd: float = 0.5) -> Tensor:
    """x, lambd nearer to zero, and 0 where it would get beyond."""
    return x.softshrink(lambd)


def threshold(x: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where it is above the threshold, else the value."""
    return x.threshold(threshold, value)


def prelu(x: Tensor, weight: Tensor) -> Tensor:
    """x above zero, weight * x below; one weight, or one for each channel."""
    return x.prelu(weight)


def glu(x: Tensor, dim: int = -1) -> Tensor:
    """The first half along an axis, each number times the sigmoid of its number in the second."""
    return x.glu(dim)


def softmax(x: Tensor, dim: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis: above 0, sum 1."""
    return x.softmax(dim)


def softmin(x: Tensor, dim: int = -1) -> Tensor:
    """softmax(-x): the smallest number gets the largest share."""
    return x.softmin(dim)


def log_softmax(x: Tensor, dim: int = -1) -> Tensor:
    """log(softmax(x)), exact where softmax(x) is 0."""
    return x.log_softmax(dim)
