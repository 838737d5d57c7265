"""For shapes that do not fit, the one expression that does.

Each is a pure function of names and shapes. Every repair runs when it is pasted; whether it is
what you mean, you decide.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from itertools import combinations
from typing import Any

from tinylearn.graph.node import Shape


def where_there_are_numbers(repair: Callable[..., str]) -> Callable[..., str]:
    """Decorator: no repair for shapes of size 0, for the numbers themselves are missing."""

    @functools.wraps(repair)
    def repaired(*args: Any) -> str:
        empty = any(isinstance(a, tuple) and 0 in a for a in args)
        return "" if empty else repair(*args)

    return repaired


def goes_with(a: Shape, b: Shape) -> bool:
    """Whether two shapes broadcast to each other.

    >>> goes_with((64, 10), (10,)), goes_with((64, 10), (64,))
    (True, False)
    """
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(a), reversed(b)))


def listed(shape: Shape) -> str:
    """Sizes as arguments of a call.

    >>> listed((2, 3))
    '2, 3'
    """
    return ", ".join(map(str, shape))


def cut(have: Shape, want: tuple[int | None, ...]) -> str:
    """The slice that keeps no more than `want` of each axis, counted from the last; None is all.

    >>> cut((3, 4), (3, 2)), cut((5,), (2, 3)), cut((3, 9), (None, 9))
    ('[:, :2]', '[:3]', '')
    """
    limits = (None,) * (len(have) - len(want)) + want[max(0, len(want) - len(have)) :]
    slices = [":" if m is None or n <= m else f":{m}" for n, m in zip(have, limits)]
    while slices and slices[-1] == ":":
        slices.pop()
    return f"[{', '.join(slices)}]" if slices else ""


def aligned(have: Shape, want: Shape) -> str:
    """The reshape that puts the axes of `have` below equal axes of `want`, or "".

    >>> aligned((64,), (64, 10)), aligned((3, 5), (3, 4, 5)), aligned((3,), (4, 5))
    ('.reshape(64, 1)', '.reshape(3, 1, 5)', '')
    """
    for places in combinations(range(len(want)), len(have)):
        if all(have[k] in (1, want[place]) for k, place in enumerate(places)):
            sizes = dict(zip(places, have))
            return f".reshape({listed(tuple(sizes.get(k, 1) for k in range(len(want))))})"
    return ""


@where_there_are_numbers
def broadcast_repair(x: str, y: str, form: str, a: Shape, b: Shape) -> str:
    """An operation on what is called x and y, one of them reshaped so that they broadcast.

    form   the operation's text, with braces for its operands

    >>> broadcast_repair("x", "b", "{} + {}", (64, 10), (64,))
    'x + b.reshape(64, 1)'
    >>> broadcast_repair("x", "y", "{} < {}", (2, 3), (3, 2))
    'x < y.T'
    >>> broadcast_repair("x", "y", "{}.maximum({})", (2, 3), (6,))
    'x.maximum(y.reshape(2, 3))'
    >>> broadcast_repair("x", "y", "{} * {}", (5,), (3,))
    ''
    """
    ends = fitting(a, b)
    return form.format(x + ends[0], y + ends[1]) if ends else ""


def fitting(a: Shape, b: Shape) -> tuple[str, str] | None:
    """What to put behind two operands so that they broadcast; None: no number is left out.

    >>> fitting((3,), (3, 2)), fitting((2, 3), (3, 2))
    (('.reshape(3, 1)', ''), ('', '.T'))
    """
    if len(b) < len(a) and aligned(b, a):
        return "", aligned(b, a)
    if len(a) < len(b) and aligned(a, b):
        return aligned(a, b), ""
    if len(b) == 2 and goes_with(a, b[::-1]):
        return "", ".T"
    if len(a) == 2 and goes_with(a[::-1], b):
        return ".T", ""
    if math.prod(a) == math.prod(b):
        return "", f".reshape({listed(a)})"
    return None


@where_there_are_numbers
def matmul_repair(x: str, y: str, a: Shape, b: Shape) -> str:
    """The product of what is called x and y, with one of them turned so that it exists, or "".

    >>> matmul_repair("x", "w", (64, 784), (128, 784)), matmul_repair("x", "w", (9, 64), (9, 8))
    ('x @ w.T', 'x.T @ w')
    >>> matmul_repair("x", "w", (2, 3), (5, 4)), matmul_repair("x", "w", (3, 4), ())
    ('', 'x * w')
    """
    if not a or not b:
        return f"{x} * {y}"
    turned_a, turned_b = a[:-2] + a[-2:][::-1], b[:-2] + b[-2:][::-1]
    if len(b) > 1 and multiplies(a, turned_b):
        return f"{x} @ {y}{'.T' if len(b) == 2 else '.transpose()'}"
    if len(a) > 1 and multiplies(turned_a, b):
        return f"{x}{'.T' if len(a) == 2 else '.transpose()'} @ {y}"
    return ""


def multiplies(a: Shape, b: Shape) -> bool:
    """Whether a matrix product of these shapes exists.

    >>> multiplies((2, 3), (3, 4)), multiplies((3,), (3,)), multiplies((2, 3), (4, 3))
    (True, True, False)
    """
    return bool(a and b) and a[-1] == b[-2:][0] and goes_with(a[:-2], b[:-2])


def reshape_repair(op: str, have: Shape, want: tuple[int, ...]) -> str:
    """A reshape that exists: the wanted one with one size worked out, else all in one axis.

    >>> reshape_repair("reshape", (4, 6), (3, 7)), reshape_repair("view", (5,), (2, 3))
    ('.reshape(3, -1)', '.view(-1)')
    """
    size = math.prod(have)
    for k in reversed(range(len(want))):
        others = math.prod(want[:k] + want[k + 1 :])
        if others > 0 and size % others == 0 and all(n >= 0 for n in want[:k] + want[k + 1 :]):
            return f".{op}({listed(want[:k] + (-1,) + want[k + 1 :])})"
    return f".{op}(-1)"


@where_there_are_numbers
def shrink_repair(x: str, have: Shape, bounds: tuple) -> str:
    """A shrink whose bounds are inside; "" where there is not a pair for each axis.

    >>> shrink_repair("x", (2, 3), ((0, 5), None)), shrink_repair("x", (3,), (7,))
    ('x.shrink((0, 2), (0, 3))', '')
    """
    pairs = [(0, n) if b is None else b for b, n in zip(bounds, have)]
    if len(bounds) != len(have) or not all(
        isinstance(p, tuple | list) and len(p) == 2 for p in pairs
    ):
        return ""
    if not all(isinstance(n, int) for p in pairs for n in p):
        return ""
    inside = [(min(max(a, 0), n), min(max(b, 0), n)) for (a, b), n in zip(pairs, have)]
    return f"{x}.shrink({', '.join(str((min(p), max(p))) for p in inside)})"


@where_there_are_numbers
def pad_repair(x: str, have: Shape, widths: tuple) -> str:
    """A pad from one width for all sides, or from PyTorch's that begin at the last axis; or "".

    >>> pad_repair("x", (2, 3), (1,)), pad_repair("x", (5, 2, 3), ((1, 2, 3, 4),))
    ('x.pad((1, 1), (1, 1))', 'x.pad((0, 0), (3, 4), (1, 2))')
    """
    flat = widths[0] if len(widths) == 1 and isinstance(widths[0], tuple | list) else widths
    if not have or not flat or not all(type(n) is int and n >= 0 for n in flat):
        return ""
    sides = flat * 2 * len(have) if len(flat) == 1 else flat
    if len(sides) % 2 or len(sides) > 2 * len(have):
        return ""
    pairs = [(sides[k], sides[k + 1]) for k in range(0, len(sides), 2)][::-1]
    pairs = [(0, 0)] * (len(have) - len(pairs)) + pairs
    return f"{x}.pad({', '.join(map(str, pairs))})"


@where_there_are_numbers
def expand_repair(x: str, have: Shape, want: tuple[int, ...]) -> str:
    """What makes an expand to `want` possible: axes of size 1 in the right places.

    Else copies are laid side by side, or what is too long is cut.

    >>> expand_repair("x", (64,), (64, 10)), expand_repair("x", (2, 3), (3,))
    ('x.reshape(64, 1).expand(64, 10)', 'x.expand(2, 3)')
    >>> expand_repair("x", (2, 3), (5,)), expand_repair("x", (2, 3), (4, 3))
    ('x.expand(5, 2, 3)', 'x.repeat(2, 1)')
    >>> expand_repair("x", (2, 3), (2, 2)), expand_repair("x", (2, 3), (2, 4))
    ('x[:, :2]', 'x.repeat(1, 2)[:, :4]')
    >>> expand_repair("x", (2,), (1, 1))
    'x.repeat(1, 1)[:, :1]'
    """
    sizes = have[: max(0, len(have) - len(want))] + want
    if any(n < -1 for n in want):
        return f"{x}.expand({listed((-1,) * len(have))})"
    if len(want) < len(have):
        fits = all(h in (1, w) or w == -1 for h, w in zip(have, sizes))
        return f"{x}.expand({listed(sizes if fits else want + have)})"
    if -1 not in want and len(have) < len(want) and (text := aligned(have, want)):
        return f"{x}{text}.expand({listed(want)})"
    ones = (1,) * (len(want) - len(have)) + have
    sizes = tuple(n if w == -1 else w for n, w in zip(ones, want))
    times = tuple(-(-w // n) for n, w in zip(ones, sizes))
    more = len(want) > len(have) or any(t > 1 for t in times)
    copies = f".repeat({listed(times)})" if more else ""
    return x + copies + cut(tuple(n * t for n, t in zip(ones, times)), sizes)


@where_there_are_numbers
def cat_repair(x: str, y: str, a: Shape, b: Shape, axis: int) -> str:
    """How what is called x and y can be joined along an axis.

    >>> cat_repair("x", "y", (2, 3), (3,), 0), cat_repair("x", "y", (2, 3), (4, 5), 0)
    ('x.cat(y.unsqueeze(0), axis=0)', '')
    """
    if len(b) == len(a) - 1 and b == a[:axis] + a[axis + 1 :]:
        return f"{x}.cat({y}.unsqueeze({axis}), axis={axis})"
    if len(a) == len(b) - 1 and a == b[:axis] + b[axis + 1 :]:
        return f"{x}.unsqueeze({axis}).cat({y}, axis={axis})"
    return f"{x}.flatten().cat({y}.flatten())" if len(a) != len(b) else ""


@where_there_are_numbers
def stack_repair(x: str, y: str, a: Shape, b: Shape) -> str:
    """How what is called x and y can be stacked.

    >>> stack_repair("x", "y", (2, 3), (3, 2)), stack_repair("x", "y", (6,), (2, 3))
    ('x.stack(y.T)', 'x.stack(y.reshape(6))')
    >>> stack_repair("x", "y", (2,), (3,))
    ''
    """
    if len(a) == 2 and a == b[::-1]:
        return f"{x}.stack({y}.T)"
    if math.prod(a) == math.prod(b):
        return f"{x}.stack({y}{same_as(a)})"
    return ""


@where_there_are_numbers
def equal_repair(x: str, y: str, form: str, a: Shape, b: Shape) -> str:
    """A loss of two shapes that are made equal, or "": numbers are never left out.

    form   the loss's text, with braces for its two sides

    >>> equal_repair("p", "y", "{}.mse_loss({})", (64, 1), (64,))
    'p.mse_loss(y.reshape(64, 1))'
    >>> equal_repair("p", "y", "{}.mse_loss({})", (4, 2), (2,))
    'p.mse_loss(y.expand(4, 2))'
    >>> equal_repair("p", "y", "{}.mse_loss({})", (3,), (2,))
    ''
    """
    if math.prod(a) == math.prod(b):
        turned = len(a) == 2 and b == a[::-1] and 1 not in a
        return form.format(x, y + (".T" if turned else same_as(a)))
    if len(b) <= len(a) and all(m in (1, n) for m, n in zip(reversed(b), reversed(a))):
        return form.format(x, f"{y}.expand({listed(a)})")
    return ""


def same_as(shape: Shape) -> str:
    """The reshape to a shape.

    >>> same_as((2, 3)), same_as(())
    ('.reshape(2, 3)', '.reshape(())')
    """
    return f".reshape({listed(shape)})" if shape else ".reshape(())"


@where_there_are_numbers
def class_repair(x: str, y: str, form: str, a: Shape, b: Shape) -> str:
    """A classification loss whose logits and classes go together, or "": none is left out.

    >>> class_repair("z", "y", "{}.cross_entropy({})", (64, 10), (64, 1))
    'z.cross_entropy(y.reshape(64))'
    >>> class_repair("z", "y", "{}.cross_entropy({})", (10, 64), (64,))
    'z.T.cross_entropy(y)'
    >>> class_repair("z", "y", "{}.cross_entropy({})", (64, 10), (64, 10))
    'z.cross_entropy(y.argmax(1))'
    >>> class_repair("z", "y", "{}.cross_entropy({})", (2, 5, 3), (2, 5))
    'z.transpose(1, 2).cross_entropy(y)'
    """
    want = a[:1] + a[2:] if len(a) > 1 else ()
    if b == a:
        return form.format(x, f"{y}.argmax({1 if len(a) > 1 else 0})")
    if len(a) > 2 and b == a[:-1]:
        last = len(a) - 1
        order = listed((0, last, *range(1, last)))
        turn = ".transpose(1, 2)" if len(a) == 3 else f".permute({order})"
        return form.format(x + turn, y)
    if tuple(n for n in b if n > 1) == tuple(n for n in want if n > 1):
        return form.format(x, y + same_as(want))
    if len(a) == 2 and b == a[1:]:
        return form.format(f"{x}.T", y)
    if len(a) > 2 and len(b) == 1 and b[0] == math.prod(a[:-1]):
        return form.format(f"{x}.reshape(-1, {a[-1]})", y)
    return ""


@where_there_are_numbers
def conv_repair(x: str, w: str, more: str, a: Shape, b: Shape, groups: int) -> str:
    """A convolution of an image and filters (F, C, kh, kw) whose channels fit, or "".

    more   the further arguments of the call

    >>> conv_repair("x", "w", ", padding=2", (8, 28, 28, 3), (6, 3, 5, 5), 1)
    'x.permute(0, 3, 1, 2).conv2d(w, padding=2)'
    >>> conv_repair("x", "w", "", (28, 28), (6, 1, 5, 5), 1)
    'x.reshape(1, 1, 28, 28).conv2d(w)'
    >>> conv_repair("x", "w", "", (8, 4, 9, 9), (6, 3, 5, 5), 1)
    'x[:, :3].conv2d(w)'
    """
    want, size = b[1] * groups, a
    if len(a) == 2 and want == 1:
        change = f".reshape({listed((1, 1, *a))})"
    elif len(a) not in (3, 4):
        return ""
    elif a[-1] == want:
        change, size = (".permute(0, 3, 1, 2)" if len(a) == 4 else ".permute(2, 0, 1)"), a[-3:-1]
    elif a[-3] > want:
        change, size = f"[{':, ' if len(a) == 4 else ''}:{want}]", a[-2:]
    else:
        each = a[-3] // groups
        change = cut(a, (each * groups, None, None))
        size, w = a[-2:], f"{w}[:, :{each}]" if each else ""
    fits = b[2] <= size[0] and b[3] <= size[1] and w
    return f"{x}{change}.conv2d({w}{more})" if fits else ""


@where_there_are_numbers
def pool_repair(x: str, call: str, have: Shape, spans: Shape) -> str:
    """A pooling or convolution of an image that is padded until a window fits.

    call   with braces for the image

    >>> pool_repair("x", "{}.max_pool2d(2)", (1, 1), (2, 2))
    'x.pad((0, 1), (0, 1)).max_pool2d(2)'
    """
    missing = [(0, max(0, s - n)) for s, n in zip(spans, have[-len(spans) :])]
    widths = [(0, 0)] * (len(have) - len(spans)) + missing
    return call.format(f"{x}.pad({', '.join(map(str, widths))})")
