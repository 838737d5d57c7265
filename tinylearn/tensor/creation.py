"""New tensors: from numbers, of one value, counted, or drawn at random.

Random numbers are drawn when the tensor is made, by one NumPy generator that `manual_seed` sets.

device           where the numbers live: Device.DEFAULT if not given
requires_grad    floats are leaves that get a .grad, unless this is False
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.devices.device import Device, checked_name
from tinylearn.devices.recorder import RECORDER, drawn
from tinylearn.errors import DTypeError, ShapeError
from tinylearn.graph.dtype import DEFAULT_FLOAT, PYTHON, DType, bool_, int64
from tinylearn.graph.dtype import dtype as dtype_of
from tinylearn.graph.node import Shape
from tinylearn.graph.primitives import buffer
from tinylearn.repairs.userline import with_floats
from tinylearn.tensor.data import array_of, checked_shape, fits
from tinylearn.tensor.losses import Losses
from tinylearn.tensor.operands import plain
from tinylearn.tensor.randomness import Random, manual_seed
from tinylearn.tensor.state import State, made, own

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Creation(Losses):
    """New tensors, made by the class: `Tensor.zeros(2, 3)`."""

    __slots__ = ()

    manual_seed = staticmethod(manual_seed)

    # ---------------------------------------------------------------- of an array

    @staticmethod
    def from_numpy(
        array: np.ndarray,
        device: str | None = None,
        requires_grad: bool | None = None,
    ) -> Tensor:
        """A leaf in the array's own memory, without a copy where that can be. PyTorch: from_numpy

        Do not change the array before what is made of the tensor has been computed; Tensor(array)
        takes a copy and is safe.
        Raises   TypeError for anything but an array
        """
        if not isinstance(array, np.ndarray):
            got = type(array).__name__
            raise TypeError(f"from_numpy needs a NumPy array, not a {got}\nTry Tensor(x)")
        return leaf(array, None, device, requires_grad)

    # ---------------------------------------------------------------- one value

    @staticmethod
    def full(shape: int | Shape, value: float, dtype: Any = None, **options: Any) -> Tensor:
        """One value everywhere. It takes no memory until it is used. NumPy, PyTorch: full"""
        number = plain(value)
        if type(number) not in PYTHON:
            raise DTypeError(f"full needs a number, got {value!r}")
        return filled(checked_shape((shape,)), number, dtype or PYTHON[type(number)], **options)

    @staticmethod
    def zeros(*shape: int | Shape, dtype: Any = None, **options: Any) -> Tensor:
        """0 everywhere. NumPy, PyTorch: zeros"""
        return filled(checked_shape(shape), 0, dtype, **options)

    @staticmethod
    def ones(*shape: int | Shape, dtype: Any = None, **options: Any) -> Tensor:
        """1 everywhere. NumPy, PyTorch: ones"""
        return filled(checked_shape(shape), 1, dtype, **options)

    @staticmethod
    def empty(*shape: int | Shape, dtype: Any = None, **options: Any) -> Tensor:
        """0 everywhere: nobody should see arbitrary numbers. NumPy, PyTorch: empty"""
        return filled(checked_shape(shape), 0, dtype, **options)

    def full_like(self, value: float, **options: Any) -> Tensor:
        """One value everywhere, with this tensor's shape, dtype and device."""
        return filled(self.shape, plain(value), **like(self, options))

    def zeros_like(self, **options: Any) -> Tensor:
        """0 everywhere, with this tensor's shape, dtype and device. NumPy, PyTorch: zeros_like"""
        return filled(self.shape, 0, **like(self, options))

    def ones_like(self, **options: Any) -> Tensor:
        """1 everywhere, with this tensor's shape, dtype and device. NumPy, PyTorch: ones_like"""
        return filled(self.shape, 1, **like(self, options))

    # ---------------------------------------------------------------- counted

    @staticmethod
    def arange(
        start: float, stop: float | None = None, step: float = 1, dtype: Any = None, **options: Any
    ) -> Tensor:
        """start, start + step, ... below stop; from 0 if one number is given. NumPy: arange"""
        if stop is None:
            start, stop = 0, start
        start, stop, step = plain(start), plain(stop), plain(step)
        if step == 0:
            raise ShapeError("arange with a step of 0 would never end")
        count = (stop - start) / step
        floats = any(isinstance(n, float) for n in (start, stop, step))
        wanted = dtype_of(dtype) if dtype is not None else DEFAULT_FLOAT if floats else int64
        fits((max(0, int(count)),), wanted)
        return leaf(np.arange(start, stop, step), wanted, **options)

    @staticmethod
    def linspace(
        start: float, stop: float, steps: int, dtype: Any = None, **options: Any
    ) -> Tensor:
        """So many numbers from start to stop (included), evenly spaced. NumPy, PyTorch: linspace"""
        start, stop, kind = plain(start), plain(stop), dtype_of(dtype or DEFAULT_FLOAT)
        if kind is bool_:
            raise DTypeError("linspace: bools are not spaced\nTry Tensor.linspace(0, 1, 2)")
        fits(checked_shape((steps,)), kind)
        return leaf(np.linspace(start, stop, steps), kind, **options)

    @staticmethod
    def eye(rows: int, columns: int | None = None, dtype: Any = None, **options: Any) -> Tensor:
        """1 on the diagonal, 0 elsewhere. NumPy, PyTorch: eye"""
        shape = checked_shape((rows, rows if columns is None else columns))
        fits(shape, DEFAULT_FLOAT)
        return leaf(np.eye(shape[0], shape[1]), dtype or DEFAULT_FLOAT, **options)

    # ---------------------------------------------------------------- random

    @staticmethod
    def rand(*shape: int | Shape, **options: Any) -> Tensor:
        """Evenly distributed from 0 to 1 (not included). NumPy, PyTorch: rand"""
        return Creation.uniform(*shape, **options)

    @staticmethod
    def uniform(
        *shape: int | Shape, low: float = 0.0, high: float = 1.0, dtype: Any = None, **options: Any
    ) -> Tensor:
        """Evenly distributed from low to high (not included). NumPy: Generator.uniform"""
        sizes, width, start = drawable(shape, dtype), np.float32(high - low), np.float32(low)
        draw = lambda: Random.generator.random(sizes, np.float32) * width + start  # noqa: E731
        return random_leaf(draw, dtype, **options)

    @staticmethod
    def randn(*shape: int | Shape, **options: Any) -> Tensor:
        """From the normal distribution: mean 0, standard deviation 1. NumPy, PyTorch: randn"""
        return Creation.normal(*shape, **options)

    @staticmethod
    def normal(
        *shape: int | Shape, mean: float = 0.0, std: float = 1.0, dtype: Any = None, **options: Any
    ) -> Tensor:
        """From the normal distribution with this mean and standard deviation. PyTorch: normal"""
        sizes, width, middle = drawable(shape, dtype), np.float32(std), np.float32(mean)
        draw = lambda: Random.generator.standard_normal(sizes, np.float32) * width + middle  # noqa: E731
        return random_leaf(draw, dtype, **options)

    @staticmethod
    def scaled_uniform(*shape: int | Shape, **options: Any) -> Tensor:
        """From -1 to 1, divided by the square root of how many there are. tinygrad"""
        bound = max(1, math.prod(checked_shape(shape))) ** -0.5
        return Creation.uniform(*shape, low=-bound, high=bound, **options)

    @staticmethod
    def glorot_uniform(*shape: int | Shape, **options: Any) -> Tensor:
        """From -b to b, b = sqrt(6 / (outputs + inputs)). tinygrad. Source: Glorot & Bengio 2010

        shape   (outputs, inputs, ...): see nn.init for layers of other kinds
        """
        outputs, inputs = fans(shape)
        bound = (6 / max(1, outputs + inputs)) ** 0.5
        return Creation.uniform(*shape, low=-bound, high=bound, **options)

    @staticmethod
    def kaiming_uniform(*shape: int | Shape, a: float = 0.01, **options: Any) -> Tensor:
        """From -b to b, b = sqrt(6 / ((1 + a^2) inputs)). tinygrad. Source: He et al. 2015

        shape   (outputs, inputs, ...)
        a       the slope below zero of the leaky_relu that follows
        """
        bound = (6 / (1 + a * a) / max(1, fans(shape)[1])) ** 0.5
        return Creation.uniform(*shape, low=-bound, high=bound, **options)

    @staticmethod
    def kaiming_normal(*shape: int | Shape, a: float = 0.01, **options: Any) -> Tensor:
        """Standard deviation sqrt(2 / ((1 + a^2) inputs)): see kaiming_uniform. tinygrad"""
        spread = (2 / (1 + a * a) / max(1, fans(shape)[1])) ** 0.5
        return Creation.normal(*shape, std=spread, **options)

    @staticmethod
    def randint(
        *shape: int | Shape, low: int = 0, high: int = 10, dtype: Any = None, **options: Any
    ) -> Tensor:
        """Whole numbers from low to high (not included). NumPy: Generator.integers

        randint(high, shape) and randint(low, high, shape) are understood as in PyTorch.
        """
        if len(shape) > 1 and isinstance(shape[-1], tuple | list):
            *bounds, sizes = shape
            low, high, shape = *((low, *bounds)[-2:]), (sizes,)  # type: ignore[assignment]
        if not low < high:
            raise ShapeError(f"randint needs low < high, got {low} and {high}")
        sizes = drawable(shape)
        return random_leaf(lambda: Random.generator.integers(low, high, sizes), dtype, **options)

    @staticmethod
    def randperm(n: int, **options: Any) -> Tensor:
        """0 to n - 1 in random order. PyTorch: randperm; NumPy: Generator.permutation"""
        return random_leaf(lambda: Random.generator.permutation(n), None, **options)

    def rand_like(self, **options: Any) -> Tensor:
        """Evenly distributed from 0 to 1, with this tensor's shape, dtype and device."""
        return Creation.uniform(self.shape, **like(self, options))

    def randn_like(self, **options: Any) -> Tensor:
        """From the normal distribution, with this tensor's shape, dtype and device."""
        return Creation.normal(self.shape, **like(self, options))


