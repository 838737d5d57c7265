"""Losses: one number that says how wrong predictions are.

reduction   "mean" (the default), "sum", or "none": one number for each prediction
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.devices.device import Device
from tinylearn.devices.recorder import RECORDER
from tinylearn.errors import DTypeError, OptionError, ShapeError, describe, nearest
from tinylearn.graph.deferred import composite, with_gradient
from tinylearn.graph.dtype import bool_, float16, float32, float64, int64
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import BUFFER, DETACH, LESS, LOG, MUL, SUM, WHERE, const
from tinylearn.repairs.shapes import class_repair, equal_repair
from tinylearn.repairs.userline import call_form, operand_names
from tinylearn.tensor.along import counted, laid_along, places
from tinylearn.tensor.bends import absolute, decay, log1p, log1p_single, sigmoid, wide
from tinylearn.tensor.compare import equal, opposite
from tinylearn.tensor.indexing import computed_if_cheap, in_memory, known, one_of, outside
from tinylearn.tensor.moves import without
from tinylearn.tensor.normalizing import Normalizing
from tinylearn.tensor.operands import different_devices, floating, node_of
from tinylearn.tensor.reduce import log_of_sum
from tinylearn.tensor.state import State, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

REDUCTIONS = ("mean", "sum", "none")


class Losses(Normalizing):
    """Losses, called on the predictions: `logits.cross_entropy(labels)`."""

    __slots__ = ()

    def cross_entropy(
        self,
        target: Any,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
        ignore_index: int | None = -100,
    ) -> Tensor:
        """-log of the probability that softmax(logits) gives to the true class.

        self              logits (N, classes, ...) or (classes,), with no softmax before
        target            the true classes, ints (N, ...); or probabilities of the logits' shape
        label_smoothing   this share of the truth is spread over all classes
        ignore_index      predictions whose target is this class do not count; None: all do
        PyTorch: nn.functional.cross_entropy
        """
        check_loss_option("label_smoothing", label_smoothing)
        check_loss_option("ignore_index", ignore_index)
        x, y = sides("cross_entropy", self, target)
        axis = class_axis("cross_entropy", x)
        refuse_swapped("cross_entropy", self.node, y)
        if y.dtype.is_float:
            truth = probabilities(x, y, axis, label_smoothing)
            below, logs = below_largest(x, axis)
            losses = SUM(MUL(truth, logs.expand(x.shape) - below), arg=(axis,))
            return result(reduced(losses.reshape(without(x.shape, axis)), reduction), self, target)
        ignore_index = in_use(y, ignore_index)
        y = checked_classes("cross_entropy", x, y, axis, ignore_index)
        numbers = counted(x.shape[axis], x.device)
        options = (axis, reduction, ignore_index)
        shape = x.shape[:axis] + (1,) + x.shape[axis + 1 :]
        spread = [const(label_smoothing, shape, x.dtype, x.device)] if label_smoothing else []
        return result(cross_entropy(x, y, numbers, *spread, arg=options), self)

    def sparse_categorical_crossentropy(
        self,
        target: Any,
        ignore_index: int | None = -1,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ) -> Tensor:
        """cross_entropy of logits (..., classes), whose classes are the last axis. tinygrad"""
        x, n = self.node, len(self.shape)
        moved = result(x.permute((0, n - 1, *range(1, n - 1))) if n > 2 else x, self)
        return moved.cross_entropy(target, reduction, label_smoothing, ignore_index)

    def nll_loss(
        self, target: Any, reduction: str = "mean", ignore_index: int | None = -100
    ) -> Tensor:
        """-log of the true class's probability, from log-probabilities: see log_softmax.

        self      log-probabilities (N, classes, ...);  target   the true classes, ints (N, ...)
        PyTorch: nn.functional.nll_loss
        """
        x, y = sides("nll_loss", self, target)
        check_loss_option("ignore_index", ignore_index)
        axis = class_axis("nll_loss", x)
        refuse_swapped("nll_loss", self.node, y)
        ignore_index = in_use(y, ignore_index)
        y = checked_classes("nll_loss", x, y, axis, ignore_index)
        losses = -picked(x, y, axis, places(x.shape, axis, x.device)).reshape(y.shape)
        return result(reduced(losses, reduction, counting(y, ignore_index)), self)

    def mse_loss(self, target: Any, reduction: str = "mean") -> Tensor:
        """The squared difference, of equal shapes. PyTorch: nn.functional.mse_loss"""
        x, y = same_shapes("mse_loss", self, target)
        return result(mse_loss(x, y, arg=(reduction,)), self, target)

    def l1_loss(self, target: Any, reduction: str = "mean") -> Tensor:
        """The absolute difference, of equal shapes. PyTorch: nn.functional.l1_loss"""
        x, y = same_shapes("l1_loss", self, target)
        return result(reduced(absolute(x - y), reduction), self, target)

    def binary_cross_entropy_with_logits(self, target: Any, reduction: str = "mean") -> Tensor:
        """-log of the probability that sigmoid(logit) gives to the truth, 0 or 1 (or between).

        Written as max(x, 0) - x y + log(1 + exp(-|x|)): exp never sees a number above zero.
        PyTorch: nn.functional.binary_cross_entropy_with_logits
        """
        x, y = same_shapes("binary_cross_entropy_with_logits", self, target)
        loss = binary_cross_entropy_with_logits(x, y, arg=(reduction,))
        return result(loss, self, target)

    def binary_cross_entropy(self, target: Any, reduction: str = "mean") -> Tensor:
        """-log of the probability given to the truth, from probabilities; at most 100.

        What is not from 0 to 1 is refused where it is known or costs little to compute, as
        class labels are; elsewhere it gives NaN.

        Prefer binary_cross_entropy_with_logits: it is exact where sigmoid is 0 or 1.
        PyTorch: nn.functional.binary_cross_entropy
        """
        x, y = same_shapes("binary_cross_entropy", self, target)
        x = checked_probabilities(x)
        return result(reduced(two_way(x, y), reduction), self, target)


# ---------------------------------------------------------------- on nodes


@composite
def cross_entropy(x: Node, y: Node, numbers: Node, *more: Any) -> Node:
    """The loss of logits x for true classes y; numbers are 0, 1, ... of the classes.

    more   for each prediction the share that is spread, if any is; axis, reduction, ignore_index
    """
    *smoothing, axis, reduction, ignored = more
    below, logs = below_largest(x, axis)
    losses = logs - picked(below, y, axis, laid_along(numbers, x.shape, axis))
    for share in smoothing:
        spread = logs - below.sum((axis,)) / x.shape[axis]
        losses = losses * (1 - share) + spread * share
    return reduced(losses.reshape(y.shape), reduction, counting(y, ignored))


@composite
def binary_cross_entropy_with_logits(x: Node, y: Node, reduction: str) -> Node:
    """The loss of logits x for truths y from 0 to 1."""
    return reduced(two_way_of_logits(x, y), reduction)


def logits_gradient(g: Node, node: Node) -> tuple[Node, Node]:
    """sigmoid(x) - y, from the side where it is exact; -x for the truth."""
    x, y = node.inputs
    below, e = decay(wide(x))
    share = e / (e + 1)
    slope = below.where(share, -share) + (below.where(0.0, share.const_like(1)) - wide(y))
    return g * slope.cast(x.dtype), -(g * x)


@with_gradient(logits_gradient)
def two_way_of_logits(x: Node, y: Node) -> Node:
    """max(x, 0) - x y + log(1 + exp(-|x|))."""
    z = wide(x)
    below, e = decay(z)
    more = log1p(e) if x.dtype is float64 else log1p_single(e)
    return (z * (below.where(0.0, z.const_like(1)) - wide(y)) + more).cast(x.dtype)


def two_way_gradient(g: Node, node: Node) -> tuple[Node, Node]:
    """(x - y) / (x (1 - x)), where x is neither 0 nor 1; the logarithms' difference for y."""
    x, y = (wide(v) for v in node.inputs)
    spread = (1 - x) * x
    slope = (x - y) / LESS(spread, spread.const_like(1e-12)).where(1e-12, spread)
    up = bounded(log1p(-x)) - bounded(LOG(x))
    return g * slope.cast(g.dtype), g * up.cast(g.dtype)


