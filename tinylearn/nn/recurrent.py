"""Recurrent layers: they read a sequence place by place and remember.

    outputs, h = GRU(8, 16, batch_first=True)(x)      # (batch, places, 8) -> (batch, places, 16)

What the inputs add is one product for all places; what is remembered goes through nn.<kind>_cell,
which is a Part, place by place. Names of weights and what comes back are PyTorch's.
"""

from __future__ import annotations

from typing import Any

from tinylearn.errors import ShapeError, TinylearnError, describe, nearest
from tinylearn.nn import functional as F
from tinylearn.nn import init
from tinylearn.nn.checks import probability, sizes, yes_no
from tinylearn.nn.formulas.cells import gru_cell, lstm_cell, rnn_cell
from tinylearn.nn.module import Module, title
from tinylearn.repairs.userline import layer_call
from tinylearn.tensor import Tensor

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell"]

Memory = tuple[Tensor, ...]  # h, or h and c
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
BENDS = ("tanh", "relu")


def step(kind: str, given: Tensor, memory: Memory, w: Tensor, b: Tensor | None, bend: str) -> Any:
    """What is remembered after one more place."""
    if kind == "LSTM":
        return tuple(lstm_cell(given, *memory, w, b))
    if kind == "GRU":
        return (gru_cell(given, *memory, w, b),)
    return (rnn_cell(given, *memory, w, b, int(bend == "relu")),)


class Recurrent(Module):
    """What all recurrent layers share: the kind of cell, its sizes, and what it starts from."""

    kind: str
    nonlinearity = "tanh"
    input_size: int
    hidden_size: int

    def sized(self, input_size: int, hidden_size: int, bias: bool) -> None:
        """Keep the sizes, if these make sense."""
        sizes(input_size=input_size, hidden_size=hidden_size)
        yes_no(bias=bias)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias

    def bends(self, nonlinearity: str) -> None:
        """Keep what an RNN bends with."""
        if nonlinearity not in BENDS:
            says = f"nonlinearity must be 'tanh' or 'relu', not {nonlinearity!r}"
            raise TinylearnError(says + nearest(nonlinearity, BENDS))
        self.nonlinearity = nonlinearity

    def weights(self, suffix: str, inputs: int) -> None:
        """Make the weights of one cell: within 1 / sqrt(hidden_size)."""
        rows, hidden = GATES[self.kind] * self.hidden_size, self.hidden_size
        setattr(self, f"weight_ih{suffix}", init.first((rows, inputs), hidden))
        setattr(self, f"weight_hh{suffix}", init.first((rows, hidden), hidden))
        if self.bias:
            setattr(self, f"bias_ih{suffix}", init.first((rows,), hidden))
            setattr(self, f"bias_hh{suffix}", init.first((rows,), hidden))

    def cell(self, suffix: str) -> tuple[Tensor, Tensor, Any, Any]:
        """weight_ih, weight_hh, bias_ih and bias_hh of one cell."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        w, u, b, c = (getattr(self, f"{name}{suffix}", None) for name in names)
        return w, u, b, c  # type: ignore[return-value]

    def start(self, given: Any, shape: tuple[int, ...], x: Tensor) -> Memory:
        """What is remembered at first: what was given, if its shape is right, or zeros.

        shape   of each Tensor that is remembered
        """
        names = ("h", "c") if self.kind == "LSTM" else ("h",)
        if given is None:
            zeros = Tensor.zeros(*shape, dtype=x.dtype, device=x.device, requires_grad=False)
            return (zeros,) * len(names)
        memory = tuple(given) if isinstance(given, tuple | list) else (given,)
        if len(memory) != len(names):
            says = f"{title(self)} remembers {' and '.join(names)}"
            repair = "(h, c)" if self.kind == "LSTM" else "h"
            raise TypeError(f"{says}, it was given {len(memory)} Tensors\nTry {repair}")
        for name, t in zip(names, memory):
            if t.shape != shape:
                says = f"{title(self)} needs {name} of shape {shape} with this input"
                repair = f"Tensor.zeros{shape}"
                raise describe(ShapeError, says, [("x", x.node), (name, t.node)], repair)
        return memory

    def check(self, x: Tensor, axes: tuple[int, ...], wanted: str) -> None:
        """Raise unless x has one of these numbers of axes, the last of input_size."""
        if x.ndim not in axes or x.shape[-1] != self.input_size:
            says = f"{title(self)} needs inputs of shape {wanted}"
            raise describe(ShapeError, says, [(layer_call(x.node)[1], x.node)], self.repair(x))

    def repair(self, x: Tensor) -> str:
        """What to try for inputs of a wrong shape, or ""."""
        if x.ndim > 1 and x.shape[-1] and x.shape[-1] != self.input_size:
            return f"{type(self).__name__}({x.shape[-1]}, {self.hidden_size})"
        return ""

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}"


# ---------------------------------------------------------------- one place


class Cell(Recurrent):
    """One step of a recurrent layer.

    weight_ih, weight_hh   (gates * hidden_size, input_size), (gates * hidden_size, hidden_size)
    bias_ih, bias_hh       (gates * hidden_size,), with bias=True
    Takes (batch, input_size) or (input_size,) and what is remembered, gives what is remembered.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        self.sized(input_size, hidden_size, bias)
        self.weights("", input_size)

    def forward(self, x: Tensor, hx: Any = None) -> Any:
        self.check(x, (1, 2), f"(batch, {self.input_size})")
        memory = self.start(hx, (*x.shape[:-1], self.hidden_size), x)
        w, u, b, c = self.cell("")
        memory = step(self.kind, F.linear(x, w, b), memory, u, c, self.nonlinearity)
        return memory if self.kind == "LSTM" else memory[0]