# ---------------------------------------------------------------- leaves


def leaf(
    numbers: np.ndarray, dtype: Any, device: str | None = None, requires_grad: bool | None = None
) -> Tensor:
    """A new leaf in the memory of these numbers, which nobody is going to change."""
    array = array_of(numbers, None if dtype is None else dtype_of(dtype))
    return planted(Device.known[place(device)].adopt(array), requires_grad)


def random_leaf(
    draw: Callable[[], np.ndarray],
    dtype: Any,
    device: str | None = None,
    requires_grad: bool | None = None,
) -> Tensor:
    """A new leaf of the numbers that are drawn; a captured function draws anew in each replay."""
    kind = None if dtype is None else dtype_of(dtype)
    return planted(
        drawn(Device.known[place(device)], lambda: array_of(draw(), kind)), requires_grad
    )


def filled(
    shape: Shape,
    value: float,
    dtype: Any = None,
    device: str | None = None,
    requires_grad: bool | None = None,
) -> Tensor:
    """A new leaf of one value."""
    kind = DEFAULT_FLOAT if dtype is None else dtype_of(dtype)
    fits(shape, kind)
    number = (bool, int, float)[kind.kind](value)
    return planted(Device.known[place(device)].filled(shape, kind, number), requires_grad)


def fans(shape: tuple) -> tuple[int, int]:
    """(outputs, inputs) of weights (outputs, inputs, ...): the first size, and all others."""
    outputs, *inputs = checked_shape(shape) or (1,)
    return outputs, math.prod(inputs)


