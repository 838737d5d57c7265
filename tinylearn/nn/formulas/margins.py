"""Losses of rows that should be near each other or far apart: nothing is lost beyond a margin."""

from __future__ import annotations

from typing import Any

from tinylearn.errors import ShapeError, describe
from tinylearn.nn.formulas.distances import pairwise_distance
from tinylearn.nn.formulas.losses import reduced, sides
from tinylearn.nn.methods import as_tensor
from tinylearn.parts import part
from tinylearn.tensor import Tensor
from tinylearn.tensor.composed import composed

TINY = 1e-12  # is added to squared lengths, so that a row of zeros has a cosine


@part("loss.margin_ranking")
@composed
def margin_ranking(input1: Tensor, input2: Tensor, target: Tensor, margin: float) -> Tensor:
    """How much the first is short of being above (target 1) or below (-1) the second."""
    return (target * (input2 - input1) + margin).relu()


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Any, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """max(0, -target * (input1 - input2) + margin) for targets of -1 and 1."""
    given = sides("margin_ranking_loss", input1, input2, target)
    return reduced(margin_ranking(*given, margin), reduction)


@part("loss.hinge_embedding")
@composed
def hinge_embedding(input: Tensor, target: Tensor, margin: float) -> Tensor:
    """Where rows belong together (target 1) the distance, else what it lacks to the margin."""
    return (target > 0).where(input, (margin - input).relu())


def hinge_embedding_loss(
    input: Tensor, target: Any, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """input where the target is 1, max(0, margin - input) where it is -1."""
    return reduced(
        hinge_embedding(*sides("hinge_embedding_loss", input, target), margin), reduction
    )


@part("loss.cosine_embedding")
@composed
def cosine_embedding(input1: Tensor, input2: Tensor, target: Tensor, margin: float) -> Tensor:
    """Where rows belong together (target 1) 1 - cosine, else what it is above the margin.

    input1, input2   (..., size);  target (...)
    """
    lengths = ((input1 * input1).sum(-1) + TINY) * ((input2 * input2).sum(-1) + TINY)
    cosine = (input1 * input2).sum(-1) * lengths.rsqrt()
    return (target > 0).where(1 - cosine, (cosine - margin).relu())


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Any, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """1 - cosine where the target is 1, max(0, cosine - margin) where it is -1.

    input1, input2   (batch, size) or (size,);  target   (batch,) or ()
    """
    input1, input2 = sides("cosine_embedding_loss", input1, input2)
    target = as_tensor(target, input1.device)
    if target.shape != input1.shape[:-1]:
        says = "cosine_embedding_loss needs a target, 1 or -1, for each row"
        raise describe(ShapeError, says, [("input1", input1.node), ("target", target.node)])
    return reduced(cosine_embedding(input1, input2, target, margin), reduction)


@part("loss.triplet_margin")
@composed
def triplet_margin(near: Tensor, far: Tensor, margin: float) -> Tensor:
    """How much the right one is not nearer than the wrong one by the margin.

    near, far   the distances from the anchor to the right one and to the wrong one
    Source      Schroff et al. 2015
    """
    return (near - far + margin).relu()


def triplet_margin_loss(
    anchor: Tensor,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, |anchor - positive| - |anchor - negative| + margin), in p-norms of rows.

    swap   True takes the negative's distance to the positive, where that is smaller
    """
    anchor, positive, negative = sides("triplet_margin_loss", anchor, positive, negative)
    near, far = (pairwise_distance(anchor, x, p, eps) for x in (positive, negative))
    if swap:
        far = far.minimum(pairwise_distance(positive, negative, p, eps))
    return reduced(triplet_margin(near, far, margin), reduction)
