"""The recipe for GPUs and its transforms: the numbers stay, and no thread meets another."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.core.test_transforms import kernel_by_chance, models, nest_of, numbers, zeros
from tests.gpu.test_simulator import outputs
from tinylearn.contracts.kernels import samples
from tinylearn.devices.simulator.simulate import simulate, simulate_all
from tinylearn.graph.deferred import spelled_out
from tinylearn.loops import grid_products, grid_sums, transforms
from tinylearn.loops.check import in_form
from tinylearn.loops.chosen import Cook
from tinylearn.loops.grid import on_threads
from tinylearn.loops.launches import launches
from tinylearn.loops.lower import lower
from tinylearn.loops.nest import Nest
from tinylearn.loops.phases import launch
from tinylearn.loops.rewrites import rewritten
from tinylearn.loops.run import run
from tinylearn.loops.text import parsed, shown
from tinylearn.loops.tree import Function, Loop, Refused, plain, statements
from tinylearn.schedule.kernel import is_alone
from tinylearn.schedule.schedule import schedule

SUMS = nest_of(zeros(5, 300).sum(1))
MANY_COLUMNS = nest_of(zeros(64, 131_072).sum(0))
PRODUCT = nest_of((zeros(20, 17) @ zeros(17, 33) + zeros(33)).relu())


def same_numbers(before: Function, after: Function, seed: int) -> None:
    """Both give the same by the interpreter."""
    in_form(after)
    given = numbers(before, seed)
    found = run(after, given)
    for name, expected in run(before, given).items():
        np.testing.assert_array_equal(found[name], expected, shown(after))


@pytest.mark.parametrize("seed", range(40))
def test_the_recipe_keeps_the_numbers(seed):
    nest = kernel_by_chance(random.Random(3000 + seed))
    same_numbers(plain(nest), on_threads(nest, "kernel").function, seed)


def test_the_recipe_keeps_the_numbers_of_long_sums_and_large_products():
    sums = zeros(2, 90).sum(), zeros(3, 5000).sum(1).exp(), zeros(2100, 3).max(0)
    for nest in (SUMS, PRODUCT, nest_of(zeros(3, 70).max(1)), *map(nest_of, sums)):
        same_numbers(plain(nest), on_threads(nest, "kernel").function, 1)


@pytest.fixture
def refused(monkeypatch) -> list[tuple]:
    """Transforms that were asked for and refused."""
    found = []
    do = Cook.do

    def watched(cook, transform, *arguments):
        try:
            do(cook, transform, *arguments)
        except Refused as reason:
            found.append((transform.name, arguments, str(reason)))
            raise

    monkeypatch.setattr(Cook, "do", watched)
    return found


def test_the_recipe_asks_for_nothing_that_is_refused(refused):
    nests = [rewritten(lower(sample.kernel)) for sample in samples()]
    kernels = schedule(spelled_out([t.node for t in models()])).kernels
    nests += [rewritten(lower(k)) for k in kernels if not is_alone(k.outputs[0])]
    for nest in nests:
        on_threads(nest, "kernel")
    assert refused == []


def test_each_kind_of_kernel_gets_its_kind_of_threads():
    named = {
        "product": (PRODUCT, "stage", (16, 16, 1), (3, 2, 1)),
        "rows": (SUMS, "combine", (128, 1, 1), (5, 1, 1)),
        "one number": (nest_of(zeros(2, 90).sum()), "combine", (128, 1, 1), (1, 1, 1)),
        "small product": (
            nest_of(zeros(20, 300) @ zeros(300, 17)),
            "rfactor",
            (16, 16, 1),
            (2, 2, 2),
        ),
        "few long rows": (nest_of(zeros(3, 5000).sum(1)), "rfactor", (128, 1, 1), (3, 2, 1)),
        "long columns": (nest_of(zeros(2100, 40).sum(0)), "rfactor", (40, 1, 1), (1, 2, 1)),
        "many columns": (MANY_COLUMNS, "bind", (128, 1, 1), (1024, 1, 1)),
        "one by one": (nest_of(zeros(30, 10) * zeros(10)), "merge", (128, 1, 1), (3, 1, 1)),
    }
    for name, (nest, transform, threads, blocks) in named.items():
        cook = on_threads(nest, "kernel")
        assert f"loops.{transform}" in [s.transform.name for s in cook.steps], name
        found = launch(launches(cook.function)[0])
        assert (found.threads, found.blocks) == (threads, blocks), name


# ---------------------------------------------------------------- its transforms


def merges(f: Function) -> list[tuple[str, str]]:
    """Loops with another right inside."""
    found = [s for s in statements(f.body) if isinstance(s, Loop)]
    return [
        (s.variable.name, s.body[0].variable.name)
        for s in found
        if len(s.body) == 1 and isinstance(s.body[0], Loop)
    ]


@pytest.mark.parametrize("seed", range(30))
def test_merged_loops_and_moved_ifs_keep_the_numbers(seed):
    dice = random.Random(4000 + seed)
    before = tree = plain(kernel_by_chance(dice))
    for number in range(3):
        loops = [s.variable.name for s in statements(tree.body) if isinstance(s, Loop)]
        tree = transforms.split(tree, dice.choice(loops), dice.choice([2, 3]), "guard")
        if pairs := merges(tree):
            tree = transforms.merge(tree, *dice.choice(pairs), f"both{number}")
        tree = transforms.predicate(tree)
    same_numbers(before, tree, seed)
    assert shown(parsed(shown(tree))) == shown(tree)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 8, 13])
def test_what_is_combined_is_added_up_once(n):
    before = plain(nest_of(zeros(3, n).sum(1)))
    loops = [s.variable.name for s in statements(before.body) if isinstance(s, Loop)]
    if "r" not in loops:  # a short sum is written out
        assert n < 8
        return
    same_numbers(before, transforms.combine(before, "r"), n)


def test_rows_that_follow_each_other_need_no_division_when_merged():
    tree = transforms.merge(plain(nest_of(zeros(6, 8) * zeros(8))), "i", "j", "n")
    assert "out0[n] = " in shown(tree) and "in0[(n % 8)]" in shown(tree)


@pytest.mark.parametrize("n", [1, 2, 7, 9, 40])
def test_parts_of_a_total_are_added_up_in_a_second_launch(n):
    before = plain(nest_of((zeros(3, n, 30) * zeros(3, n, 30)).sum(2).relu()))
    parts = transforms.subtotal(transforms.split(before, "r", 7), "ri")
    with pytest.raises(Refused, match="does not stand alone"):  # 30 = 4 * 7 + 2: there are two
        transforms.rfactor(parts, "ro")
    parts = transforms.subtotal(transforms.split(before, "r", 7, "guard"), "ri")
    tree = transforms.rfactor(parts, "ro")
    same_numbers(before, tree, n)
    assert shown(parsed(shown(tree))) == shown(tree)
    first, second = launches(tree)
    assert [m.name for m in first.arguments] == ["in0", "in1", "total0s_ro"]
    assert [m.name for m in second.arguments] == ["out0", "total0s_ro"]
    assert (first.written, second.written) == ({"total0s_ro"}, {"out0"})


def test_what_lies_between_launches_is_no_number_before_the_first_one_writes_it():
    tree = on_threads(nest_of(zeros(9000).sum()), "kernel").function
    first, second = launches(tree)
    given = {"in0": np.ones(9000, np.float32), "out0": np.zeros(1, np.float32)}
    simulate_all(tree, given)
    assert given["out0"][0] == 9000
    between = np.full(first.arguments[-1].size, np.nan, np.float32)
    simulate(second, {"out0": given["out0"], "total0s_ro": between})
    assert np.isnan(given["out0"][0])


REFUSED = [
    (plain(SUMS), lambda f: transforms.rfactor(f, "i"), "i adds nothing up"),
    (
        transforms.sink(plain(PRODUCT), "j", ("r",)),
        lambda f: transforms.rfactor(f, "r"),
        "take the subtotal before",
    ),
    (plain(SUMS), lambda f: transforms.merge(f, "i", "r", "n"), "not the only thing in i"),
    (plain(PRODUCT), lambda f: transforms.merge(f, "i", "j", "i"), "a name of its own"),
    (plain(SUMS), lambda f: transforms.combine(f, "i"), "i adds nothing up"),
    (
        transforms.sink(plain(PRODUCT), "j", ("r",)),
        lambda f: transforms.combine(f, "r"),
        "take the subtotal before",
    ),
]


@pytest.mark.parametrize(("tree", "change", "says"), REFUSED)
def test_what_does_not_fit_is_refused_with_the_reason(tree, change, says):
    with pytest.raises(Refused, match=says):
        change(tree)


# ---------------------------------------------------------------- sums that read the same


def weight_gradient(batch: int) -> Nest:
    """What a convolution's weights get: each sum goes over the batch and all places."""
    x, w = zeros(batch, 2, 6, 6), zeros(4, 2, 3, 3)
    w.requires_grad = True
    loss = (x.conv2d(w) * zeros(batch, 4, 4, 4)).sum()
    loss.backward()
    kernels = schedule(spelled_out([w.grad.node])).kernels
    return max((rewritten(lower(k)) for k in kernels), key=lambda n: len(n.reduced_loops))


