"""Tensor: what users compute with. Every method builds a graph of primitives."""

from tinylearn.tensor.randomness import manual_seed
from tinylearn.tensor.state import no_grad
from tinylearn.tensor.tensor import Tensor

__all__ = ["Tensor", "manual_seed", "no_grad"]
