"""The primitives: 12 ops that compute, 6 that only move, and the sources they start from.
Two more look numbers up, at places that are numbers themselves: lookup.py.

Each is ONE declaration: the shape it gives, what it means in NumPy, its text in a C-like language
or its index arithmetic, and, as the decorated function itself, its gradient rule: (g, node) -> one
graph for each input, where g is the gradient that arrives for the node. The rule's docstring is
the sentence that the lessons show. Everything else is composed from these in `Tensor`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinylearn.changes import run_once
from tinylearn.graph import rules
from tinylearn.graph.dtype import DType, float16, float32, float64
from tinylearn.graph.node import Given, Node, Shape, apply, constant, source
from tinylearn.parts import Part

run_once(globals())


@dataclass(frozen=True, eq=False)
class Primitive:
    """All that is known of an op.

    kind      "source", "elementwise", "reduce", "move" or "lookup"
    gradient  the Part with the gradient rule
    numpy     its meaning: (arrays..., arg if there is one) -> array
    text      elementwise and reduce: its text in languages like C; {0} {1} {2} are the operands,
              {kind} the result's type, of one number or of many side by side
    truth     its text for truth values, where that is another
    shape     (op, inputs, arg) -> shape, or raises ShapeError
    dtype     (op, inputs, arg) -> dtype, or raises DTypeError
    device    (op, inputs, arg) -> device, or raises DeviceError
    index     move: (index of the output, node) -> index of the input
    unnamed   (input, arg) -> its structure where that leaves something out: what is detached, so
              that the state after each step has the same; where a shrink or a pad begins
    """

    name: str
    kind: str
    gradient: Part
    numpy: Callable
    text: str = ""
    truth: str = ""
    shape: Callable[..., Shape] = rules.equal_shapes
    dtype: Callable[..., DType] = rules.equal_dtypes
    device: Callable[..., str] = rules.same_device
    index: Callable[..., tuple] | None = None
    unnamed: Callable[[Node, Any], tuple] | None = None

    def __repr__(self) -> str:
        return self.name

    def __call__(self, *inputs: Node, arg: Any = None) -> Node:
        return apply(self, inputs, arg)

    def check(self, inputs: tuple[Node, ...], arg: Any) -> tuple[Shape, DType, str]:
        """Shape, dtype and device of this op on these inputs; raises where they do not fit."""
        shape, dtype = self.shape(self, inputs, arg), self.dtype(self, inputs, arg)
        return shape, dtype, self.device(self, inputs, arg)


PRIMITIVES: dict[str, Primitive] = {}


def primitive(name: str, kind: str = "elementwise", **meaning: Any) -> Callable[..., Primitive]:
    """Declare an op. The decorated function is its gradient rule."""

    def declare(rule: Callable) -> Primitive:
        PRIMITIVES[name] = Primitive(name, kind, Part(f"gradient.{name}", rule), **meaning)
        return PRIMITIVES[name]

    return declare


# ---------------------------------------------------------------- sources


@primitive("buffer", "source", numpy=np.asarray)
def BUFFER(g, node):
    """Numbers that are in memory already: gradients arrive here and stop."""
    return ()


@primitive("const", "source", numpy=np.asarray)
def CONST(g, node):
    """One value in every place; nothing depends on anything, so there is no gradient."""
    return ()


@primitive("copy", "source", numpy=np.copy, shape=rules.same_shape, device=rules.arg_device)
def COPY(g, node):
    """The same numbers on another device; the gradient is copied back."""
    return (copy(g, node.inputs[0].device),)


@primitive("detach", "source", numpy=np.asarray, shape=rules.same_shape, unnamed=rules.border)
def DETACH(g, node):
    """The same numbers, declared to be constant: no gradient passes."""
    return (None,)


@primitive(
    "cat",
    "source",
    numpy=lambda *parts: np.concatenate(parts[:-1], parts[-1]),
    shape=rules.joined,
)
def CAT(g, node):
    """Many parts one behind the other; each part gets its part of the gradient."""
    return tuple(g.shrink(bounds) for bounds in rules.bounds_of_parts(node))


@primitive(
    "dynamic_slice",
    "source",
    numpy=rules.numpy_dynamic_slice,
    shape=rules.sliced,
    dtype=rules.first_dtype,
)
def DYNAMIC_SLICE(g, node):
    """A part that begins where the other inputs say; what was cut off gets zeros."""
    x, *starts = node.inputs
    return DYNAMIC_PAD(g, *starts, arg=x.shape), *[None] * len(starts)


@primitive(
    "dynamic_pad",
    "source",
    numpy=rules.numpy_dynamic_pad,
    shape=rules.placed,
    dtype=rules.first_dtype,
)
def DYNAMIC_PAD(g, node):
    """Zeros, and x among them where the other inputs say; the gradient is the part that was x."""
    x, *starts = node.inputs
    return DYNAMIC_SLICE(g, *starts, arg=x.shape), *[None] * len(starts)


# ---------------------------------------------------------------- elementwise


@primitive("add", numpy=np.add, text="({0} + {1})", truth="({0} | {1})")
def ADD(g, node):
    """Add number by number; both inputs get g unchanged."""
    return g, g


@primitive("mul", numpy=np.multiply, text="({0} * {1})", truth="({0} & {1})")
def MUL(g, node):
    """Multiply number by number; each input gets g times the other input."""
    x, y = node.inputs
    return g * y, g * x


@primitive("recip", numpy=np.reciprocal, text="(1 / {0})", dtype=rules.float_dtype)
def RECIP(g, node):
    """One divided by x; its slope is minus the square of the result."""
    return (-(g * node * node),)


@primitive("exp", numpy=np.exp, text="exp_{kind}({0})", dtype=rules.float_dtype)
def EXP(g, node):
    """The exponential is its own slope: g times the result."""
    return (g * node,)


@primitive("log", numpy=np.log, text="log_{kind}({0})", dtype=rules.float_dtype)
def LOG(g, node):
    """The natural logarithm; its slope is one divided by x."""
    return (g * node.inputs[0].recip(),)


@primitive("sin", numpy=np.sin, text="sin_{kind}({0})", dtype=rules.float_dtype)
def SIN(g, node):
    """The sine; its slope is the cosine, which is the sine a quarter turn ahead."""
    return (g * node.inputs[0].cos(),)


@primitive("sqrt", numpy=np.sqrt, text="sqrt_{kind}({0})", dtype=rules.float_dtype)
def SQRT(g, node):
    """The square root; its slope is one divided by twice the result."""
    return (g * 0.5 * node.recip(),)


@primitive("less", numpy=np.less, text="({0} < {1})", dtype=rules.bool_dtype)
def LESS(g, node):
    """Is x smaller than y? The answer jumps and is flat elsewhere, so there is no gradient."""
    return None, None


@primitive("where", numpy=np.where, text="choose_{kind}({0}, {1}, {2})", dtype=rules.where_dtype)
def WHERE(g, node):
    """Choose between two numbers; g goes to the one that was chosen."""
    condition = node.inputs[0]
    return None, condition.where(g, 0.0), condition.where(0.0, g)


@primitive(
    "cast",
    numpy=lambda x, dtype: x.astype(dtype.numpy),
    text="cast_{kind}({0})",
    dtype=rules.arg_dtype,
)
def CAST(g, node):
    """The same number as another kind of number; g is cast back."""
    return (g.cast(node.inputs[0].dtype),)


# ---------------------------------------------------------------- reduce


@primitive(
    "sum",
    "reduce",
    numpy=lambda x, axes: np.add.reduce(x, axes, x.dtype, keepdims=True),
    text="({0} + {1})",
    truth="({0} | {1})",
    shape=rules.reduced_shape,
)
def SUM(g, node):
    """Add up along axes; every summand gets the same g, so the gradient is an expand."""
    return (g.expand(node.inputs[0].shape),)


@primitive(
    "max",
    "reduce",
    numpy=lambda x, axes: np.maximum.reduce(x, axes, keepdims=True),
    text="larger_{kind}({0}, {1})",
    shape=rules.max_shape,
)
def MAX(g, node):
    """The largest along axes; g goes to the place of the maximum, in equal shares to ties."""
    x = node.inputs[0]
    chosen = x.less(node.expand(x.shape)).where(x.const_like(0), x.const_like(1))
    share = g * chosen.sum(node.arg).recip()
    return (chosen * share.expand(x.shape),)


# ---------------------------------------------------------------- move


@primitive(
    "reshape", "move", numpy=np.reshape, shape=rules.reshaped, index=rules.index_before_reshape
)
def RESHAPE(g, node):
    """The same numbers in the same order under another shape; the gradient is reshaped back."""
    return (g.reshape(node.inputs[0].shape),)


@primitive("permute", "move", numpy=np.transpose, shape=rules.permuted, index=rules.index_permuted)
def PERMUTE(g, node):
    """The axes in another order; the gradient's axes are put back in order."""
    return (g.permute(rules.inverse_order(node.arg)),)


