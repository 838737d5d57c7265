"""Layers that keep nothing: functions of a Tensor as Modules, for Sequential.

inplace   is taken and changes nothing: numbers of a graph are not overwritten
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tinylearn.nn import functional as F
from tinylearn.nn.checks import axis, checked, sizes
from tinylearn.nn.formulas.activations import check_approximate
from tinylearn.nn.module import Module
from tinylearn.tensor import Tensor

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Flatten",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
    "Unflatten",
]


class Bend(Module):
    """A function number by number that has no options."""

    function: Callable[[Tensor], Tensor]

    def __init__(self, inplace: bool = False) -> None:
        pass

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class ReLU(Bend):
    """Keeps what is positive, makes the rest 0."""

    def forward(self, x: Tensor) -> Tensor:
        return x.relu()


class ReLU6(Bend):
    """ReLU, but never above 6."""

    function = staticmethod(F.relu6)


class Sigmoid(Bend):
    """Squeezes every number between 0 and 1."""

    function = staticmethod(F.sigmoid)


class LogSigmoid(Bend):
    """log(sigmoid(x)), exact where sigmoid(x) is 0."""

    function = staticmethod(F.logsigmoid)


class Tanh(Bend):
    """Squeezes every number between -1 and 1."""

    function = staticmethod(F.tanh)


class SELU(Bend):
    """ELU, scaled so that sums of many such numbers keep mean 0 and variance 1."""

    function = staticmethod(F.selu)


class SiLU(Bend):
    """x * sigmoid(x), also called swish."""

    function = staticmethod(F.silu)


class Mish(Bend):
    """x * tanh(softplus(x))."""

    function = staticmethod(F.mish)


class Hardsigmoid(Bend):
    """A sigmoid of straight lines: 0 up to -3, 1 from 3 on."""

    function = staticmethod(F.hardsigmoid)


class Hardswish(Bend):
    """x * hardsigmoid(x)."""

    function = staticmethod(F.hardswish)


class Softsign(Bend):
    """x / (1 + |x|), between -1 and 1."""

    function = staticmethod(F.softsign)


class Tanhshrink(Bend):
    """x - tanh(x)."""

    function = staticmethod(F.tanhshrink)


class GELU(Module):
    """Like ReLU with a round corner: x times the share of normal numbers below x.

    approximate   "none", or "tanh": x * (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2
    """

    def __init__(self, approximate: str = "none") -> None:
        check_approximate(approximate)
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        return "" if self.approximate == "none" else f"approximate={self.approximate!r}"


class LeakyReLU(Module):
    """x above zero, negative_slope * x below."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        self.negative_slope = checked("negative_slope", negative_slope)

    def forward(self, x: Tensor) -> Tensor:
        return x.leaky_relu(self.negative_slope)

    def extra_repr(self) -> str:
        return f"{self.negative_slope:g}"


class ELU(Module):
    """x above zero, alpha * (exp(x) - 1) below."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha = checked("alpha", alpha)

    def forward(self, x: Tensor) -> Tensor:
        return F.elu(x, self.alpha)

    def extra_repr(self) -> str:
        return f"{self.alpha:g}"


class CELU(ELU):
    """x above zero, alpha * (exp(x / alpha) - 1) below: its slope has no jump at zero."""

    def forward(self, x: Tensor) -> Tensor:
        return F.celu(x, self.alpha)


class PReLU(Module):
    """x above zero, weight * x below: the slope is learned.

    weight   (num_parameters,): 1, or one for each channel of (batch, channels, ...)
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        sizes(num_parameters=num_parameters)
        self.num_parameters = num_parameters
        self.weight = Tensor.full((num_parameters,), float(init))

    def forward(self, x: Tensor) -> Tensor:
        return F.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"{self.num_parameters}"


class Softplus(Module):
    """log(1 + exp(beta * x)) / beta, a smooth ReLU; x itself where beta * x is above threshold."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta, self.threshold = checked("beta", beta), float(threshold)

    def forward(self, x: Tensor) -> Tensor:
        return F.softplus(x, self.beta, self.threshold)


class Hardtanh(Module):
    """x, kept between min_val and max_val."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        if not min_val < max_val:
            raise ValueError(f"min_val must be below max_val, not {min_val} and {max_val}")
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Tensor) -> Tensor:
        return F.hardtanh(x, self.min_val, self.max_val)


class Hardshrink(Module):
    """x where it is further than lambd from zero, else 0."""

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = checked("lambd", lambd)

    def forward(self, x: Tensor) -> Tensor:
        return F.hardshrink(x, self.lambd)


class Softshrink(Hardshrink):
    """x, lambd nearer to zero, and 0 where it would get beyond."""

    def forward(self, x: Tensor) -> Tensor:
        return F.softshrink(x, self.lambd)


class Threshold(Module):
    """x where it is above the threshold, else the value."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        self.threshold, self.value = threshold, value

    def forward(self, x: Tensor) -> Tensor:
        return F.threshold(x, self.threshold, self.value)


class AlongAxis(Module):
    """A function along an axis."""

    def __init__(self, dim: int = -1) -> None:
        self.dim = axis("dim", dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmax(AlongAxis):
    """Makes probabilities along an axis: positive and adding up to 1."""

    def forward(self, x: Tensor) -> Tensor:
        return x.softmax(self.dim)


class LogSoftmax(AlongAxis):
    """log(softmax(x)) along an axis, exact where softmax(x) is 0."""

    def forward(self, x: Tensor) -> Tensor:
        return x.log_softmax(self.dim)


class Softmin(AlongAxis):
    """softmax(-x): the smallest number gets the largest share."""

    def forward(self, x: Tensor) -> Tensor:
        return F.softmin(x, self.dim)


class GLU(AlongAxis):
    """The first half along an axis, each number times the sigmoid of its number in the second."""

    def forward(self, x: Tensor) -> Tensor:
        return F.glu(x, self.dim)


class Flatten(Module):
    """All axes from start_dim to end_dim as one: an image becomes a row."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = axis("start_dim", start_dim), axis("end_dim", end_dim)

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(self.start_dim, self.end_dim)


class Unflatten(Module):
    """One axis as several: a row becomes an image. One size may be -1."""

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        self.dim, self.unflattened_size = axis("dim", dim), tuple(unflattened_size)

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"{self.dim}, {self.unflattened_size}"
