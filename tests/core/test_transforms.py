"""Transforms of trees: any sequence of them keeps the numbers; what does not fit is refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from unittest import mock

import numpy as np
import pytest

from tinylearn import Tensor
from tinylearn.contracts.kernels import samples
from tinylearn.devices import apart, compiler
from tinylearn.graph.deferred import spelled_out
from tinylearn.loops import transforms
from tinylearn.loops.check import in_form
from tinylearn.loops.chosen import Cook
from tinylearn.loops.lower import lower
from tinylearn.loops.machine import AVX2, AVX512, NEON, Machine
from tinylearn.loops.nest import Nest
from tinylearn.loops.recipe import cooked
from tinylearn.loops.rewrites import rewritten
from tinylearn.loops.run import run
from tinylearn.loops.statements import Let, Load
from tinylearn.loops.straighten import straightened
from tinylearn.loops.text import parsed, shown
from tinylearn.loops.tree import (
    Allocate,
    Function,
    Loop,
    Refused,
    plain,
    statements,
)
from tinylearn.render.c import render_c
from tinylearn.schedule import kernel
from tinylearn.schedule.schedule import schedule

KINDS = [
    "split",
    "split",
    "sink",
    "sink",
    "subtotal",
    "stage",
    "vectorize",
    "unroll",
    "park",
    "stream",
]
MACHINES = (AVX512, AVX2, NEON, Machine(near=2048, chunk=64))
needs_compiler = pytest.mark.skipif(not compiler.compiler(), reason="no C compiler here")


# ---------------------------------------------------------------- small kernels of every kind


def nest_of(*tensors: Tensor, last: bool = True) -> Nest:
    """The loops of the last kernel (or the first) of some tensors."""
    kernels = schedule(spelled_out([t.node for t in tensors])).kernels
    return rewritten(lower(kernels[-1 if last else 0]))


def zeros(*shape: int) -> Tensor:
    return Tensor(np.zeros(shape, np.float32))


def kernel_by_chance(dice: random.Random) -> Nest:
    """The loops of a product, a convolution, a sum, or numbers one by one, of any small size."""
    i, j, r, c = dice.randint(1, 9), dice.randint(1, 40), dice.randint(1, 70), dice.randint(1, 4)
    kinds: dict[str, Callable[[], Tensor]] = {
        "product": lambda: (zeros(i, r) @ zeros(r, j) + zeros(j)).relu(),
        "turned": lambda: zeros(i, j) - (zeros(r, i).transpose(0, 1) @ zeros(r, j)) * 2.0,
        "other": lambda: zeros(i, r) @ zeros(j, r).transpose(0, 1) + 1.0,
        "rows": lambda: (zeros(i, j) * 3.0).sum(1) + zeros(i),
        "columns": lambda: (zeros(i, j) + 1.0).sum(0),
        "all": lambda: (zeros(i, j) * zeros(i, j)).sum(),
        "window": lambda: zeros(c, 2, 6, 7).conv2d(zeros(3, 2, 3, 3), padding=c % 2).relu(),
        "pool": lambda: zeros(c, 2, 6, 6).max_pool2d(2),
        "one by one": lambda: (zeros(i, j) * zeros(j) - zeros(i, 1)).transpose(0, 1) + zeros(j, i),
        "largest": lambda: zeros(i, j).max(1),
        "many": lambda: zeros(c, i, r) @ zeros(c, r, j),
        "padded": lambda: zeros(i, j).pad(((1, 2), (0, 3))) + 1.0,
        "looked up": lambda: zeros(9, j)[places(i)] * zeros(i, j),
        "turned rows": lambda: zeros(j, 9).T[places(i)].pad(((1, 0), (0, 2))),
        "one of each row": lambda: zeros(9, 5, 2)[places(i), places(i) + 1] * 2.0,
        "sums of rows": lambda: zeros(9, j)[places(i)].sum(1) + 1.0,
        "largest of columns": lambda: zeros(j, 9)[:, places(r)].max(1),
    }
    chosen = kinds[dice.choice(sorted(kinds))]
    with mock.patch.object(kernel, "IN_LOOPS", ("numpy",)):  # as on the c device
        return nest_of(chosen(), last=dice.random() < 0.8)


def places(count: int) -> Tensor:
    return Tensor(np.zeros(count, np.int64))


def numbers(function: Function, seed: int) -> dict[str, np.ndarray]:
    """Small whole numbers for all that it reads: sums of them are exact in any order."""
    draw = np.random.default_rng(seed)
    read = [m for m in function.arguments if m.name not in function.written]
    return {m.name: draw.integers(-3, 4, m.size).astype(m.dtype.numpy) for m in read}


def one_step(f: Function, dice: random.Random) -> Function:
    """The tree after some transform with some arguments; raises Refused where it does not fit."""
    loops = {s.variable.name: s.variable.size for s in statements(f.body) if isinstance(s, Loop)}
    name = dice.choice(sorted(loops))
    others = tuple(n for n in loops if n != name and dice.random() < 0.6)
    read = [s.name for s in statements(f.body) if isinstance(s, Let) and is_load(s)]
    match dice.choice(
        [
            "split",
            "sink",
            "subtotal",
            "stage",
            "vectorize",
            "unroll",
            "park",
            "stream",
            "split",
            "sink",
        ]
    ):
        case "split":
            rest = dice.choice(["tile", "overlap", "plain", "guard"])
            return transforms.split(f, name, dice.choice([2, 3, 4, 8]), rest)
        case "sink":
            return transforms.sink(f, name, others, dice.choice(["register", "local"]))
        case "subtotal":
            return transforms.subtotal(f, name)
        case "stage":
            order = dice.sample(sorted(loops), len(loops))
            return transforms.stage(f, dice.choice(read), dice.choice([name, ""]), order)
        case "vectorize":
            return transforms.vectorize(f, name)
        case "unroll":
            return transforms.unroll(f, name)
        case "park":
            return transforms.park(f, name, "total0")
    return transforms.stream(f)


def is_load(s: Let) -> bool:
    return isinstance(s.expression, Load)


def after_chance(seed: int) -> tuple[Function, Function]:
    """A kernel's plain tree, and the same after up to nine transforms by chance."""
    dice = random.Random(seed)
    nest = kernel_by_chance(dice)
    function = before = plain(nest, f"kernel_{seed}")
    for _ in range(dice.randint(1, 9)):
        try:
            function = one_step(function, dice)
        except (Refused, IndexError):  # or there is no loop, or nothing is read
            continue
    return before, function