@primitive(
    "expand", "move", numpy=np.broadcast_to, shape=rules.expanded, index=rules.index_expanded
)
def EXPAND(g, node):
    """Repeat along axes of size 1; x was used once per copy, so its gradient is a sum."""
    return (g.sum(rules.expanded_axes(node)),)


@primitive(
    "pad",
    "move",
    numpy=rules.numpy_pad,
    shape=rules.padded,
    index=rules.index_padded,
    unnamed=rules.sum_alone,
)
def PAD(g, node):
    """Put zeros around; the gradient is cut back to the part that was x."""
    before = [b for b, _ in node.arg]
    sizes = node.inputs[0].shape
    return (g.shrink(tuple((b, b + n) for b, n in zip(before, sizes, strict=True))),)


@primitive(
    "shrink",
    "move",
    numpy=rules.numpy_shrink,
    shape=rules.shrunk,
    index=rules.index_shrunk,
    unnamed=rules.sizes_alone,
)
def SHRINK(g, node):
    """Keep a part of each axis; what was cut off gets zeros, so the gradient is a pad."""
    sizes = node.inputs[0].shape
    return (g.pad(tuple((a, n - b) for (a, b), n in zip(node.arg, sizes, strict=True))),)


@primitive("flip", "move", numpy=np.flip, shape=rules.flipped, index=rules.index_flipped)
def FLIP(g, node):
    """Reverse the order along axes; the gradient is flipped back."""
    return (g.flip(node.arg),)