@with_gradient(two_way_gradient)
def two_way(x: Node, y: Node) -> Node:
    """-(y log(x) + (1 - y) log(1 - x)), no logarithm below -100: so 0 * log(0) is 0."""
    p, truth = wide(x), wide(y)
    losses = truth * bounded(LOG(p)) + (1 - truth) * bounded(log1p(-p))
    return (-losses).cast(x.dtype)


def bounded(x: Node) -> Node:
    """x, but never below -100."""
    return LESS(x, x.const_like(-100.0)).where(-100.0, x)


@composite
def mse_loss(x: Node, y: Node, reduction: str) -> Node:
    """The squared difference."""
    difference = x - y
    return reduced(difference * difference, reduction)


def below_largest(x: Node, axis: int) -> tuple[Node, Node]:
    """How far logits are below the largest, and the logarithm of the sum of these' exponentials."""
    below = x - DETACH(x.max((axis,))).expand(x.shape)
    return below, log_of_sum(below, arg=((axis,),))


def sides(op: str, prediction: State, target: Any) -> tuple[Node, Node]:
    """Predictions as floats, and the node of the targets."""
    x = floating(prediction.node)
    y = target.node if isinstance(target, State) else node_of(op, target, x.device)
    if x.device != y.device:
        raise different_devices(op, x, y)
    return x.cast(float32) if x.dtype is float16 else x, y