def planted(data: Any, requires_grad: bool | None = None) -> Tensor:
    """The leaf of a buffer. Floats require a gradient unless told otherwise."""
    tensor = made(buffer(data), False)
    take_root(tensor, tensor.node, requires_grad)
    return tensor


def take_root(tensor: State, node: Any, requires_grad: bool | None) -> None:
    """Give a tensor a new node of its own, and with it the right to a gradient."""
    kind: DType = node.dtype
    if (recorder := RECORDER.get()) is not None:
        recorder.fresh[id(tensor)] = tensor
    if requires_grad and not kind.is_float:
        raise DTypeError(f"only floats have gradients, not {kind}\nTry {with_floats()}")
    tensor.node = node
    tensor._requires_grad = kind.is_float if requires_grad is None else bool(requires_grad)
    own([tensor], [node])


def place(device: str | None) -> str:
    """A device that works, by name; the default one if none is named."""
    return Device.DEFAULT if device is None else checked_name(device)


def like(x: State, options: dict[str, Any]) -> dict[str, Any]:
    """Options completed by a tensor's own dtype and device."""
    return {"dtype": x.dtype, "device": x.device} | options


def drawable(shape: tuple, dtype: Any = DEFAULT_FLOAT) -> Shape:
    """A shape of random numbers that can be held in memory.

    Raises   DTypeError for a dtype that would cut what is drawn to whole numbers
    """
    sizes = checked_shape(shape)
    if dtype is not None and not dtype_of(dtype).is_float:
        says = f"floats are drawn, and {dtype_of(dtype)} would cut them to whole numbers"
        raise DTypeError(f"{says}\nTry Tensor.randint({', '.join(map(str, sizes))})")
    fits(sizes, DEFAULT_FLOAT)
    return sizes
