"""Transformer layers: attention, then two linear layers for each place, each with a way around."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

from tinylearn.errors import TinylearnError, nearest
from tinylearn.nn import functional as F
from tinylearn.nn import init
from tinylearn.nn.attention import MultiheadAttention
from tinylearn.nn.checks import sizes, yes_no
from tinylearn.nn.containers import ModuleList
from tinylearn.nn.layers import Dropout, Linear
from tinylearn.nn.module import Module
from tinylearn.nn.norms import LayerNorm
from tinylearn.tensor import Tensor

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

BENDS: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}


class Layer(Module):
    """What encoder and decoder layers share.

    d_model, nhead    how many numbers stand for a place, and how many heads share them
    dim_feedforward   how many numbers stand between the two linear layers
    activation        "relu", "gelu", or a function
    norm_first        True normalizes before attention and linear layers, False after the way around
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ) -> None:
        yes_no(norm_first=norm_first)
        sizes(dim_feedforward=dim_feedforward)
        if not callable(activation) and activation not in BENDS:
            says = f"activation must be 'relu', 'gelu' or a function, not {activation!r}"
            raise TinylearnError(says + nearest(activation, BENDS))
        bend = activation if callable(activation) else BENDS[activation]
        self.activation: Callable[[Tensor], Tensor] = bend
        self.norm_first = norm_first
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias=bias, batch_first=batch_first
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)

    def around(self, x: Tensor, norm: Module, change: Callable[[Tensor], Tensor]) -> Tensor:
        """x plus its change, with the norm on the way in or after the sum."""
        return x + change(norm(x)) if self.norm_first else norm(x + change(x))

    def forwards(self, x: Tensor) -> Tensor:
        """The two linear layers, place by place."""
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(Layer):
    """Attention of a sequence to itself, then two linear layers; see Layer.

    x = norm1(x + self_attn(x, x, x));  x = norm2(x + linear2(relu(linear1(x))))
    Takes and gives (places, batch, d_model), with batch_first=True (batch, places, d_model).
    """

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """The masks are those of MultiheadAttention."""

        def looked(x: Tensor) -> Tensor:
            y, _ = self.self_attn(x, x, x, src_key_padding_mask, False, src_mask)
            return self.dropout1(y)

        src = self.around(src, self.norm1, looked)
        return self.around(src, self.norm2, lambda x: self.dropout2(self.forwards(x)))


class TransformerDecoderLayer(Layer):
    """Attention of a sequence to itself, then to another, then two linear layers; see Layer.

    Takes and gives (places, batch, d_model), with batch_first=True (batch, places, d_model).
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        first, heads = self.self_attn, self.self_attn.num_heads
        bias, d_model = first.in_proj_bias is not None, first.embed_dim
        how = {"bias": bias, "batch_first": first.batch_first}
        self.multihead_attn = MultiheadAttention(d_model, heads, first.dropout, **how)
        self.norm3 = LayerNorm(d_model, self.norm1.eps, bias=bias)
        self.dropout3 = Dropout(first.dropout)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """memory is what the encoder gave; the masks are those of MultiheadAttention."""

        def looked(x: Tensor) -> Tensor:
            y, _ = self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask)
            return self.dropout1(y)

        def asked(x: Tensor) -> Tensor:
            masks = (memory_key_padding_mask, False, memory_mask)
            return self.dropout2(self.multihead_attn(x, memory, memory, *masks)[0])

        tgt = self.around(tgt, self.norm1, looked)
        tgt = self.around(tgt, self.norm2, asked)
        return self.around(tgt, self.norm3, lambda x: self.dropout3(self.forwards(x)))


class Stack(Module):
    """Copies of a layer one after the other, and perhaps a norm after the last."""

    def __init__(self, layer: Module, num_layers: int, norm: Module | None = None) -> None:
        sizes(num_layers=num_layers)
        self.layers = ModuleList([copy.deepcopy(layer) for _ in range(num_layers)])
        self.num_layers, self.norm = num_layers, norm

    def through(self, x: Tensor, *inputs: Any) -> Tensor:
        """x through all layers, each of which gets the other inputs as well."""
        for layer in self.layers:
            x = layer(x, *inputs)
        return x if self.norm is None else self.norm(x)


class TransformerEncoder(Stack):
    """num_layers copies of a TransformerEncoderLayer, and perhaps a norm after the last."""

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__(encoder_layer, num_layers, norm)

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """The masks are those of MultiheadAttention."""
        return self.through(src, mask, src_key_padding_mask)


class TransformerDecoder(Stack):
    """num_layers copies of a TransformerDecoderLayer, and perhaps a norm after the last."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """memory is what the encoder gave; the masks are those of MultiheadAttention."""
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        return self.through(tgt, memory, *masks)


class Transformer(Module):
    """An encoder of one sequence and a decoder of another, which asks what the encoder gives.

    Takes src (S, batch, d_model) and tgt (T, batch, d_model), gives (T, batch, d_model); with
    batch_first=True the batch stands in front.
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ) -> None:
        how = (dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        norms = [LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(2)]
        reader = TransformerEncoderLayer(d_model, nhead, *how)
        writer = TransformerDecoderLayer(d_model, nhead, *how)
        self.encoder = TransformerEncoder(reader, num_encoder_layers, norms[0])
        self.decoder = TransformerDecoder(writer, num_decoder_layers, norms[1])
        for w in self.parameters():
            if w.ndim > 1:
                init.xavier_uniform_(w)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
    ) -> Tensor:
        """The masks are those of MultiheadAttention."""
        memory = self.encoder(src, src_mask, src_key_padding_mask)
        padding = (tgt_key_padding_mask, memory_key_padding_mask)
        return self.decoder(tgt, memory, tgt_mask, memory_mask, *padding)

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: str | None = None) -> Tensor:
        """The mask of sz places that look at none ahead: 0 where they may look, else -inf."""
        places = Tensor.arange(sz, device=device)
        return (places <= places.unsqueeze(1)).where(0.0, -math.inf)
