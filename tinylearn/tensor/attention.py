"""Attention: every place asks all places, and takes from each as much as its key answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinylearn.errors import OptionError, ShapeError, describe
from tinylearn.graph.dtype import bool_, float16
from tinylearn.parts import part
from tinylearn.tensor.composed import composed
from tinylearn.tensor.creation import Creation
from tinylearn.tensor.state import State

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

NOTHING = -1e30  # its exponential is 0, and unlike -inf it may be taken from itself
NOTHING_HALF = -6e4  # the same for float16


class Attention(State):
    """What places take from each other."""

    __slots__ = ()

    def scaled_dot_product_attention(
        self,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        """The same with self as the query. tinygrad"""
        query: Any = self
        how = attn_mask, dropout_p, is_causal, scale, enable_gqa
        return scaled_dot_product_attention(query, key, value, *how)


@part("nn.attention_weights")
@composed
def attention_weights(query: Tensor, key: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """How much each place takes from each other: softmax(query @ key^T * scale), rows of sum 1.

    query     (..., T, size)
    key       (..., S, size)
    mask      None; or bool, True where a place may look; or float, which is added before the
              softmax. Its shape broadcasts to (..., T, S)
    returns   (..., T, S); all 0 where a place may look nowhere
    Source    Vaswani et al. 2017, equation 1
    """
    scores = query @ key.transpose() * scale
    if mask is None:
        return scores.softmax(-1)
    if mask.dtype is not bool_:
        return (scores + mask).softmax(-1)
    nothing = NOTHING_HALF if scores.dtype is float16 else NOTHING
    return mask.where(mask.where(scores, nothing).softmax(-1), 0.0)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """What each place takes from all places: attention_weights @ value.

    query        (..., T, size);  key (..., S, size);  value (..., S, out)
    attn_mask    bool, True where a place may look, or float to be added, (..., T, S)
    dropout_p    the share of weights that become 0, also after eval(): give 0.0 there
    is_causal    True: place t looks at places 0 to t only
    scale        None: 1 / sqrt(size), which keeps the variance of the scores at 1
    enable_gqa   True: several heads of the query share one of key and value
    returns      (..., T, out)
    PyTorch: nn.functional.scaled_dot_product_attention
    """
    if is_causal and attn_mask is not None:
        raise OptionError("is_causal is a mask already\nTry is_causal=False with attn_mask")
    if enable_gqa:
        times = query.shape[-3] // key.shape[-3]
        key, value = (x.repeat_interleave(times, -3) for x in (key, value))
    check_sizes(query, key, value)
    if is_causal:
        attn_mask = causal(query.shape[-2], key.shape[-2], query.device)
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    weights = attention_weights(query, key, attn_mask, scale)
    return (weights.dropout(dropout_p) if dropout_p else weights) @ value


def causal(T: int, S: int, device: str | None = None) -> Tensor:
    """A mask (T, S) that lets place t look at places 0 to t."""
    rows, columns = (Creation.arange(n, device=device) for n in (T, S))
    return columns <= rows.unsqueeze(1)


def check_sizes(query: Tensor, key: Tensor, value: Tensor) -> None:
    """Raise unless there is a key for each value, as long as the queries."""
    operands = [("query", query.node), ("key", key.node), ("value", value.node)]
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise describe(ShapeError, "attention needs at least (places, size)", operands)
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        says = "attention needs query (..., T, size), key (..., S, size), value (..., S, out)"
        raise describe(ShapeError, says, operands)