def same_shapes(op: str, prediction: State, target: Any) -> tuple[Node, Node]:
    """Two sides of one float dtype whose shapes are equal: broadcasting would hide a mistake."""
    x, y = sides(op, prediction, target)
    if x.shape != y.shape:
        left, right, _ = operand_names(op)
        repair = equal_repair(left, right, call_form(op), x.shape, y.shape)
        says = f"{op} compares number by number and needs equal shapes"
        raise describe(ShapeError, says, [(left, x), (right, y)], repair)
    return x, y.cast(x.dtype)


def checked_probabilities(x: Node) -> Node:
    """Numbers from 0 to 1, and NaN in the place of others; raises where these are known."""
    if x.op is sigmoid:
        return x
    x = x if x.op is BUFFER else computed_if_cheap(x)
    if known(x):
        device = Device.known[x.device]
        data = device.read(device.memory(x.buffer))
        outside = data[(data < 0) | (data > 1)]
        if outside.size:
            says = f"binary_cross_entropy needs probabilities, from 0 to 1, and not {outside[0]:g}"
            left, right, _ = operand_names("binary_cross_entropy")
            method = "binary_cross_entropy_with_logits"
            repair = call_form(method).format(left, right)
            raise describe(ValueError, f"{says}; of logits take {method}", [(left, x)], repair)
        return x
    zero, one = x.const_like(0), x.const_like(1)
    return LESS(x, zero).where(math.nan, LESS(one, x).where(math.nan, x))


def class_axis(op: str, x: Node) -> int:
    """The axis of the classes: the second of a batch, the only one of a single prediction."""
    if not x.shape:
        raise describe(ShapeError, f"{op} needs an axis of classes", [("x", x)])
    axis = 1 if len(x.shape) > 1 else 0
    if x.shape[axis] == 0:
        raise describe(ShapeError, f"{op}: there are 0 classes", [("x", x)])
    return axis


def refuse_swapped(op: str, x: Node, y: Node) -> None:
    """Raise where the classes stand before the logits."""
    classes = not x.dtype.is_float and y.dtype.is_float and len(y.shape) == len(x.shape) + 1
    if classes and without(y.shape, 1 if x.shape else 0) == x.shape:
        left, right, _ = operand_names(op)
        says = f"{op}: the logits come first, then the classes"
        repair = call_form(op).format(right, left)
        raise describe(ShapeError, says, [(left, x), (right, y)], repair)


