"""Rows of the table: einsum, and matrix products under their other names."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.tensor.table import rows
from tinylearn.tensor import Tensor

FORMULAS: tuple[tuple[str, tuple[tuple[int, ...], ...]], ...] = (
    ("ij,jk->ik", ((2, 3), (3, 4))),
    ("ij,jk", ((2, 3), (3, 4))),
    ("ik,jk->ij", ((2, 3), (4, 3))),
    ("bij,bjk->bik", ((2, 3, 4), (2, 4, 2))),
    ("bhqd,bhkd->bhqk", ((2, 2, 3, 4), (2, 2, 5, 4))),
    ("i,j->ij", ((3,), (2,))),
    ("i,i->", ((3,), (3,))),
    ("i,i", ((3,), (3,))),
    ("ij->ji", ((2, 3),)),
    ("ba", ((2, 3),)),
    ("ij->", ((2, 3),)),
    ("ij->i", ((2, 3),)),
    ("ii->i", ((3, 3),)),
    ("ii", ((3, 3),)),
    ("iij->j", ((2, 2, 3),)),
    ("iii->i", ((2, 2, 2),)),
    ("ij,ij->ij", ((2, 3), (2, 3))),
    ("ij,ij->i", ((2, 3), (2, 3))),
    ("ij,kl->ik", ((2, 3), (4, 2))),
    ("...ij,...jk->...ik", ((5, 2, 3), (3, 4))),
    ("...ij,...jk->...ik", ((2, 1, 2, 3), (4, 3, 2))),
    ("i...->...", ((2, 3, 2),)),
    ("...i", ((2, 3),)),
    ("b...,b->b...", ((2, 3, 2), (2,))),
    ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 2))),
    ("i,ij,j->", ((2,), (2, 3), (3,))),
    ("bn,anm,bm->ba", ((2, 3), (5, 3, 4), (2, 4))),
    ("ij,jk->ik", ((0, 3), (3, 2))),
    (" ij , jk -> ik ", ((2, 0), (0, 2))),
)


def torch_einsum(formula: str) -> Any:
    """PyTorch's einsum of that formula."""

    def run(*tensors: Any) -> Any:
        import torch

        return torch.einsum(formula, *tensors)

    return run


for formula, shapes in FORMULAS:
    rows(
        f"einsum {formula}",
        lambda *xs, f=formula: Tensor.einsum(f, *xs),
        lambda *xs, f=formula: np.einsum(f, *xs),
        shapes,
        torch=torch_einsum(formula),
    )
rows(
    "einsum of ints",
    lambda x, y: Tensor.einsum("ij,jk->ik", [x, y]),
    lambda x, y: np.einsum("ij,jk->ik", x, y),
    ((2, 3), (3, 2)),
    dtype="int64",
    low=-9,
    high=9,
    slope=False,
)


def T(name: str, *more: Any, **options: Any) -> Any:
    """PyTorch's function of that name."""

    def run(*tensors: Any) -> Any:
        import torch

        function = getattr(torch, name, None) or getattr(torch.nn.functional, name)
        return function(*tensors, *more, **options)

    return run


for dims, shapes in ((1, ((2, 3), (3, 4))), (2, ((2, 3, 2), (3, 2, 4))), (0, ((2,), (3,)))):
    rows(
        f"tensordot {dims}",
        lambda x, y, d=dims: x.tensordot(y, dims=d),
        lambda x, y, d=dims: np.tensordot(x, y, d),
        shapes,
        torch=T("tensordot", dims=dims),
    )
rows(
    "tensordot of axes",
    lambda x, y: x.tensordot(y, ([0, 2], [1, 0])),
    lambda x, y: np.tensordot(x, y, ([0, 2], [1, 0])),
    ((2, 3, 4), (4, 2, 5)),
    torch=T("tensordot", dims=([0, 2], [1, 0])),
)
rows("inner", lambda x, y: x.inner(y), np.inner, ((2, 3), (4, 3)), ((3,), (3,)), torch=T("inner"))
rows("mm", lambda x, y: x.mm(y), np.matmul, ((2, 3), (3, 4)), torch=T("mm"))
rows("mv", lambda x, y: x.mv(y), np.matmul, ((2, 3), (3,)), torch=T("mv"))
rows("bmm", lambda x, y: x.bmm(y), np.matmul, ((2, 2, 3), (2, 3, 4)), torch=T("bmm"))
rows("vdot", lambda x, y: x.vdot(y), np.vdot, ((3,), (3,)), torch=T("vdot"))
SCALES = {"beta": 0.5, "alpha": 2.0}
rows(
    "addmm",
    lambda c, x, y: c.addmm(x, y, **SCALES),
    lambda c, x, y: 0.5 * c + 2 * (x @ y),
    ((4,), (2, 3), (3, 4)),
    torch=T("addmm", **SCALES),
)
rows(
    "addmv",
    lambda c, x, y: c.addmv(x, y),
    lambda c, x, y: c + x @ y,
    ((2,), (2, 3), (3,)),
    torch=T("addmv"),
)
rows(
    "baddbmm",
    lambda c, x, y: c.baddbmm(x, y, **SCALES),
    lambda c, x, y: 0.5 * c + 2 * (x @ y),
    ((2, 2, 4), (2, 2, 3), (2, 3, 4)),
    torch=T("baddbmm", **SCALES),
)
for name, sign in (("addcmul", 1), ("addcdiv", -1)):
    rows(
        name,
        lambda c, x, y, name=name: getattr(c, name)(x, y, value=0.5),
        lambda c, x, y, sign=sign: c + 0.5 * x * y**sign,
        ((2, 3), (2, 3), (3,)),
        torch=T(name, value=0.5),
    )
rows(
    "kron",
    lambda x, y: x.kron(y),
    np.kron,
    ((2, 3), (3, 2)),
    ((2,), (2, 2)),
    ((2, 1, 2), (3,)),
    torch=T("kron"),
)
rows("cross", lambda x, y: x.cross(y), np.cross, ((2, 3), (2, 3)), ((3,), (3,)))
rows(
    "cross of an axis",
    lambda x, y: x.cross(y, dim=0),
    lambda x, y: np.cross(x, y, axis=0),
    ((3, 2), (3, 2)),
    torch=lambda x, y: x.cross(y, dim=0),
)
rows(
    "bilinear",
    lambda x, y, w, b: x.bilinear(y, w, b),
    lambda x, y, w, b: np.einsum("bi,oij,bj->bo", x, w, y) + b,
    ((2, 3), (2, 4), (5, 3, 4), (5,)),
    torch=T("bilinear"),
)
