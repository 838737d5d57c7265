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
NOW, AHEAD, RECTIFIED = 0.3, 0.6, 0.7


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


def decoupled_decay(a: Arrays) -> tuple[np.ndarray, ...]:
    """Loshchilov & Hutter 2019, the decay alone."""
    return (a["w"] - LR * DECAY * a["w"],)


def amsgrad(a: Arrays) -> tuple[np.ndarray, ...]:
    """Reddi et al. 2018, algorithm 2, with the corrections of Adam."""
    _, m, v = adam(a)
    top = np.maximum(a["top"], v)
    step = m / (1 - BETA1**3) / (np.sqrt(top / (1 - BETA2**3)) + EPS)
    return a["w"] - LR * step, m, v, top


def rmsprop(a: Arrays) -> tuple[np.ndarray, ...]:
    """Tieleman & Hinton 2012: g / (sqrt(v) + eps)."""
    v = KEPT * a["v"] + (1 - KEPT) * a["g"] ** 2
    return a["g"] / (np.sqrt(v) + EPS), v


def centered(a: Arrays) -> tuple[np.ndarray, ...]:
    """Graves 2013, equations 38 to 41."""
    v = KEPT * a["v"] + (1 - KEPT) * a["g"] ** 2
    m = KEPT * a["m"] + (1 - KEPT) * a["g"]
    return a["g"] / (np.sqrt(v - m * m) + EPS), v, m


def adagrad(a: Arrays) -> tuple[np.ndarray, ...]:
    """Duchi et al. 2011."""
    v = a["v"] + a["g"] ** 2
    return a["w"] - LR * a["g"] / (np.sqrt(v) + EPS), v


def adadelta(a: Arrays) -> tuple[np.ndarray, ...]:
    """Zeiler 2012, algorithm 1."""
    v = KEPT * a["v"] + (1 - KEPT) * a["g"] ** 2
    step = np.sqrt(a["u"] + EPS) / np.sqrt(v + EPS) * a["g"]
    return a["w"] - LR * step, v, KEPT * a["u"] + (1 - KEPT) * step**2


def adamax(a: Arrays) -> tuple[np.ndarray, ...]:
    """Kingma & Ba 2015, algorithm 2."""
    m = BETA1 * a["m"] + (1 - BETA1) * a["g"]
    v = np.maximum(BETA2 * a["v"], np.abs(a["g"]) + EPS)
    return a["w"] - LR / (1 - BETA1**3) * m / v, m, v


def nadam(a: Arrays) -> tuple[np.ndarray, ...]:
    """Dozat 2016, algorithm 2, with both shares given."""
    _, m, v = adam(a)
    step = (NOW * a["g"] + AHEAD * m) / (np.sqrt(v / (1 - BETA2**3)) + EPS)
    return a["w"] - LR * step, m, v


def radam(a: Arrays) -> tuple[np.ndarray, ...]:
    """Liu et al. 2020, algorithm 2, where the mean square can be relied on."""
    _, m, v = adam(a)
    scaled = RECTIFIED * np.sqrt(1 - BETA2**3) / (np.sqrt(v) + EPS)
    return a["w"] - LR * m / (1 - BETA1**3) * scaled, m, v


def lion(a: Arrays) -> tuple[np.ndarray, ...]:
    """Chen et al. 2023, algorithm 2."""
    sign = np.sign(BETA1 * a["m"] + (1 - BETA1) * a["g"])
    return a["w"] - LR * sign, BETA2 * a["m"] + (1 - BETA2) * a["g"]


WEIGHT, MOMENTS = ("w", "g"), ("w", "g", "m", "v")
BETAS = ("lr", "beta1", "beta2", "eps")
CORRECTIONS = ("correction1", "correction2")
RULES: dict[str, tuple[Callable, tuple[str, ...], tuple[str, ...]]] = {
    # rule -> (formula, what it takes, what it returns)
    "weight_decay": (weight_decay, (*WEIGHT, "decay"), ("the gradient",)),
    "decoupled_decay": (decoupled_decay, ("w", "lr", "decay"), ("w",)),
    "sgd": (sgd, (*WEIGHT, "lr"), ("w",)),
    "momentum": (momentum, (*WEIGHT, "v", "lr", "momentum"), ("w", "v")),
    "nesterov": (nesterov, (*WEIGHT, "v", "lr", "momentum"), ("w", "v")),
    "adam": (adam, (*MOMENTS, *BETAS, *CORRECTIONS), ("w", "m", "v")),
    "adamw": (adamw, (*MOMENTS, *BETAS, *CORRECTIONS, "decay"), ("w", "m", "v")),
    "amsgrad": (amsgrad, (*MOMENTS, "top", *BETAS, *CORRECTIONS), ("w", "m", "v", "top")),
    "rmsprop": (rmsprop, ("g", "v", "alpha", "eps"), ("the scaled gradient", "v")),
    "centered_rmsprop": (
        centered,
        ("g", "v", "m", "alpha", "eps"),
        ("the scaled gradient", "v", "m"),
    ),
    "adagrad": (adagrad, (*WEIGHT, "v", "lr", "eps"), ("w", "v")),
    "adadelta": (adadelta, (*WEIGHT, "v", "u", "lr", "rho", "eps"), ("w", "v", "u")),
    "adamax": (adamax, (*MOMENTS, *BETAS, "correction1"), ("w", "m", "v")),
    "nadam": (nadam, (*MOMENTS, *BETAS, "correction2", "now", "ahead"), ("w", "m", "v")),
    "radam": (radam, (*MOMENTS, *BETAS, *CORRECTIONS, "rectified"), ("w", "m", "v")),
    "lion": (lion, ("w", "g", "m", "lr", "beta1", "beta2"), ("w", "m")),
}
NUMBERS = {"momentum": KEPT, "alpha": KEPT, "rho": KEPT, "decay": DECAY}
NUMBERS |= {"beta1": BETA1, "beta2": BETA2, "eps": EPS}
LEAVES = {"lr": LR, "correction1": 1 - BETA1**3, "correction2": 1 - BETA2**3}
LEAVES |= {"now": NOW, "ahead": AHEAD, "rectified": RECTIFIED}


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
            wanted = ", ".join(t if " " in t else f"the new {t}" for t in returns)
            says = f"{name} must return a tuple ({wanted}), it returned {show(answer)}"
            raise ContractError(f"{says}\n    called with {where}")
        for k, (target, got) in enumerate(zip(returns, answer, strict=True)):
            what = f"the new {target}" if target in arrays else target

            def one(a: Arrays, k: int = k) -> np.ndarray:
                return np.asarray(formula(a)[k], np.float32)

            same_function(name, what, got, given, one, where)


def sample(shape: tuple[int, ...], random: np.random.Generator) -> Arrays:
    """Weights, gradients and memory; mean squares are at least the square of the mean."""
    names = (*"wgmvu", "top")
    arrays = {name: np.asarray(random.standard_normal(shape), np.float32) for name in names}
    for name in ("v", "u", "top"):
        arrays[name] = np.abs(arrays[name]) + arrays["m"] ** 2
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


def argument(name: str, arrays: Arrays) -> Any:
    """What is passed for a name: a Tensor, or a Python number for what never changes."""
    if name in arrays:
        return tensor(arrays[name])
    return tensor(np.float32(LEAVES[name])) if name in LEAVES else NUMBERS[name]