def checked_classes(op: str, x: Node, y: Node, axis: int, ignored: int | None) -> Node:
    """The true classes as int64, of the shape that the predictions ask for.

    That they are in range is checked where the numbers are at hand or cheap to compute, else when
    they are computed.
    """
    left, right, _ = operand_names(op) if y.shape != without(x.shape, axis) else ("", "", "")
    if y.dtype.is_float or y.dtype is bool_:
        raise DTypeError(f"{op} needs int classes, not {y.dtype}\nTry {right or 'target'}.long()")
    if left:
        says = f"{op}: {left} {x.shape} needs targets of shape {without(x.shape, axis)}"
        repair = class_repair(left, right, call_form(op), x.shape, y.shape)
        raise describe(ShapeError, says, [(left, x), (right, y)], repair)
    y = y if y.op is BUFFER else computed_if_cheap(y)
    count = x.shape[axis]
    if not in_memory(y):
        left_out = None if ignored is None else equal(y, y.const_like(ignored))
        checked = one_of(y if left_out is None else left_out.where(0, y), count)
        return checked if left_out is None else left_out.where(y.cast(int64), checked)
    if outside(y, 0, count) is not None:
        refuse_classes(op, Device.known[y.device].download(y.buffer), count, ignored)
    if (recorder := RECORDER.get()) is not None:
        again = partial(refuse_classes, op, classes=count, ignored=ignored)
        recorder.checks.append((y.buffer, again))
    return y.cast(int64)


def in_use(y: Node, ignored: int | None) -> int | None:
    """The class to be ignored; None where no target is it, as far as that is known."""
    if ignored is None or y.dtype.kind != 1:
        return ignored
    y = y if y.op is BUFFER else computed_if_cheap(y)
    if not known(y):
        return ignored
    device = Device.known[y.device]
    numbers = device.read(device.memory(y.buffer))
    return ignored if (numbers == ignored).any() else None


def refuse_classes(op: str, data: np.ndarray, classes: int, ignored: int | None) -> None:
    """Raises for a class that is not there, unless it is the one to be ignored."""
    outside = data[(data < 0) | (data >= classes)]
    wrong = outside if ignored is None else outside[outside != ignored]
    if wrong.size:
        raise ValueError(f"{op}: class {wrong[0]} is not one of 0 to {classes - 1}")


def picked(x: Node, y: Node, axis: int, place: Node) -> Node:
    """For each prediction the number of class y, the axis kept. Never 0 * x: x may be infinite.

    place   in each place of x its class
    """
    index = y.reshape(y.shape[:axis] + (1,) + y.shape[axis:]).expand(x.shape)
    zero = x.const_like(0)
    return SUM(WHERE(LESS(index, place), zero, WHERE(LESS(place, index), zero, x)), arg=(axis,))


def probabilities(x: Node, y: Node, axis: int, smoothing: float) -> Node:
    """Targets that are probabilities, smoothed."""
    if y.shape != x.shape:
        says = f"cross_entropy: targets that are probabilities have the logits' shape {x.shape}"
        left, right, _ = operand_names("cross_entropy")
        form = call_form("cross_entropy")
        repair = equal_repair(left, right, form, x.shape, y.shape)
        if y.shape == without(x.shape, axis):
            repair = form.format(left, f"{right}.long()")
        raise describe(ShapeError, says, [(left, x), (right, y)], repair)
    y = y.cast(x.dtype)
    return y * (1 - smoothing) + smoothing / x.shape[axis] if smoothing else y


def counting(y: Node, ignored: int | None) -> Node | None:
    """Which predictions count; None: all."""
    return None if ignored is None else opposite(equal(y, y.const_like(ignored)))


def reduced(losses: Node, reduction: str, counts: Node | None = None) -> Node:
    """Losses put together as `reduction` says."""
    check_loss_option("reduction", reduction)
    axes = tuple(range(len(losses.shape)))
    if counts is not None:
        losses = counts.where(losses, 0.0)
    if reduction == "none":
        return losses
    total = losses.sum(axes).reshape(())
    if reduction == "sum":
        return total
    if counts is not None:
        return total / counts.cast(losses.dtype).sum(axes).reshape(())
    return total / losses.size


def check_loss_option(name: str, value: Any) -> None:
    """Raise for a value that an option of losses cannot have."""
    if name == "reduction" and (not isinstance(value, str) or value not in REDUCTIONS):
        hint = nearest(value, REDUCTIONS)
        raise OptionError(f"reduction must be 'mean', 'sum' or 'none', not {value!r}{hint}")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name == "label_smoothing" and not (number and 0 <= value <= 1):
        raise OptionError(f"label_smoothing must be a number from 0 to 1, not {value!r}")
    if name == "ignore_index" and value is not None and not (number and value == int(value)):
        raise TypeError(f"ignore_index must be a whole number or None, not {value!r}")