# ---------------------------------------------------------------- how nodes are written


def const(value: Any, shape: Shape, dtype: DType, device: str) -> Node:
    """A node that is `value`, a Python number, in every place of `shape`."""
    if not isinstance(value, Given):
        value = (bool, int, float)[dtype.kind](value)
    return constant(CONST, value, shape, dtype, device)


def buffer(data: Any, made_at: tuple | None = None) -> Node:
    """A leaf: the node of numbers in memory. data has .shape, .dtype and .device.

    made_at   the user's place that it is made for; None: the one that led here
    """
    return source(BUFFER, data.shape, data.dtype, data.device, data, made_at)


def copy(x: Node, device: str) -> Node:
    """x on another device; x itself if it is there already."""
    return x if x.device == device else apply(COPY, (x,), device)


def _operand(x: Node, other: Any) -> Node:
    return other if isinstance(other, Node) else const(other, x.shape, x.dtype, x.device)


def _where(condition: Node, x: Any, y: Any) -> Node:
    like = x if isinstance(x, Node) else y
    return WHERE(condition, _operand(like, x), _operand(like, y))


def total(x: Node, axes: tuple[int, ...]) -> Node:
    """The sum along axes; float16 adds up as float32: it cannot count beyond 2048."""
    if x.dtype is float16:
        return SUM(x.cast(float32), arg=axes).cast(float16)
    return SUM(x, arg=axes)


def cosine(x: Node) -> Node:
    """The sine a quarter turn ahead. What x + pi / 2 loses of a large x would turn the angle.

    cos(x) is 1 - 2 sin(x / 2)^2, in float64 exact enough for float32. Of float64 itself the sum
    is made in two parts, sin(s + e) = sin(s) + e cos(s), as long as e is small.
    """
    wide = x.cast(float64)
    half = (wide * 0.5).sin()
    far = half * half * -2 + 1
    if x.dtype is not float64:
        return far.cast(x.dtype)
    s = x + math.pi / 2
    back = s - x
    rest = (x - (s - back)) + (-back + math.pi / 2) + 6.123233995736766e-17
    half = (s * 0.5).sin()
    near = s.sin() + DETACH(rest * (half * half * -2 + 1))
    return x.less(2.0**26).where((-x).less(2.0**26).where(near, far), far)


METHODS: dict[str, Callable] = {
    "__add__": lambda x, y: apply(ADD, (x, _operand(x, y))),
    "__radd__": lambda x, y: ADD(_operand(x, y), x),
    "__sub__": lambda x, y: ADD(x, -_operand(x, y)),
    "__rsub__": lambda x, y: ADD(_operand(x, y), -x),
    "__mul__": lambda x, y: apply(MUL, (x, _operand(x, y))),
    "__rmul__": lambda x, y: MUL(_operand(x, y), x),
    "__truediv__": lambda x, y: MUL(x, _operand(x, y).recip()),
    "__rtruediv__": lambda x, y: MUL(_operand(x, y), x.recip()),
    "__neg__": lambda x: MUL(x, _operand(x, -1)),
    "recip": lambda x: RECIP(x),
    "exp": lambda x: EXP(x),
    "log": lambda x: LOG(x),
    "sin": lambda x: SIN(x),
    "cos": lambda x: cosine(x),
    "sqrt": lambda x: SQRT(x),
    "less": lambda x, y: LESS(x, _operand(x, y)),
    "where": _where,
    "cast": lambda x, dtype: x if x.dtype is dtype else CAST(x, arg=dtype),
    "sum": lambda x, axes: total(x, axes) if len(axes) else x,
    "max": lambda x, axes: MAX(x, arg=axes) if len(axes) else x,
    "reshape": lambda x, shape: x if x.shape == shape else apply(RESHAPE, (x,), shape),
    "permute": lambda x, order: x if list(order) == sorted(order) else PERMUTE(x, arg=order),
    "expand": lambda x, shape: x if x.shape == shape else apply(EXPAND, (x,), shape),
    "pad": lambda x, widths: PAD(x, arg=widths) if any(map(any, widths)) else x,
    "shrink": lambda x, bounds: x if rules.whole(x, bounds) else SHRINK(x, arg=bounds),
    "flip": lambda x, axes: FLIP(x, arg=axes) if axes else x,
    "const_like": lambda x, value: const(value, x.shape, x.dtype, x.device),
}
for _name, _method in METHODS.items():
    setattr(Node, _name, _method)
