"""One step of a recurrent network: from what it remembers and what it sees to what it remembers.

given     (..., gates * hidden): what the input adds, linear(x, weight_ih, bias_ih)
h         (..., hidden): what was remembered
weight    (gates * hidden, hidden) and bias (gates * hidden,) or None: what h adds
"""

from __future__ import annotations

from tinylearn.parts import part
from tinylearn.tensor import Tensor
from tinylearn.tensor.composed import composed


def added(h: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """What the memory adds to the gates."""
    y = h @ weight.transpose()
    return y if bias is None else y + bias


@part("nn.rnn_cell")
@composed
def rnn_cell(given: Tensor, h: Tensor, weight: Tensor, bias: Tensor | None, relu: int) -> Tensor:
    """The new memory is the bent sum of what is seen and what was remembered.

    relu      0 bends with tanh, 1 with relu; the others as above: one gate
    returns   the new h
    Source    Elman 1990
    """
    total = given + added(h, weight, bias)
    return total.relu() if relu else total.tanh()


@part("nn.lstm_cell")
@composed
def lstm_cell(
    given: Tensor, h: Tensor, c: Tensor, weight: Tensor, bias: Tensor | None
) -> tuple[Tensor, Tensor]:
    """A long memory c that gates write, erase and read: c = forget * c + write * new.

    c         (..., hidden): the long memory; the others as above: four gates, in the order
              write, forget, new, read
    returns   the new h and c
    Source    Hochreiter & Schmidhuber 1997; Gers et al. 2000 for the forgetting
    """
    write, forget, new, read = (given + added(h, weight, bias)).chunk(4, -1)
    c = forget.sigmoid() * c + write.sigmoid() * new.tanh()
    return read.sigmoid() * c.tanh(), c


@part("nn.gru_cell")
@composed
def gru_cell(given: Tensor, h: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Keeps a share of the memory and renews the rest: h = keep * h + (1 - keep) * new.

    the arguments as above: three gates, in the order reset, keep, new
    returns   the new h
    Source    Cho et al. 2014, with the reset after the product, as PyTorch has it
    """
    reset, keep, new = given.chunk(3, -1)
    reset_h, keep_h, new_h = added(h, weight, bias).chunk(3, -1)
    keep = (keep + keep_h).sigmoid()
    fresh = (new + (reset + reset_h).sigmoid() * new_h).tanh()
    return fresh + keep * (h - fresh)
