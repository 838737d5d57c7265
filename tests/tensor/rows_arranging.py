"""Rows of the table: axes and places in another order, joining, padding, picking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.tensor.table import rows
from tinylearn.tensor import Tensor


def moved(name: str, run: Callable, numpy: Callable, *shapes: Any, torch: Any = "run") -> None:
    rows(name, run, numpy, *shapes, torch=run if torch == "run" else torch)


BOX = (2, 3, 4)
moved("movedim", lambda x: x.movedim(0, 2), lambda x: np.moveaxis(x, 0, 2), BOX)
moved("movedim of two", lambda x: x.movedim((0, 1), (2, 0)),
      lambda x: np.moveaxis(x, (0, 1), (2, 0)), BOX)  # fmt: skip
moved("swapaxes", lambda x: x.swapaxes(0, -1), lambda x: x.swapaxes(0, -1), BOX, (2, 3))
moved("ravel", lambda x: x.ravel(), np.ravel, BOX, (), (0, 2))
moved("expand_dims", lambda x: x.expand_dims((0, -1)), lambda x: np.expand_dims(x, (0, -1)),
      (2, 3), (), torch=None)  # fmt: skip
moved("broadcast_to", lambda x: x.broadcast_to((2, 3, 4)),
      lambda x: np.broadcast_to(x, (2, 3, 4)), (3, 1))  # fmt: skip
for k in (1, 2, 3, -1, 4):
    moved(f"rot90 {k}", lambda x, k=k: x.rot90(k), lambda x, k=k: np.rot90(x, k), (2, 3))
moved("rot90 of others", lambda x: x.rot90(1, (1, 2)), lambda x: np.rot90(x, 1, (1, 2)), BOX)
moved("fliplr", lambda x: x.fliplr(), np.fliplr, BOX)
moved("flipud", lambda x: x.flipud(), np.flipud, BOX, (3,))
moved("roll of all", lambda x: x.roll(5), lambda x: np.roll(x, 5), BOX, (4,))
moved("roll of two", lambda x: x.roll((1, -2), (0, 2)), lambda x: np.roll(x, (1, -2), (0, 2)), BOX)
moved("narrow", lambda x: x.narrow(-1, 1, 2), lambda x: x[..., 1:3], BOX)
moved("select", lambda x: x.select(1, -1), lambda x: x[:, -1], BOX)
moved("unbind", lambda x: x.unbind(1)[2], lambda x: x[:, 2], BOX)
moved("tensor_split", lambda x: x.tensor_split(3, 1)[1], lambda x: np.array_split(x, 3, 1)[1],
      (2, 7), (2, 2))  # fmt: skip
moved("tensor_split at places", lambda x: x.tensor_split((1, 3), 1)[1], lambda x: x[:, 1:3], (2, 7))
moved("repeat_interleave of all", lambda x: x.repeat_interleave(2), lambda x: np.repeat(x, 2), BOX)
moved("tile", lambda x: x.tile((2,)), lambda x: np.tile(x, 2), BOX, (3,))
moved("mT", lambda x: x.mT, lambda x: x.swapaxes(-1, -2), BOX, (2, 3))
moved("t", lambda x: x.t(), np.transpose, (2, 3), (3,))

# ---------------------------------------------------------------- diagonals

for offset in (0, 1, -1, -2, 5):
    moved(f"diagonal {offset}", lambda x, k=offset: x.diagonal(k, 0, 2),
          lambda x, k=offset: np.diagonal(x, k, 0, 2), BOX)  # fmt: skip
for offset in (0, 2, -1):
    moved(f"diag {offset}", lambda x, k=offset: x.diag(k), lambda x, k=offset: np.diag(x, k),
          (3, 4), (3,))  # fmt: skip
moved("diag_embed", lambda x: x.diag_embed(),
      lambda x: np.stack([np.diag(row) for row in x]), (2, 3))  # fmt: skip
moved("diag_embed in front", lambda x: x.diag_embed(1, 0, -1),
      lambda x: np.stack([np.diag(row, 1) for row in x], 1), (2, 3))  # fmt: skip
moved("trace", lambda x: x.trace(), np.trace, (3, 3), (2, 4))
moved("tril of a part", lambda x: x.tril(k=-1), lambda x: np.tril(x, -1), (3, 3), torch=None)

# ---------------------------------------------------------------- joining


def T(name: str, *more: Any, **options: Any) -> Callable:
    """PyTorch's function of a list of tensors."""

    def run(*tensors: Any) -> Any:
        import torch

        return getattr(torch, name)(tensors, *more, **options)

    return run


for name in ("hstack", "vstack", "dstack"):
    for shapes in (((2, 3), (2, 3)), ((4,), (4,)), ((2, 1, 2), (2, 1, 2))):
        rows(
            name,
            lambda *xs, name=name: getattr(Tensor, name)(xs),
            lambda *xs, name=name: getattr(np, name)(xs),
            shapes,
            torch=T(name),
        )
for k in (0, 1):
    rows(
        f"meshgrid {k}",
        lambda x, y, k=k: x.meshgrid(y, indexing="ij")[k],
        lambda x, y, k=k: np.meshgrid(x, y, indexing="ij")[k],
        ((3,), (2,)),
    )
rows(
    "meshgrid as NumPy's",
    lambda x, y: x.meshgrid(y, indexing="xy")[1],
    lambda x, y: np.meshgrid(x, y)[1],
    ((3,), (2,)),
)
rows(
    "block_diag",
    lambda x, y: x.block_diag(y),
    lambda x, y: np.block([[x, np.zeros((2, 2))], [np.zeros((1, 3)), y]]),
    ((2, 3), (1, 2)),
)
rows(
    "broadcast_tensors",
    lambda x, y: Tensor.broadcast_tensors(x, y)[1],
    lambda x, y: np.broadcast_arrays(x, y)[1],
    ((2, 1), (3,)),
)
for n in (1, 2, 3):
    rows(
        f"atleast_{n}d",
        lambda x, n=n: getattr(x, f"atleast_{n}d")(),
        getattr(np, f"atleast_{n}d"),
        (),
        (2,),
        (2, 3),
    )
rows("cat of twenty", lambda *xs: Tensor.cat(xs), lambda *xs: np.concatenate(xs), ((1, 2),) * 20)

# ---------------------------------------------------------------- padding

for mode, theirs in (("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")):
    rows(
        f"pad {mode}",
        lambda x, mode=mode: x.pad((2, 1), (0, 2), mode=mode),
        lambda x, theirs=theirs: np.pad(x, ((2, 1), (0, 2)), mode=theirs),
        (3, 4),
    )
rows(
    "pad and cut",
    lambda x: x.pad((-1, 2), (1, -2), value=3.0),
    lambda x: np.pad(x[1:, :-2], ((0, 2), (1, 0)), constant_values=3.0),
    (3, 4),
)


def torch_pad(x: Any) -> Any:
    import torch

    return torch.nn.functional.pad(x, (1, 2, -1, 3), value=7.0)


rows(
    "pad by PyTorch's list",
    lambda x: x.pad((1, 2, -1, 3), value=7.0),
    lambda x: np.pad(x[:, 1:], ((0, 0), (0, 3), (1, 2)), constant_values=7.0),
    BOX,
    torch=torch_pad,
)
