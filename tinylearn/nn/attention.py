"""MultiheadAttention: several attentions side by side, each in a part of the numbers."""

from __future__ import annotations

import math

from tinylearn.errors import ShapeError, TinylearnError, describe
from tinylearn.graph.dtype import bool_
from tinylearn.nn import functional as F
from tinylearn.nn import init
from tinylearn.nn.checks import probability, sizes, yes_no
from tinylearn.nn.layers import Linear
from tinylearn.nn.module import Module, title
from tinylearn.tensor import Tensor
from tinylearn.tensor.attention import attention_weights

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Every place asks all places, in several heads, and takes what their keys answer.

    heads = softmax(query key^T / sqrt(head size)) value;  y = out_proj(all heads side by side)
    in_proj_weight   (3 * embed_dim, embed_dim): of query, key and value, one below the other;
                     with other sizes kdim or vdim, q_proj_weight, k_proj_weight, v_proj_weight
    in_proj_bias     (3 * embed_dim,) or None
    out_proj         Linear(embed_dim, embed_dim)
    Takes query (T, batch, embed_dim), key (S, batch, kdim) and value (S, batch, vdim), with
    batch_first=True (batch, T, embed_dim) and so on, or without a batch; gives (T, batch,
    embed_dim) and the weights (batch, T, S).
    Source   Vaswani et al. 2017, section 3.2
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
    ) -> None:
        sizes(embed_dim=embed_dim, num_heads=num_heads)
        yes_no(bias=bias, batch_first=batch_first)
        if embed_dim % num_heads:
            raise ValueError(f"num_heads={num_heads} must divide embed_dim, {embed_dim}")
        self.embed_dim, self.num_heads, self.batch_first = embed_dim, num_heads, batch_first
        self.dropout = probability("dropout", dropout)
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = init.xavier((3 * embed_dim, embed_dim), embed_dim, 3 * embed_dim)
        else:
            for name, size in [("q", embed_dim), ("k", self.kdim), ("v", self.vdim)]:
                weight = init.xavier((embed_dim, size), size, embed_dim)
                setattr(self, f"{name}_proj_weight", weight)
        self.in_proj_bias = init.constant(0.0, (3 * embed_dim,)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """What each place takes, and the weights it was taken by.

        key_padding_mask       (batch, S): bool, True for a key that only fills up, or float, added
        attn_mask              (T, S) or (batch * heads, T, S): bool, True where a place may NOT
                               look, or float, which is added
        need_weights           False gives None in place of the weights
        average_attn_weights   False gives the weights of each head (batch, heads, T, S)
        is_causal              says that attn_mask lets no place look ahead; it must be given
        """
        if is_causal and attn_mask is None:
            says = "is_causal says something about attn_mask, which is missing"
            repair = "attn_mask=Transformer.generate_square_subsequent_mask(len(query))"
            raise TinylearnError(f"{says}\nTry {repair}")
        batched = query.ndim == 3
        self.check(query, key, value)
        q, k, v = (self.as_rows(x, batched) for x in (query, key, value))
        q, k, v = self.projected(q, k, v)
        mask = self.mask(attn_mask, key_padding_mask, (*q.shape[:3], k.shape[2]))
        weights = attention_weights(q, k, mask, 1 / math.sqrt(self.embed_dim // self.num_heads))
        weights = F.dropout(weights, self.dropout, self.training)
        y = self.out_proj((weights @ v).transpose(1, 2).flatten(2))  # (batch, T, embed_dim)
        y = y.transpose(0, 1) if batched and not self.batch_first else y
        y = y if batched else y.squeeze(0)
        if not need_weights:
            return y, None
        weights = weights.mean(1) if average_attn_weights else weights
        return y, weights if batched else weights.squeeze(0)

    def check(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        """Raise unless the sizes fit."""
        wanted = {"query": self.embed_dim, "key": self.kdim, "value": self.vdim}
        given = dict(zip(wanted, (query, key, value)))
        for name, x in given.items():
            if x.ndim not in (2, 3) or x.ndim != query.ndim or x.shape[-1] != wanted[name]:
                order = "batch, places" if self.batch_first else "places, batch"
                says = f"{title(self)} needs a {name} of shape ({order}, {wanted[name]})"
                raise describe(ShapeError, says, [(n, t.node) for n, t in given.items()])

    def as_rows(self, x: Tensor, batched: bool) -> Tensor:
        """(batch, places, size), however it was given."""
        if not batched:
            return x.unsqueeze(0)
        return x if self.batch_first else x.transpose(0, 1)

    def projected(self, *given: Tensor) -> list[Tensor]:
        """Query, key and value of each head: (batch, heads, places, head size)."""
        weights = [getattr(self, f"{name}_proj_weight", None) for name in "qkv"]
        if weights[0] is None:
            weights = list(self.in_proj_weight.chunk(3))
        biases = [None] * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        rows = [F.linear(x, w, b) for x, w, b in zip(given, weights, biases)]
        return [x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for x in rows]

    def mask(
        self, attn_mask: Tensor | None, padding: Tensor | None, shape: tuple[int, ...]
    ) -> Tensor | None:
        """Both masks as one that broadcasts to (batch, heads, T, S): may look, or what is added."""
        batch, heads, T, S = shape
        masks = []
        if attn_mask is not None:
            fits = {(T, S): (1, 1, T, S), (batch * heads, T, S): shape}
            masks.append(self.fitted("attn_mask", attn_mask, fits))
        if padding is not None:
            fits = {(batch, S): (batch, 1, 1, S)}
            if batch == 1:
                fits |= {(S,): (1, 1, 1, S)}
            masks.append(self.fitted("key_padding_mask", padding, fits))
        if len({m.dtype for m in masks}) > 1:
            masks = [m.where(0.0, -math.inf) if m.dtype is bool_ else m for m in masks]
        if len(masks) < 2:
            return masks[0] if masks else None
        return masks[0] & masks[1] if masks[0].dtype is bool_ else masks[0] + masks[1]

    def fitted(self, name: str, mask: Tensor, fits: dict[tuple, tuple]) -> Tensor:
        """A mask in the shape for its shape; bool ones turned round, so that True may look."""
        if mask.shape not in fits:
            wanted = " or ".join(map(str, fits))
            says = f"{title(self)} needs an {name} of shape {wanted} with this input"
            raise describe(ShapeError, says, [(name, mask.node)])
        mask = mask.reshape(fits[mask.shape])
        return mask.logical_not() if mask.dtype is bool_ else mask

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, {self.num_heads}"