@pytest.mark.parametrize("launched", ["one", "several"])
def test_sums_that_read_the_same_are_computed_a_few_at_a_time(launched, monkeypatch, refused):
    monkeypatch.setattr(grid_sums, "BLOCKS_AT_ONCE", 256 if launched == "several" else 8)
    monkeypatch.setattr(grid_sums, "SHORTEST_PIECE", 64 if launched == "several" else 1 << 20)
    nest = weight_gradient(20)
    cook = on_threads(nest, "kernel")
    steps = [s.transform.name for s in cook.steps]
    assert "loops.unroll" in steps and ("loops.rfactor" in steps) == (launched == "several")
    assert refused == []
    same_numbers(plain(nest), cook.function, 3)


def test_a_thread_of_a_convolution_has_a_few_channels(monkeypatch, refused):
    monkeypatch.setattr(grid_sums, "THREADS_AT_ONCE", 16)
    x, w = zeros(5, 2, 6, 6), zeros(4, 2, 3, 3)
    (kernel,) = schedule(spelled_out([x.conv2d(w).relu().node])).kernels
    nest = rewritten(lower(kernel))
    cook = Cook(plain(nest, "kernel"))
    grid_sums.one_by_one(cook, nest)
    assert refused == [] and "unrolled" in shown(cook.function)
    same_numbers(plain(nest), cook.function, 4)