# ---------------------------------------------------------------- the same numbers


@pytest.mark.parametrize("seed", range(80))
def test_any_sequence_that_is_not_refused_keeps_the_numbers(seed):
    before, after = after_chance(seed)
    in_form(after)
    given = numbers(before, seed)
    expected = run(before, given)
    for function in (after, straightened(after), parsed(shown(after))):
        found = run(function, given)
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name], shown(function))


@pytest.mark.parametrize("seed", range(40))
def test_every_recipe_keeps_the_numbers(seed):
    nest = kernel_by_chance(random.Random(1000 + seed))
    given = numbers(plain(nest), seed)
    expected = run(plain(nest), given)
    for machine in MACHINES:
        cook = cooked(nest, "kernel", machine)
        in_form(cook.function)
        found = run(cook.function, given)
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name], shown(cook.function))


@needs_compiler
def test_what_is_written_in_c_has_the_numbers_of_the_interpreter():
    trees = [after_chance(seed)[1] for seed in range(80, 200)]
    dice = random.Random(0)
    trees += [
        cooked(kernel_by_chance(dice), f"chosen_{k}", MACHINES[k % 4]).function for k in range(60)
    ]
    calls, expected = [], []
    for k, tree in enumerate(trees):
        if not writable(tree):
            continue
        given = numbers(tree, k)
        out = [np.full(m.size, 77, m.dtype.numpy) for m in tree.arguments if m.name in tree.written]
        calls.append(apart.Call(tree.name, render_c(tree).text, out, list(given.values())))
        expected.append(run(tree, given))
    assert len(calls) > 140
    answers = apart.answers(calls)
    assert [a for a in answers if isinstance(a, str)] == []
    for call, wanted, found in zip(calls, expected, answers, strict=True):
        assert isinstance(found, list), call.name
        for got, right in zip(found, wanted.values(), strict=True):
            np.testing.assert_array_equal(got, right.reshape(-1), call.text)


def writable(tree: Function) -> bool:
    """Whether each register is known by a number: recipes unroll what chance may leave a loop."""
    try:
        render_c(tree)
    except Refused:
        return False
    return True


@pytest.mark.parametrize("machine", [AVX512, AVX2, NEON], ids=["64", "32", "16"])
def test_all_that_recipes_make_can_be_written_and_read_back(machine):
    for sample in samples():
        tree = cooked(rewritten(lower(sample.kernel)), "kernel", machine).function
        assert render_c(tree).lines
        assert shown(parsed(shown(tree))) == shown(tree)


# ---------------------------------------------------------------- what they make


def test_a_sum_gets_lanes_of_totals():
    steps = cooked(nest_of(zeros(4, 1000).sum(1)), "kernel", AVX512).steps
    said = [str(s) for s in steps]
    assert "subtotal(ro)" in said and "vectorize(rii)" in said
    for first, second in pairwise(steps):
        assert first.after is second.before


