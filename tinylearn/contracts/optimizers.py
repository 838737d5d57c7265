"""The contracts of `optim.<rule>`: one step, compared with the published formula in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinylearn.contracts.measure import called, flat
from tinylearn.contracts.tensors import Arrays, same_function, show, tensor
from tinylearn.parts import ContractError

SHAPES = [(3,), (2, 3), (1,), (), (4, 1, 2)]
LR, KEPT, BETA1, BETA2, EPS, DECAY = 0.5, 0.9, 0.9, 0.8, 0.5, 0.25


# ---------------------------------------------------------------- the published formulas


def weight_decay(a: Arrays) -> tuple[np.ndarray, ...]:
    """d/dw of decay/2 * w**2, added."""
    return (a["g"] + DECAY * a["w"],)


def sgd(a: Arrays) -> tuple[np.ndarray, ...]:
    """Robbins & Monro 1951: against the gradient."""
    return (a["w"] - LR * a["g"],)


def momentum(a: Arrays) -> tuple[np.ndarray, ...]:
    """Polyak 1964, with lr outside of v."""
    v = KEPT * a["v"] + a["g"]
    return a["w"] - LR * v, v


def nesterov(a: Arrays) -> tuple[np.ndarray, ...]:
    """Nesterov 1983, as Sutskever et al. 2013 write it."""
    v = KEPT * a["v"] + a["g"]
    return a["w"] - LR * (a["g"] + KEPT * v), v


def adam(a: Arrays) -> tuple[np.ndarray, ...]:
    """Kingma & Ba 2015, algorithm 1, at its third step."""
    m = BETA1 * a["m"] + (1 - BETA1) * a["g"]
    v = BETA2 * a["v"] + (1 - BETA2) * a["g"] ** 2
    mean, square = m / (1 - BETA1**3), v / (1 - BETA2**3)
    return a["w"] - LR * mean / (np.sqrt(square) + EPS), m, v


def adamw(a: Arrays) -> tuple[np.ndarray, ...]:
    """Loshchilov & Hutter 2019, algorithm 2, with the schedule inside lr."""
    w, m, v = adam(a)
    return w - LR * DECAY * a["w"], m, v


RULES: dict[str, tuple[Callable, tuple[str, ...], tuple[str, ...]]] = {
    # rule -> (formula, what it takes, what it returns)
    "weight_decay": (weight_decay, ("w", "g", "decay"), ("the gradient",)),
    "sgd": (sgd, ("w", "g", "lr"), ("w",)),
    "momentum": (momentum, ("w", "g", "v", "lr", "momentum"), ("w", "v")),
    "nesterov": (nesterov, ("w", "g", "v", "lr", "momentum"), ("w", "v")),
    "adam": (
        adam,
        ("w", "g", "m", "v", "lr", "beta1", "beta2", "eps", "correction1", "correction2"),
        ("w", "m", "v"),
    ),
    "adamw": (
        adamw,
        ("w", "g", "m", "v", "lr", "beta1", "beta2", "eps", "correction1", "correction2", "decay"),
        ("w", "m", "v"),
    ),
}
NUMBERS = {"momentum": KEPT, "beta1": BETA1, "beta2": BETA2, "eps": EPS, "decay": DECAY}
LEAVES = {"lr": LR, "correction1": 1 - BETA1**3, "correction2": 1 - BETA2**3}


# ---------------------------------------------------------------- the check


def check_update(name: str, function: Callable, seed: int = 0) -> None:
    """Raise ContractError with the first promise of an update rule that `function` breaks."""
    random = np.random.default_rng(seed)
    formula, takes, returns = RULES[name.removeprefix("optim.")]
    for shape in SHAPES:
        arrays = sample(shape, random)
        given = {name: argument(name, arrays) for name in takes}
        where = f"{', '.join(takes)}; w of shape {shape}"
        if 0 < arrays["w"].size <= 3:
            named = [n for n in takes if n in arrays]
            where += "".join(f"\n        {n} = {flat(arrays[n])}" for n in named)
        answer = called(name, function, where, *given.values())
        answer = answer if len(returns) > 1 else (answer,)
        answer = tuple(answer) if isinstance(answer, list) else answer
        if not isinstance(answer, tuple) or len(answer) != len(returns):
            wanted = ", ".join(f"the new {target}" for target in returns)
            says = f"{name} must return a tuple ({wanted}), it returned {show(answer)}"
            raise ContractError(f"{says}\n    called with {where}")
        for k, (target, got) in enumerate(zip(returns, answer, strict=True)):
            what = f"the new {target}" if target in arrays else target

            def one(a: Arrays, k: int = k) -> np.ndarray:
                return np.asarray(formula(a)[k], np.float32)

            same_function(name, what, got, given, one, where)


def sample(shape: tuple[int, ...], random: np.random.Generator) -> Arrays:
    """Weights, gradients and memory; mean squares are positive."""
    arrays = {name: random.standard_normal(shape).astype(np.float32) for name in "wgmv"}
    arrays["v"] = np.abs(arrays["v"])
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


def argument(name: str, arrays: Arrays) -> Any:
    """What is passed for a name: a Tensor, or a Python number for what never changes."""
    if name in arrays:
        return tensor(arrays[name])
    return tensor(np.float32(LEAVES[name])) if name in LEAVES else NUMBERS[name]
