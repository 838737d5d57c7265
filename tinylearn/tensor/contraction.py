"""einsum: sums of products in Einstein's notation, two tensors at a time.

    Tensor.einsum("bij,bjk->bik", x, y)

Of two tensors each letter is one of four kinds, and that makes a matrix product:

    batch   in both, and kept          (batch, left, sum) @ (batch, sum, right)
    sum     in both, not kept                -> (batch, left, right)
    left    in the first alone         a letter in one tensor alone that is not kept is summed
    right   in the second alone        before
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.dtype import promote
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import MUL
from tinylearn.repairs.userline import named_arguments
from tinylearn.tensor.arranging import on_diagonal
from tinylearn.tensor.joining import same_kind
from tinylearn.tensor.products import product_of
from tinylearn.tensor.reduce import total
from tinylearn.tensor.state import State, made

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Contraction(State):
    """Sums of products."""

    __slots__ = ()

    @staticmethod
    def einsum(formula: str, *operands: Any) -> Tensor:
        """The sum of products that a formula describes: "ij,jk->ik" is the matrix product.

        formula    a letter for each axis; letters that are not behind -> are summed over. Without
                   ->, what stands once is kept, in alphabetical order; "..." are any axes in front
        NumPy, PyTorch: einsum; the order of the products is that of NumPy's einsum_path
        """
        parts = list(operands[0]) if len(operands) == 1 and is_list(operands[0]) else list(operands)
        if not isinstance(formula, str) or not all(isinstance(x, State) for x in parts):
            says = "einsum takes a formula, then tensors"
            raise TypeError(f"{says}\nTry Tensor.einsum('ij,jk->ik', x, y)")
        nodes = same_kind("einsum", parts) if parts else []
        names, wanted = letters(formula, [x.shape for x in nodes])
        sizes = sizes_of(formula, names, nodes)
        nodes, names = repeated_once(nodes, names, sizes)
        for pair in order(names, sizes, wanted):
            taken = [(nodes[k], names[k]) for k in pair]
            for k in sorted(pair, reverse=True):
                del nodes[k], names[k]
            kept = set(wanted).union(*names)
            x, xs = taken[0]
            for y, ys in taken[1:]:
                x, xs = contracted(x, xs, y, ys, kept)
            nodes.append(x)
            names.append(xs)
        node = arranged(*summed(nodes[0], names[0], set(wanted)), wanted)
        return made(node, any(x._requires_grad for x in parts))

    def tensordot(self, other: Tensor, dims: Any = 2) -> Tensor:
        """Summed over the last axes of x and the first of the other, so many, or over two lists.

        NumPy, PyTorch: tensordot
        """
        n, m = self.ndim, other.ndim
        if isinstance(dims, int):
            mine, theirs = list(range(n - dims, n)), list(range(dims))
        else:
            mine, theirs = ([d] if isinstance(d, int) else list(d) for d in dims)
        if len(mine) != len(theirs) or not all(-n <= a < n for a in mine):
            raise misfit_of_axes(self, other, dims)
        xs, ys = list(LETTERS[:n]), list(LETTERS[n : n + m])
        for a, b in zip(mine, theirs):
            if not -m <= b < m or self.shape[a] != other.shape[b]:
                raise misfit_of_axes(self, other, dims)
            ys[b] = xs[a]
        kept = [c for c in xs if c not in ys] + [c for c in ys if c not in xs]
        formula = f"{''.join(xs)},{''.join(ys)}->{''.join(kept)}"
        return Contraction.einsum(formula, self, other)

    def inner(self, other: Tensor) -> Tensor:
        """Summed over the last axis of both. NumPy, PyTorch: inner"""
        if not self.ndim or not other.ndim:
            x: Any = self
            return x * other
        return self.tensordot(other, ([-1], [-1]))

    def bilinear(self, other: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """x1 @ weight[f] @ x2 + bias[f] for each output f. PyTorch: nn.functional.bilinear

        self, other   (..., n) and (..., m);  weight   (out, n, m);  bias   (out,)
        """
        y = Contraction.einsum("...i,oij,...j->...o", self, weight, other)
        return y if bias is None else y + bias


# ---------------------------------------------------------------- reading the formula


def is_list(given: Any) -> bool:
    """Whether tensors are given in one list."""
    return isinstance(given, list | tuple)


def letters(formula: str, shapes: Sequence[Shape]) -> tuple[list[str], str]:
    """The letters of each tensor's axes, and those of the result; "..." as letters of its own.

    >>> letters("i j, jk", [(2, 3), (3, 4)])
    (['ij', 'jk'], 'ik')
    >>> letters("...i->...", [(2, 3, 4)])
    (['abi'], 'ab')
    """
    left, arrow, right = formula.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ShapeError(f"einsum: {formula!r} is for {len(terms)} tensors, got {len(shapes)}")
    free = [c for c in LETTERS if c not in formula]
    ranks = [len(s) - len(t.replace("...", "")) for t, s in zip(terms, shapes)]
    most = max([r for t, r in zip(terms, ranks) if "..." in t], default=0)
    dots = "".join(free[: max(most, 0)])
    names = []
    for term, rank, shape in zip(terms, ranks, shapes):
        if (rank != 0 and "..." not in term) or rank < 0:
            says = f"einsum: {term!r} names {len(term.replace('...', ''))} axes of a tensor that"
            raise ShapeError(f"{says} has {len(shape)}: {shape}")
        names.append(term.replace("...", dots[len(dots) - rank :]))
    every = "".join(names)
    if not arrow:
        once = sorted(c for c in set(every) - set(dots) if every.count(c) == 1)
        return checked(formula, names, dots + "".join(once))
    return checked(formula, names, right.replace("...", dots))


def checked(formula: str, names: list[str], wanted: str) -> tuple[list[str], str]:
    """The letters, if they are letters, and the result has each once and none of its own."""
    for c in "".join(names) + wanted:
        if c not in LETTERS:
            raise ShapeError(f"einsum: {c!r} in {formula!r} is no letter")
    for c in wanted:
        if wanted.count(c) > 1 or not any(c in name for name in names):
            what = "twice in the result" if wanted.count(c) > 1 else "in no tensor"
            raise ShapeError(f"einsum: {c!r} stands {what} of {formula!r}")
    return names, wanted


def sizes_of(formula: str, names: list[str], nodes: list[Node]) -> dict[str, int]:
    """The size of each letter; size 1 is repeated to another."""
    sizes: dict[str, int] = {}
    for name, x in zip(names, nodes):
        for c, n in zip(name, x.shape):
            known = sizes.get(c, 1)
            if 1 not in (known, n) and known != n:
                operands = list(zip(named_arguments(len(nodes) + 1)[1:], nodes))
                says = f"einsum: {c!r} in {formula!r} is {known} in one tensor and {n} in another"
                repair = turned(formula, names, [node.shape for node in nodes])
                raise describe(ShapeError, says, operands, repair)
            sizes[c] = n if known == 1 else known
    return sizes


def turned(formula: str, names: list[str], shapes: list[Shape]) -> str:
    """The call with the letters of one tensor in an order in which they fit, or ""."""
    _, arrow, right = formula.replace(" ", "").partition("->")
    if "..." in formula or max(map(len, names)) > 4:
        return ""
    for k, name in enumerate(names):
        for other in permutations(name):
            new = [*names[:k], "".join(other), *names[k + 1 :]]
            found = {(c, n) for t, s in zip(new, shapes) for c, n in zip(t, s)}
            if len(found) == len({c for c, _ in found}):
                given = ", ".join(named_arguments(len(names) + 1)[1:])
                return f"Tensor.einsum({','.join(new) + arrow + right!r}, {given})"
    return ""


def order(names: list[str], sizes: dict[str, int], wanted: str) -> list[tuple[int, ...]]:
    """Which tensors are multiplied after which: NumPy's greedy path for more than two."""
    if len(names) <= 2:
        return [tuple(range(len(names)))]
    shapes = [np.broadcast_to(0, tuple(sizes[c] for c in name)) for name in names]
    path = np.einsum_path(f"{','.join(names)}->{wanted}", *shapes, optimize="greedy")[0]
    return [tuple(pair) for pair in path[1:]]