# ---------------------------------------------------------------- large products

LARGE = {
    "even": lambda: zeros(64, 16) @ zeros(16, 128),
    "odd": lambda: (zeros(67, 33) @ zeros(33, 101)).relu(),
    "left turned": lambda: zeros(20, 70).T @ zeros(20, 66),
    "right turned": lambda: zeros(65, 17) @ zeros(64, 17).T,
    "both turned": lambda: zeros(20, 70).T @ zeros(66, 20).T,
    "stack": lambda: zeros(2, 65, 16) @ zeros(2, 16, 64) + zeros(64),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_thread_of_a_large_product_has_several_numbers(name, monkeypatch, refused):
    monkeypatch.setattr(grid_products, "ROWS_OF_A_THREAD", ((64, 4),))
    nest = nest_of(LARGE[name]())
    cook = on_threads(nest, "kernel")
    in_form(cook.function)
    assert refused == [] and launch(cook.function).threads == (16, 16, 1)
    given = numbers(plain(nest), 5)
    small = on_threads_by_ones(nest)
    got, right = outputs(cook.function, given), outputs(small, given)
    np.testing.assert_array_equal(got["out0"], right["out0"])


def on_threads_by_ones(nest) -> Function:
    """A thread for each number, none shared: the plainest tree for a GPU."""
    cook = Cook(plain(nest, "kernel"))
    grid_sums.one_by_one(cook, nest)
    return cook.function


def test_a_large_product_reads_shared_memory_without_conflicts(monkeypatch):
    monkeypatch.setattr(grid_products, "ROWS_OF_A_THREAD", ((64, 4),))
    for name in LARGE:
        tree = on_threads(nest_of(LARGE[name]()), "kernel").function
        out = np.zeros(tree.arguments[0].size, np.float32)
        report = simulate(tree, {"out0": out, **numbers(tree, 0)})
        lines = zip(report.lines, report.counts, strict=True)
        shared = [(line, count) for line, count in lines if count.shared]
        reads = [count for line, count in shared if "= t0_copy[" in line or "= t1_copy[" in line]
        assert len(reads) == 2 and not any(count.conflicts for count in reads), name
        assert all(count.passes <= 2 * count.shared for _, count in shared), name
        assert "unrolled" in shown(tree)


def test_only_large_products_get_several_numbers_a_thread():
    for n, several in ((511, False), (512, True)):
        x = zeros(n, 16)
        assert ("unrolled" in shown(on_threads(nest_of(x @ zeros(16, n)), "k").function)) == several
