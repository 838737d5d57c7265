"""Random graphs for property tests: any ops, any shapes, values kept in a tame range."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tinylearn.devices.device import Device
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer

SHAPES = [(4,), (3, 4), (1, 4), (2, 3, 4), (5, 1), (1,), (4, 3), (2, 1, 4), (17, 33)]


def tame(x: Node) -> Node:
    """x, squeezed into (-1, 1) without a jump, so that chains neither blow up nor vanish."""
    return x * ((x * x + 1.0).recip())


@st.composite
def graphs(draw: st.DrawFn, device: str = "numpy", most: int = 14) -> list[Node]:
    """One to three outputs of a random graph over a few leaves."""
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    home = Device.known[device]
    nodes = [buffer(home.upload(random.standard_normal(s).astype(np.float32))) for s in shapes]
    for _ in range(draw(st.integers(1, most))):
        nodes.append(grown(draw, draw(st.sampled_from(nodes)), nodes))
    count = draw(st.integers(1, 3))
    return [draw(st.sampled_from(nodes[len(shapes) :])) for _ in range(count)]


def grown(draw: st.DrawFn, x: Node, nodes: list[Node]) -> Node:
    """One more node on top of x."""
    kind = draw(st.sampled_from(["unary", "binary", "where", "reduce", "move", "move", "product"]))
    if kind == "unary":
        name = draw(st.sampled_from(["exp", "sin", "sqrt", "log", "recip", "neg"]))
        if name in ("sqrt", "log", "recip"):
            return getattr(x * x + 1.0, name)()
        return -x if name == "neg" else getattr(tame(x), name)()
    if kind in ("binary", "where"):
        y = draw(st.sampled_from([n for n in nodes if n.shape == x.shape]))
        op = draw(st.sampled_from(["add", "mul", "constant"]))
        if kind == "where":
            return x.less(y).where(x, y * 0.5)
        return {"add": x + y, "mul": tame(x) * y, "constant": x * 0.25 + 1.5}[op]
    if kind == "reduce" and x.shape:
        axes = draw(st.sets(st.integers(0, len(x.shape) - 1), min_size=1))
        axes = tuple(sorted(axes))
        return x.max(axes) if draw(st.booleans()) else x.sum(axes)
    if kind == "product" and len(x.shape) == 2:
        n, k = x.shape
        y = draw(st.sampled_from([x, *[m for m in nodes if m.shape == x.shape]]))
        left, right = x.reshape((n, 1, k)), y.reshape((1, n, k))
        return (left.expand((n, n, k)) * right.expand((n, n, k))).sum((2,)).reshape((n, n)) * 0.1
    return moved(draw, x)


def moved(draw: st.DrawFn, x: Node) -> Node:
    """A random move of x."""
    shape = x.shape
    name = draw(st.sampled_from(["reshape", "permute", "expand", "pad", "shrink", "flip"]))
    if name == "reshape" or not shape:
        return x.reshape(draw(st.sampled_from([(x.size,), (1, x.size), (*shape, 1)])))
    if name == "permute":
        return x.permute(tuple(draw(st.permutations(range(len(shape))))))
    if name == "expand":
        copies = draw(st.integers(1, 4))
        return x.expand(tuple(copies if n == 1 else n for n in shape))
    if name == "pad":
        widths = st.tuples(st.integers(0, 2), st.integers(0, 2))
        return x.pad(tuple(draw(widths) for _ in shape))
    if name == "shrink":
        starts = [draw(st.integers(0, n - 1)) if n > 1 else 0 for n in shape]
        return x.shrink(
            tuple(
                (a, draw(st.integers(a + 1, n)) if n > 1 else n)
                for a, n in zip(starts, shape, strict=True)
            )
        )
    return x.flip(tuple(sorted(draw(st.sets(st.integers(0, len(shape) - 1))))))
