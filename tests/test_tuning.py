"""tl.tune: what is tried has the right numbers, the fastest is kept on disk, and runs."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest

import tinylearn as tl
from tests.core.test_transforms import MACHINES, kernel_by_chance, numbers
from tests.test_by_hand import needs_compiler, product, text_of, whole
from tinylearn.devices import compiler, tuned, tuning
from tinylearn.loops.check import in_form
from tinylearn.loops.chosen import after_moves
from tinylearn.loops.lower import lower
from tinylearn.loops.nest import Nest
from tinylearn.loops.rewrites import rewritten
from tinylearn.loops.run import run
from tinylearn.loops.text import shown
from tinylearn.loops.tree import plain
from tinylearn.loops.tries import counted, loops_for, near, said
from tinylearn.plan.plan import plan_for, scheduled
from tinylearn.plan.request import Request


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder of its own for what is kept, and nothing that is left behind."""
    monkeypatch.setenv("TINYLEARN_CACHE", str(tmp_path))
    known = dict(tuned.KNOWN)
    tuned.KNOWN.clear()
    yield tmp_path / "tuned"
    tuned.KNOWN.clear()
    tuned.KNOWN.update(known)
    tuned.TUNED.renew(tuned.looked_up(tuned.KNOWN, True))


def clock(monkeypatch, *matches: list[float]) -> None:
    """The time of the n-th way in each match; the last one stands for all others."""
    told = iter(matches)

    def timed(calls, samples):
        times = next(told, None)
        return [1.0] * len(calls) if times is None else (times + [1.0] * len(calls))[: len(calls)]

    monkeypatch.setattr(tuning, "timed", timed)
    monkeypatch.setattr(tuning, "MOST_TRIED", 3)  # a compiler takes long


# ---------------------------------------------------------------- what is tried


def rows_in_passes() -> Nest:
    """A kernel that goes over each row several times: on the c device, one nest for each pass."""
    x = whole(3, 64, device="c" if compiler.compiler() else "numpy")
    kernel = scheduled(Request([x.softmax(1).node]))[1][-1]
    return rewritten(lower(kernel))


@pytest.mark.parametrize("seed", range(12))
def test_all_that_is_tried_has_the_numbers_of_the_interpreter(seed):
    nest, machine = kernel_by_chance(random.Random(seed)), MACHINES[seed % len(MACHINES)]
    if seed < 2:
        nest = rows_in_passes()
        assert len(nest.passes) == 3 or not compiler.compiler()
    first = counted(nest, machine)
    given = numbers(plain(nest), seed)
    expected = run(plain(nest), given)
    for way in [first, *list(near(nest, first, machine))[:8]]:
        cook = loops_for(nest, "kernel", way, machine)
        if cook is None:
            continue
        in_form(cook.function)
        assert shown(after_moves(plain(nest), cook.moves).function) == shown(cook.function)
        for name, found in run(cook.function, given).items():
            close = 1e-5 if nest.passes else 0  # sums of exp are not whole
            np.testing.assert_allclose(found, expected[name], close, 0, err_msg=said(way))


def test_what_lies_near_is_no_way_twice_and_not_the_way_itself():
    nest = kernel_by_chance(random.Random(3))
    first = counted(nest, MACHINES[0])
    around = list(near(nest, first, MACHINES[0]))
    assert around and first not in around
    assert len(set(around)) == len(around)


# ---------------------------------------------------------------- what is kept


@needs_compiler
def test_the_winner_runs_from_now_on_and_in_a_fresh_process(cache, monkeypatch):
    clock(monkeypatch, [1.0, 0.9, 0.5], [1.0], [1.0, 0.5])
    x, before = product(), text_of(product())
    told = tl.tune(x)
    ((number, tried),) = told.tried
    assert number == 1 and tried.winner.ratio == 0.5 and len(list(cache.glob("*.json"))) == 1
    after = text_of(product())
    assert after != before
    np.testing.assert_array_equal(product().numpy(), product("numpy").numpy())
    program = "from tests.test_by_hand import *; print(text_of(product()))"
    fresh = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert fresh.stdout.strip() == after.strip(), fresh.stderr
    told.forget()
    assert text_of(product()) == before and not list(cache.glob("*.json"))


@needs_compiler
@pytest.mark.parametrize(
    "matches",
    [
        ([1.0, 0.98, 0.99],),  # no more than chance
        ([1.0, 0.5], [1.0], [1.0, 0.99]),  # luck: the second match tells
        ([1.0, 2.0, 3.0],),
    ],
    ids=["chance", "luck", "slower"],
)
def test_a_way_that_does_not_win_for_sure_is_not_kept(cache, monkeypatch, matches):
    clock(monkeypatch, *matches)
    before = text_of(product())
    told = tl.tune(product())
    assert "the recipe's stays" in repr(told) and not list(cache.glob("*.json"))
    assert text_of(product()) == before