class RNNCell(Cell):
    """h = tanh(weight_ih x + bias_ih + weight_hh h + bias_hh). Called with x and h; gives h."""

    kind = "RNN"

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh"
    ) -> None:
        super().__init__(input_size, hidden_size, bias)
        self.bends(nonlinearity)


class LSTMCell(Cell):
    """One step of an LSTM. Called with x and (h, c); gives (h, c)."""

    kind = "LSTM"


class GRUCell(Cell):
    """One step of a GRU. Called with x and h; gives h."""

    kind = "GRU"


# ---------------------------------------------------------------- whole sequences


class Sequence(Recurrent):
    """A stack of cells over a sequence, in one direction or in both.

    num_layers      cells one above the other: each reads what the one below remembers
    batch_first     True takes and gives (batch, places, ...), False (places, batch, ...)
    dropout         the share of what goes up between layers that becomes 0 in training
    bidirectional   True reads backwards, too: outputs have twice the size
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 and so on; l0_reverse reads backwards

    Takes (places, batch, input_size), or (places, input_size), and what is remembered at first:
    (num_layers * directions, batch, hidden_size), zeros if not given. Gives what the last layer
    remembers at each place, and what all layers remember in the end.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        self.sized(input_size, hidden_size, bias)
        sizes(num_layers=num_layers)
        yes_no(batch_first=batch_first, bidirectional=bidirectional)
        self.num_layers, self.batch_first = num_layers, batch_first
        self.dropout, self.bidirectional = probability("dropout", dropout), bidirectional
        self.directions = ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            inputs = hidden_size * len(self.directions) if layer else input_size
            for direction in self.directions:
                self.weights(f"_l{layer}{direction}", inputs)

    def forward(self, x: Tensor, hx: Any = None) -> Any:
        order = "batch, places" if self.batch_first else "places, batch"
        self.check(x, (2, 3), f"({order}, {self.input_size})")
        batched = x.ndim == 3
        x = x if batched else x.unsqueeze(1)
        x = x.transpose(0, 1) if batched and self.batch_first else x  # (places, batch, size)
        if not x.shape[0]:
            raise describe(ShapeError, f"{title(self)} needs at least one place", [("x", x.node)])
        count, hidden = self.num_layers * len(self.directions), self.hidden_size
        shape = (count, x.shape[1], hidden) if batched else (count, hidden)
        memory = [m if batched else m.unsqueeze(1) for m in self.start(hx, shape, x)]
        y, last = self.layers(x, memory)
        y = y.transpose(0, 1) if batched and self.batch_first else y
        y, last = (y, last) if batched else (y.squeeze(1), tuple(m.squeeze(1) for m in last))
        return y, last if self.kind == "LSTM" else last[0]

    def layers(self, x: Tensor, memory: list[Tensor]) -> tuple[Tensor, Memory]:
        """What the last layer remembers at each place, and what all remember in the end."""
        last: list[Memory] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = F.dropout(x, self.dropout, self.training)
            outputs = []
            for direction in self.directions:
                first = tuple(m[len(last)] for m in memory)
                y, end = self.read(x, first, f"_l{layer}{direction}")
                outputs.append(y)
                last.append(end)
            x = outputs[0] if len(outputs) == 1 else Tensor.cat(*outputs, axis=-1)
        return x, tuple(Tensor.stack(*parts) for parts in zip(*last))

    def read(self, x: Tensor, memory: Memory, suffix: str) -> tuple[Tensor, Memory]:
        """What one cell remembers at each place (places, batch, hidden), and in the end."""
        w, u, b, c = self.cell(suffix)
        given = [place.squeeze(0) for place in F.linear(x, w, b).split(1)]
        backwards = suffix.endswith("_reverse")
        seen = []
        for place in reversed(given) if backwards else given:
            memory = step(self.kind, place, memory, u, c, self.nonlinearity)
            seen.append(memory[0])
        return Tensor.stack(*(reversed(seen) if backwards else seen)), memory

    def extra_repr(self) -> str:
        text = super().extra_repr() + (f", num_layers={self.num_layers}" * (self.num_layers > 1))
        flags = {"batch_first": self.batch_first, "bidirectional": self.bidirectional}
        return text + "".join(f", {name}=True" for name, is_set in flags.items() if is_set)


class RNN(Sequence):
    """h = tanh(weight_ih x + bias_ih + weight_hh h + bias_hh) at each place; see Sequence.

    Called with x and perhaps h; gives the outputs and h.
    """

    kind = "RNN"

    def __init__(self, *args: Any, nonlinearity: str = "tanh", **options: Any) -> None:
        super().__init__(*args, **options)
        self.bends(nonlinearity)


class LSTM(Sequence):
    """A network with a long memory that gates write, erase and read; see Sequence.

    c = forget * c + write * new;  h = read * tanh(c)
    Called with x and perhaps (h, c); gives the outputs and (h, c).
    """

    kind = "LSTM"


class GRU(Sequence):
    """A network that keeps a share of its memory and renews the rest; see Sequence.

    h = keep * h + (1 - keep) * new
    Called with x and perhaps h; gives the outputs and h.
    """

    kind = "GRU"