# ---------------------------------------------------------------- on nodes


def repeated_once(
    nodes: list[Node], names: list[str], sizes: dict[str, int]
) -> tuple[list[Node], list[str]]:
    """The tensors with their full sizes, and diagonals where a letter stands twice."""
    found = []
    for x, name in zip(nodes, names):
        y = x.expand(tuple(sizes[c] for c in name))
        while len(set(name)) < len(name):
            c = next(c for c in name if name.count(c) > 1)
            a, b = (k for k, other in enumerate(name) if other == c and name[:k].count(c) < 2)
            rest = [k for k in range(len(name)) if k not in (a, b)]
            y = on_diagonal(y.permute((*rest, a, b)), 0)
            name = "".join(name[k] for k in rest) + c
        found.append((y, name))
    return [y for y, _ in found], [name for _, name in found]


def summed(x: Node, name: str, kept: set[str]) -> tuple[Node, str]:
    """x summed over the letters that nobody keeps."""
    axes = tuple(k for k, c in enumerate(name) if c not in kept)
    left = "".join(c for c in name if c in kept)
    if not axes:
        return x, left
    sizes = tuple(n for k, n in enumerate(x.shape) if k not in axes)
    return total(x, axes).reshape(sizes).cast(x.dtype), left


def contracted(x: Node, xs: str, y: Node, ys: str, kept: set[str]) -> tuple[Node, str]:
    """Two tensors as one: batches of matrix products."""
    x, xs = summed(x, xs, kept | set(ys))
    y, ys = summed(y, ys, kept | set(xs))
    batch = [c for c in xs if c in ys and c in kept]
    inside = [c for c in xs if c in ys and c not in kept]
    left, right = ([c for c in name if c not in other] for name, other in ((xs, ys), (ys, xs)))
    size = dict(zip(xs + ys, x.shape + y.shape))
    b, k, n, m = (math.prod(size[c] for c in part) for part in (batch, inside, left, right))
    out = (*batch, *left, *right)
    x, y = arranged(x, xs, [*batch, *left, *inside]), arranged(y, ys, [*batch, *inside, *right])
    if inside:
        front = (b,) if batch else ()
        z = product_of("einsum", x.reshape((*front, n, k)), y.reshape((*front, k, m)))
    else:
        whole = (b, n, m)
        z = MUL(x.reshape((b, n, 1)).expand(whole), y.reshape((b, 1, m)).expand(whole))
    return z.reshape(tuple(size[c] for c in out)).cast(promote(x.dtype, y.dtype)), "".join(out)


def arranged(x: Node, name: str, wanted: Sequence[str]) -> Node:
    """x with its axes in another order."""
    return x.permute(tuple(name.index(c) for c in wanted))


def misfit_of_axes(x: State, y: State, dims: Any) -> Exception:
    """The error for axes that cannot be summed together."""
    says = f"tensordot over {dims}: these axes do not have equal sizes in both tensors"
    return describe(ShapeError, says, [("x", x.node), ("y", y.node)])