@needs_compiler
def test_loops_with_other_numbers_never_win(cache, monkeypatch):
    wrong = plain(kernel_of(whole(40, 30) - 1.0), "kernel_1")
    clock(monkeypatch, [1.0, 0.1, 0.1])
    monkeypatch.setattr(tuning, "loops_for", lambda *_: tuning.Cook(wrong))
    monkeypatch.setattr(tuning, "MOST_TRIED", 1)
    told = tl.tune(whole(40, 30) + 1.0)
    assert [row.says for row in told.tried[0][1].rows] == ["the recipe"]


def kernel_of(x):
    """The loops of a tensor's one kernel."""
    return tl.schedule(x).nest


@needs_compiler
def test_a_tuned_kernel_gives_the_same_bits_each_time_near_the_recipes(cache, monkeypatch):
    def rows():
        draw = np.random.default_rng(7)
        return (tl.Tensor(draw.standard_normal((60, 500), np.float32), device="c") * 2).sum(1)

    right = rows().numpy()
    monkeypatch.setattr(tuning, "MOST_TRIED", 6)
    told = tl.tune(rows())  # by the real clock, whatever it finds
    bits = rows().numpy()
    np.testing.assert_array_equal(rows().numpy(), bits)
    np.testing.assert_allclose(bits, right, rtol=1e-4, atol=1e-4)
    tried = told.tried[0][1]
    assert tried.rows[0].says == "the recipe" and len(tried.rows) > 5
    assert all(row.seconds > 0 for row in tried.rows)


@needs_compiler
def test_a_damaged_record_and_moves_that_do_not_go_leave_it_to_the_recipe(cache, monkeypatch):
    before, nest = text_of(product()), kernel_of(product())
    tuned.keep(plain(nest), (("split", ("nowhere", 4)),))
    assert text_of(product()) == before
    tuned.keep(plain(nest), (("unroll", ("i",)),))
    assert text_of(product()) != before
    (record,) = cache.glob("*.json")
    record.write_bytes(b"[[")
    tuned.KNOWN.clear()
    tuned.TUNED.renew(tuned.looked_up(tuned.KNOWN, True))
    assert text_of(product()) == before


@needs_compiler
def test_a_students_recipe_and_a_schedule_by_hand_come_before_what_was_tuned(cache):
    tuned.keep(plain(kernel_of(product())), (("unroll", ("i",)),))
    kept = text_of(product())
    with tl.using({"recipe.reduction": lambda cook, nest, lanes, machine: None}):
        assert text_of(product()) != kept
    with tl.schedule(product()).split("i", 5):
        assert text_of(product()) != kept
    assert text_of(product()) == kept


@needs_compiler
def test_where_the_disk_keeps_nothing_this_process_does(cache, monkeypatch):
    monkeypatch.setattr(tuned.files, "keep", lambda path, data: False)
    before = text_of(product())
    assert not tuned.keep(plain(kernel_of(product())), (("unroll", ("i",)),))
    assert text_of(product()) != before


# ---------------------------------------------------------------- what is said


@needs_compiler
def test_the_table_has_the_fastest_ways_and_the_recipes(cache, monkeypatch):
    clock(monkeypatch, [1.0, 0.9, 0.5], [1.0], [1.0, 0.5])
    told = tl.tune(product())
    text, page = repr(told), told._repr_html_()
    tried = told.tried[0][1]
    for row in (tried.winner, tried.rows[0]):
        assert row.says in text and row.says.replace("'", "&#x27;") in page
    assert f"{tried.winner.says} runs from now on, in 0.50 of the recipe's time" in text
    assert page.count("<tr>") <= tuning.SAMPLES + 8


@needs_compiler
def test_each_kernel_is_tuned_or_the_one_that_is_named(cache, monkeypatch):
    clock(monkeypatch)
    a = whole(8, 9)
    x = (a.exp().sum(1) + a.exp().sum(0).sum()) * 2
    count = len(plan_for(Request([x.node])).kernels)
    assert [n for n, _ in tl.tune(x).tried] == list(range(1, count + 1))
    assert [n for n, _ in tl.tune(x, kernel=2).tried] == [2]
    with pytest.raises(tl.ScheduleError, match=r"kernel 9 has no loops.*\n(.*\n)*Try tl\.tune\(x"):
        tl.tune(x, kernel=9)


def test_without_a_compiler_or_on_another_device_the_repair_is_told(monkeypatch):
    with pytest.raises(tl.DeviceError, match=r"on numpy\nTry tl.Device.DEFAULT = \"c\""):
        tl.tune(product("numpy"))
    none = compiler.Compiler(problem=compiler.MISSING)
    monkeypatch.setattr(compiler, "find", lambda: none)
    with pytest.raises(tl.DeviceError, match="pip install"):
        tl.tune(product("numpy"))


@needs_compiler
def test_a_roofline_counts_what_the_kernel_moves_and_computes():
    s = tl.schedule(product())
    roof = s.roofline()
    assert (roof.moved, roof.operations) == (s.read + s.written, s.operations)
    assert min(roof.copy, roof.speed, roof.seconds, roof.recipe) > 0
    assert roof.roof == max(roof.copy, roof.operations / roof.speed)
    assert "is the best there is" in repr(roof)
