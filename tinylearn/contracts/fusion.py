"""The contracts of `fuse.<rule>` and `join.<rule>`: what a rule of the scheduler promises.

A rule answers None or (verdict, because), for any graph, without an error. That it cannot change a
number is the scheduler's promise; it is checked here too, by running the kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from tinylearn.contracts.measure import called, compare, leaf, numbers
from tinylearn.graph.gradient import gradient
from tinylearn.graph.node import Node
from tinylearn.parts import ContractError, Part, named
from tinylearn.schedule.kernel import FUSE, JOIN, KERNEL_LIMIT, STORE, Schedule
from tinylearn.schedule.rules import SAME_ROWS
from tinylearn.schedule.schedule import schedule


@cache
def samples(device: str) -> tuple[tuple[str, tuple[Node, ...]], ...]:
    """Graphs by name: chains, a reduction with what follows it, softmax, a layer's gradients."""
    random = np.random.default_rng(2)
    x, y, w, b = (leaf(random.standard_normal(s), device) for s in ((4, 3), (4, 3), (3, 2), (1, 2)))
    top = (x - x.max((1,)).expand((4, 3))).exp()
    softmax = top * top.sum((1,)).recip().expand((4, 3))
    product = (x.reshape((4, 3, 1)).expand((4, 3, 2)) * w.reshape((1, 3, 2)).expand((4, 3, 2))).sum(
        (1,)
    )
    layer = product.reshape((4, 2)) + b.expand((4, 2))
    relu = layer.less(0.0).where(0.0, layer)
    loss = (relu * relu).sum((0, 1))
    slopes = gradient.default(loss, loss.const_like(1.0), [w, b])
    total = x.sum((1,))
    long = x
    for _ in range(KERNEL_LIMIT + 1):
        long = long.sin()
    return (
        ("x * y + x", (x * y + x,)),
        ("two results of one loop", ((x + y).exp(), (x + y) * 2.0)),
        ("the sum of x * y, then a square root", ((x * y).sum((1,)).exp().sqrt(),)),
        ("softmax", (softmax,)),
        (
            "moves: permute, pad and flip",
            ((x * y).permute((1, 0)).pad(((1, 1), (0, 0))).flip((0,)),),
        ),
        ("a layer, its loss and its gradients", (loss, slopes[w], slopes[b])),
        ("a total that is added up, and another's root", (total.sum((0,)), y.sum((1,)).sqrt())),
        ("a total for two kernels", (total.sqrt(), total.exp().max((0,)))),
        ("a long way to two kernels", (long.exp(), long.permute((1, 0)))),
    )


@cache
def expected(says: str, device: str) -> list[np.ndarray]:
    """The numbers of a sample, by the interpreter."""
    return numbers(dict(samples(device))[says])


def check_fusion(name: str, rule: Callable) -> None:
    """Raise ContractError with the first promise of a fusion rule that `rule` breaks."""
    _check(named(name), rule, (STORE, FUSE))


def check_join(name: str, rule: Callable) -> None:
    """Raise ContractError with the first promise of a joining rule that `rule` breaks."""
    part = named(name)
    if part is SAME_ROWS:  # which is asked on devices alone that have loops of ours
        _check(part, rule, (JOIN, STORE), "simulator")
    else:
        _check(part, rule, (JOIN,))


def _check(part: Part, rule: Callable, verdicts: tuple[str, ...], device: str = "numpy") -> None:
    for says, outputs in samples(device):

        def watched(*args: Any, graph: str = says) -> Any:
            where = f"{args[0]!r}, in the graph of {graph}"
            answer = called(part.name, rule, where, *args)
            well_formed(part.name, where, answer, verdicts)
            return answer

        with running(part, watched):
            found = schedule(outputs)
        got = run_kernels(found, outputs)
        for one, wanted in zip(got, expected(says, device), strict=True):
            compare(part.name, "the result of the kernels", says, one, wanted)


def well_formed(name: str, where: str, answer: Any, verdicts: tuple[str, ...]) -> None:
    """None, or a verdict and the facts of this case in words."""
    match answer:
        case None:
            return
        case (str() as verdict, str() as because) if verdict in verdicts and because.strip():
            return
    wanted = " or ".join(f"({v.upper()}, because)" for v in verdicts)
    raise ContractError(
        f"{name} must return None or {wanted}, where because is a text with the facts of this case"
        f"\n    got {answer!r}\n    asked about {where}"
    )


@contextmanager
def running(part: Part, body: Callable) -> Iterator[None]:
    """Let a Part run `body` for the length of a block; nobody else is told."""
    before = part.current
    part.current = body
    try:
        yield
    finally:
        part.current = before


def run_kernels(found: Schedule, outputs: tuple[Node, ...]) -> list[np.ndarray]:
    """The numbers of the outputs, one kernel after the other: only what is stored is passed on."""
    memory: dict[Node, np.ndarray] = {}
    for kernel in found.kernels:
        known = {x: memory[x] for x in kernel.inputs if x in memory}
        memory.update(zip(kernel.outputs, numbers(kernel.outputs, known), strict=True))
    return [memory[node] for node in outputs]
