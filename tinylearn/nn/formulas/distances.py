"""How far apart rows are; rows of length 1; numbers put around, and classes as ones and zeros."""

from __future__ import annotations

from collections.abc import Sequence

from tinylearn.errors import ShapeError, describe
from tinylearn.tensor import Tensor


def normalize(x: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x with p-norm 1 along an axis; rows shorter than eps only become longer."""
    return x / x.norm(p, dim, keepdim=True).clamp(eps)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of x1 - x2 along the last axis. eps is added to each difference."""
    return (x1 - x2 + eps).norm(p, -1, keepdim)


def one_hot(x: Tensor, num_classes: int = -1) -> Tensor:
    """(...) ints -> (..., num_classes) int64: 1 at the place it names, 0 elsewhere.

    num_classes   -1: one more than the largest number
    """
    return x.one_hot(int(x.max().item()) + 1 if num_classes == -1 else num_classes).long()


def embedding_with_padding(rows: Tensor, x: Tensor, padding_idx: int) -> Tensor:
    """The rows that were looked up; no gradient passes to the one that pads."""
    return (x == padding_idx).unsqueeze(-1).where(rows.detach(), rows)


def pad(x: Tensor, pad: Sequence[int], mode: str = "constant", value: float = 0.0) -> Tensor:
    """More numbers around the last axes.

    pad    (before, after) of the last axis, then of the one before it, and so on, in one list;
           less than 0 cuts off
    mode   "constant" is `value` everywhere, "reflect" the inside mirrored at the border,
           "replicate" the border again, "circular" the numbers of the other end
    """
    widths = [*pad]
    if len(widths) % 2 or len(widths) > 2 * x.ndim:
        says = f"pad has two widths for each of the last axes, not {len(widths)} in all"
        raise describe(ShapeError, says, [("x", x.node)], "pad=(1, 1) for the last axis.")
    pairs = [*zip(widths[::2], widths[1::2])][::-1]
    return x.pad(*[None] * (x.ndim - len(pairs)), *pairs, mode=mode, value=value)