def test_a_product_gets_a_tile_of_totals_that_fits_the_registers():
    tree = cooked(nest_of(zeros(64, 100) @ zeros(100, 64)), "kernel", AVX512).function
    totals = [s.memory for s in statements(tree.body) if isinstance(s, Allocate)]
    totals = [m for m in totals if m.space == "register"]
    assert totals and all(m.lanes == 16 for m in totals)
    assert all(8 <= m.size // m.lanes <= AVX512.totals for m in totals)


def test_a_tree_reads_like_a_program():
    tree = plain(nest_of(zeros(4, 9).sum(1)))
    tree = transforms.sink(tree, "i", ("r",))
    assert shown(tree).splitlines() == [
        "kernel(out0: float32[4], const in0: float32[4, 9])",
        "    register total0s: float32[4, 1]",
        "    for i in 4",
        "        total0s_start: float32 = 0.0",
        "        total0s[i] = total0s_start",
        "    for r in 9",
        "        for i in 4",
        "            t0: float32 = in0[9*i + r]",
        "            total0s[i] = sum(total0s[i], t0: float32)",
        "    for i in 4",
        "        total0: float32 = total0s[i]",
        "        out0[i] = total0",
    ]


# ---------------------------------------------------------------- what is refused

SUMS = nest_of(zeros(8, 24).sum(1))
PRODUCT = nest_of(zeros(8, 24) @ zeros(24, 16))
PLAIN = nest_of(zeros(5, 7).transpose(0, 1) * zeros(7, 5))

REFUSED = [
    (SUMS, lambda f: transforms.split(f, "z", 2), "there is no loop z"),
    (SUMS, lambda f: transforms.split(f, "r", 0), "at least one round"),
    (SUMS, lambda f: transforms.split(f, "r", 7, "overlap"), "they are added up|change what"),
    (SUMS, lambda f: transforms.split(f, "r", 7, "half"), "tile, overlap, plain, guard"),
    (SUMS, lambda f: transforms.subtotal(f, "i"), "i adds nothing up"),
    (
        SUMS,
        lambda f: transforms.subtotal(transforms.sink(f, "i", ("r",)), "r"),
        "take the subtotal before the sink",
    ),
    (SUMS, lambda f: transforms.vectorize(f, "r"), "r has 24 rounds"),
    (SUMS, lambda f: transforms.vectorize(f, "i"), "inside i stands memory of its own"),
    (SUMS, lambda f: transforms.stage(f, "t9", "", ("i",)), "read at 0 places"),
    (PRODUCT, lambda f: transforms.stage(f, "t0", "", ("i",)), "cannot be laid out by i"),
    (PRODUCT, lambda f: transforms.stage(f, "total0", "", ("i",)), "may still change"),
    (SUMS, lambda f: transforms.park(f, "i", "t0"), "not in a register"),
]


@pytest.mark.parametrize(("nest", "change", "says"), REFUSED)
def test_what_does_not_fit_is_refused_with_the_reason(nest, change, says):
    with pytest.raises(Refused, match=says):
        change(plain(nest))


def models() -> list[Tensor]:
    """What a training step of a small network, and of one with convolutions, computes."""
    x, w, v = Tensor.rand(64, 784), Tensor.rand(128, 784), Tensor.rand(10, 128)
    loss = ((x @ w.T).relu() @ v.T).log_softmax(1).square().mean()
    image, kernel = Tensor.rand(32, 6, 14, 14), Tensor.rand(16, 6, 5, 5)
    pooled = image.conv2d(kernel).relu().max_pool2d(2).square().sum()
    long = Tensor.rand(1_000_000)
    return [
        *loss.gradient(w, v),
        *pooled.gradient(kernel, image),
        (long * 2).sum(),
        long.sigmoid() * long,
    ]


@pytest.mark.parametrize("machine", MACHINES, ids=["64", "32", "16", "small"])
def test_no_recipe_asks_for_what_is_refused(machine, monkeypatch):
    """Where a transform refuses, a kernel runs one round after the other: right, and slow."""
    refused = []
    do = Cook.do

    def watched(cook, transform, *arguments):
        try:
            do(cook, transform, *arguments)
        except Refused as reason:
            refused.append((transform.name, arguments, str(reason)))
            raise

    monkeypatch.setattr(Cook, "do", watched)
    nests = [rewritten(lower(sample.kernel)) for sample in samples()]
    nests += [
        rewritten(lower(k)) for k in schedule(spelled_out([t.node for t in models()])).kernels
    ]
    for nest in nests:
        cooked(nest, "kernel", machine)
    assert [r for r in refused if r[0] != "loops.stage"] == []
