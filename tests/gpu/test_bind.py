"""Loops on blocks and threads: the numbers stay, and what would be a race is refused in words."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from tests.core.test_transforms import kernel_by_chance, nest_of, numbers, one_step, zeros
from tests.gpu.trees import bound_by_chance, everywhere, tiled_product, without_barrier
from tinylearn.loops import transforms
from tinylearn.loops.check import in_form
from tinylearn.loops.index import Variable, variable
from tinylearn.loops.phases import launch
from tinylearn.loops.private import private
from tinylearn.loops.run import Broken, run
from tinylearn.loops.statements import Load, Store
from tinylearn.loops.text import parsed, shown
from tinylearn.loops.tree import Allocate, Barrier, Function, Loop, Refused, plain, statements

TILED = tiled_product(12, 4)
ROWS = plain(nest_of(zeros(8, 24).sum(1)))
WAY = plain(nest_of(zeros(5, 7).transpose(0, 1) * zeros(7, 5)))


def by_chance(seed: int) -> tuple[Function, Function]:
    """A plain tree and one that runs at once, after transforms by chance; or raises Refused."""
    dice = random.Random(seed)
    before = tree = plain(kernel_by_chance(dice))
    for _ in range(dice.randint(0, 4)):
        try:
            tree = one_step(tree, dice)
        except (Refused, IndexError):
            continue
    return before, bound_by_chance(tree, dice)


def test_what_runs_at_once_has_the_numbers_of_the_plain_tree():
    found = 0
    for seed in range(60):
        try:
            before, after = by_chance(seed)
        except Refused:
            continue
        found += 1
        in_form(after)
        given = numbers(before, seed)
        for name, expected in run(before, given).items():
            np.testing.assert_array_equal(run(after, given)[name], expected, shown(after))
    assert found >= 30


def test_a_tiled_product_is_six_transforms_of_the_plain_one():
    given = numbers(TILED, 3)
    expected = given["in0"].reshape(12, 12) @ given["in1"].reshape(12, 12)
    np.testing.assert_array_equal(run(TILED, given)["out0"], expected)
    assert launch(TILED).threads == (4, 4, 1) and launch(TILED).blocks == (3, 3, 1)
    in_form(TILED)


def test_the_text_of_a_gpu_tree_reads_back():
    assert shown(parsed(shown(TILED))) == shown(TILED)
    assert "    barrier" in shown(TILED) and "for ji in 4, thread.x" in shown(TILED)


def test_each_thread_keeps_one_total():
    totals = [s.memory for s in statements(private(TILED).body) if isinstance(s, Allocate)]
    assert {m.name: m.size for m in totals if m.space == "register"} == {"total0s": 1}


def test_several_totals_of_a_thread_stay_apart():
    f = transforms.split(transforms.split(tiled_product(16, 8, bound=False), "ii", 2), "ji", 4)
    ways = [("io", "block.y"), ("jo", "block.x"), ("iio", "thread.y"), ("jio", "thread.x")]
    own = private(transforms.bind(f, *ways, ("t0_ii", "thread.x"), ("t1_ri", "thread.x")))
    (total,) = [
        s.memory
        for s in statements(own.body)
        if isinstance(s, Allocate) and s.memory.space == "register"
    ]
    places = {
        s.place for s in statements(own.body) if isinstance(s, Store) and s.memory == total.name
    }
    rounds = [
        place.value({"iii": i, "jii": j}) for place in places for i in range(2) for j in range(4)
    ]
    assert len(set(rounds)) == 8 and max(rounds) < total.size


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("number", [0, 1])
def test_a_missing_barrier_is_found(number):
    with pytest.raises(Broken, match=r"thread \(\d, \d, 0\) .* no barrier stands between"):
        in_form(without_barrier(TILED, number))


def shifted(by):
    def at(s):
        if isinstance(s, Store) and s.memory == "t0_copy":
            return (replace(s, place=s.place + by),)
        return (s,)

    return at


def test_a_copy_that_is_off_by_one_is_found():
    with pytest.raises(Broken, match="place 16 of t0_copy is touched, which has 16 numbers"):
        in_form(everywhere(TILED, shifted(1)))


def all_write_one_place(s):
    if isinstance(s, Store) and s.memory == "t0_copy":
        return (replace(s, place=variable("t0_ii", 4)),)
    return (s,)


def test_two_threads_that_write_one_place_are_found():
    with pytest.raises(Broken, match=r"writes place . of t0_copy .* writes"):
        in_form(everywhere(TILED, all_write_one_place))


def around_barrier(s):
    return (Loop(Variable("k", 4), (s,), "thread.z"),) if isinstance(s, Barrier) else (s,)


def shared_inside(s):
    if isinstance(s, Allocate) and s.memory.space == "register":
        return (Allocate(replace(s.memory, space="shared")),)
    return (s,)


def blocks_inside(s):
    if isinstance(s, Loop) and s.kind == "serial":
        return (replace(s, kind="block.z"),)
    return (s,)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (around_barrier, "a barrier stands inside a loop over threads"),
        (blocks_inside, "are no outermost loop"),
    ],
)
def test_what_no_gpu_can_run_is_told(change, says):
    with pytest.raises(Broken, match=says):
        in_form(everywhere(TILED, change))


def test_shared_memory_is_made_outside_the_threads():
    tree = transforms.bind(ROWS, ("i", "thread.x"))
    with pytest.raises(Broken, match="total0s is made inside a loop over threads"):
        in_form(everywhere(tree, shared_inside))


REFUSED = [
    (ROWS, [("r", "thread.x")], "r adds up one total"),
    (ROWS, [("i", "thread.w")], r"i can be block\.x, .*not 'thread\.w'"),
    (ROWS, [("z", "thread.x")], "there is no loop z"),
    (WAY, [("j", "block.x")], "are no outermost loop"),
    (WAY, [("i", "thread.x"), ("j", "thread.x")], "and so is a loop around it"),
    (tiled_product(12, 4, bound=False), [("ro", "thread.z")], "ro adds up one total"),
    (transforms.sink(ROWS, "i", ("r",)), [("r", "block.x")], "r adds up|no outermost"),
]


@pytest.mark.parametrize(("tree", "ways", "says"), REFUSED)
def test_a_binding_that_breaks_a_rule_is_refused(tree: Function, ways, says):
    with pytest.raises(Refused, match=says):
        transforms.bind(tree, *ways)


def test_a_register_that_one_thread_writes_and_another_reads_is_refused():
    def turned(s):
        expression = getattr(s, "expression", None)
        if isinstance(expression, Load) and expression.memory == "total0s":
            place = variable("ji", 4) * 4 + variable("ii", 4)
            return (replace(s, expression=Load("total0s", place)),)
        return (s,)

    tree = everywhere(TILED, turned)
    with pytest.raises(Broken, match="a register belongs to one thread"):
        in_form(tree)


def test_a_loop_with_other_places_in_each_round_is_looked_through_round_by_round():
    text = """k(out0: float32[4])
    for b in 1, block.x
        shared s: float32[12]
        for k in 3
            for x in 4, thread.x
                t0: float32 = 1.0
                s[4*k + x] = t0
        for k in 3
            for x in 4, thread.x
                t1: float32 = s[4*k + {reads}]
                out0[x] = t1"""
    in_form(parsed(text.format(reads="x")))
    with pytest.raises(Broken, match=r"thread \(., 0, 0\) reads place . of s"):
        in_form(parsed(text.format(reads="3 - x")))


@pytest.mark.parametrize("pad", [0, 1, 3])
def test_a_padded_copy_has_rows_that_begin_in_other_banks(pad):
    f = transforms.stage(
        plain(nest_of(zeros(6, 8) @ zeros(8, 5))), "t0", "i", ("r",), "shared", pad
    )
    in_form(f)
    given = numbers(f, pad)
    expected = given["in0"].reshape(6, 8) @ given["in1"].reshape(8, 5)
    np.testing.assert_array_equal(run(f, given)["out0"], expected)
    (copy,) = [s.memory for s in statements(f.body) if is_shared(s)]
    assert copy.size == 8 + pad


def is_shared(s) -> bool:
    return isinstance(s, Allocate) and s.memory.space == "shared"
