"""Compares a layer or a function of ours with PyTorch's: numbers, and gradients of everything."""

import numpy as np
import torch

from tinylearn import nn
from tinylearn.tensor import Tensor


def floats(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def ints(high, *shape):
    return np.random.default_rng([high, *shape]).integers(0, high, shape)


def pair(name, *args, **options):
    """Our layer and theirs, with the numbers of theirs."""
    theirs = getattr(torch.nn, name)(*args, **options)
    ours = getattr(nn, name)(*args, **options)
    if options.get("padding_idx") is None:
        with torch.no_grad():
            for k, w in enumerate(theirs.parameters()):  # also what starts as 0 or 1
                w.copy_(torch.tensor(floats(*w.shape, seed=k) * 0.5))
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def flat(answer):
    """The Tensors of an answer, which may be nested tuples, in order."""
    if isinstance(answer, tuple | list):
        return [x for part in answer for x in flat(part)]
    return [] if answer is None else [answer]


def near(ours, theirs, rtol=2e-4, atol=2e-5):
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), rtol=rtol, atol=atol)


def both(arrays):
    """The arrays as Tensors of ours and of theirs: floats take a gradient."""
    ours = [Tensor(a) if isinstance(a, np.ndarray) else a for a in arrays]
    theirs = [
        torch.tensor(a, requires_grad=a.dtype.kind == "f") if isinstance(a, np.ndarray) else a
        for a in arrays
    ]
    return ours, theirs


def agree(ours, theirs, arrays, **options):
    """Outputs, and gradients of inputs and of parameters, are theirs."""
    mine, other = both(arrays)
    got, want = flat(ours(*mine, **options)), flat(theirs(*other, **options))
    assert len(got) == len(want)
    total, reference = 0, 0
    for k, (x, y) in enumerate(zip(got, want, strict=True)):
        near(x, y)
        weights = floats(*x.shape, seed=7 + k)
        total = total + (x * weights).sum()
        reference = reference + (y * torch.tensor(weights)).sum()
    total.backward()
    reference.backward()
    learned = ours.parameters() if hasattr(ours, "parameters") else []
    leaves = [x for x in mine if isinstance(x, Tensor)] + learned
    Tensor.realize_all(*[x.grad for x in leaves if x.grad is not None])  # one plan for all
    for x, y in zip(mine, other, strict=True):
        if isinstance(x, Tensor) and y.requires_grad:
            near(x.grad, y.grad, 1e-3, 1e-4)
    if hasattr(theirs, "named_parameters"):
        reference = dict(theirs.named_parameters())
        for name, w in ours.named_parameters():
            near(w.grad, reference[name].grad, 1e-3, 1e-4)
