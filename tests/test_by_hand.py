"""tl.schedule: loops by hand. They are what runs; what does not fit names calls that do."""

from __future__ import annotations

import importlib
import random

import numpy as np
import pytest

import tinylearn as tl
from tinylearn import Device, ScheduleError, Tensor
from tinylearn.devices import c_device, compiler
from tinylearn.loops.mend import loop_sizes
from tinylearn.loops.run import run
from tinylearn.loops.transforms import TRANSFORMS
from tinylearn.plan.plan import plan_for
from tinylearn.plan.request import Request
from tinylearn.viz.faces.by_hand import Schedule

needs_compiler = pytest.mark.skipif(not compiler.compiler(), reason="no C compiler here")


def whole(*shape: int, device: str = "c") -> Tensor:
    """Small whole numbers: sums of them are exact in any order."""
    numbers = np.random.default_rng(len(shape)).integers(-3, 4, shape).astype(np.float32)
    return Tensor(numbers, device=device, requires_grad=False)


def product(device: str = "c") -> Tensor:
    return (whole(20, 30, device=device) @ whole(30, 40, device=device)).relu()


def text_of(y: Tensor) -> str:
    """What will run for a tensor with one kernel."""
    return plan_for(Request([y.node])).programs[0].source.text


# ---------------------------------------------------------------- what runs


@needs_compiler
def test_the_loops_of_a_block_run_inside_it_and_the_recipe_after_it():
    x = product()
    before, right = text_of(x), product("numpy").numpy()
    with tl.schedule(x).split("j", 8).sink("ji", "r").vectorize("ji").unroll("i") as mine:
        assert "x8" in text_of(product()) != before
        assert mine.source().splitlines()[1:] == text_of(product()).splitlines()[1:]
        assert "vectorize(ji)" in str(tl.explain(product(), level="loops"))
        np.testing.assert_array_equal(product().numpy(), right)
    assert text_of(product()) == before
    np.testing.assert_array_equal(product().numpy(), right)


@needs_compiler
def test_loops_that_are_used_stay_until_they_are_given_back():
    x, y = product(), whole(7, 9) * 2
    before = text_of(x), text_of(y)
    try:
        tl.schedule(x).use()
        tl.schedule(y).split("ij", 9).unroll("iji").use()
        assert "recipe.chosen" in tl.parts().yours
        assert "x16" not in text_of(product())
        assert text_of(whole(7, 9) * 2).count("in0[") == 9
    finally:
        tl.use({"recipe.chosen": None})
    assert (text_of(product()), text_of(whole(7, 9) * 2)) == before


@needs_compiler
def test_a_large_product_by_hand_is_no_call_of_a_library(monkeypatch):
    monkeypatch.setattr(c_device, "BLAS_FROM", 1)
    x = whole(33, 30) @ whole(30, 40)
    assert "matmul" in text_of(x) or "np." in text_of(x)
    with tl.schedule(x).unroll("i"):
        again = whole(33, 30) @ whole(30, 40)
        assert "np." not in text_of(again)
        right = whole(33, 30, device="numpy") @ whole(30, 40, device="numpy")
        np.testing.assert_array_equal(again.numpy(), right.numpy())


def test_loops_that_are_bound_to_threads_run_on_the_simulator():
    x = product("simulator")
    with tl.schedule(x).bind(("i", "block.x"), ("j", "thread.x")), tl.simulated() as reports:
        got = product("simulator").numpy()
    np.testing.assert_array_equal(got, product("numpy").numpy())
    assert (reports[0].launch.blocks, reports[0].launch.threads) == ((20, 1, 1), (40, 1, 1))


def test_a_schedule_may_begin_with_what_the_recipe_did():
    x = product()
    mine = tl.schedule(x, recipe=True)
    assert mine.given and "vectorize" in str(mine) and mine.moves == ()
    assert tl.schedule(product("simulator"), recipe=True).given[-1][0] == "bind"


# ---------------------------------------------------------------- the same numbers, or a reason


def a_call(s: Schedule, dice: random.Random) -> Schedule:
    """Some transform with some arguments, through its method."""
    loops = loop_sizes(s.tree)
    name = dice.choice(sorted(loops))
    past = [n for n in loops if n != name and dice.random() < 0.7]
    match dice.choice(["split", "split", "sink", "sink", "subtotal", "vectorize", "unroll"]):
        case "split":
            rest = dice.choice(["tile", "overlap", "plain", "guard"])
            return s.split(name, by=dice.choice([2, 3, 4, 8]), rest=rest)
        case "sink":
            return s.sink(name, past)
        case kind:
            return getattr(s, kind)(name)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_called_keeps_the_numbers_and_each_repair_works(seed):
    dice = random.Random(seed)
    x = dice.choice([product(), (whole(13, 21) + 1).sum(1), whole(6, 18).T * whole(6)])
    s = tl.schedule(x)
    for _ in range(6):
        try:
            s = a_call(s, dice)
        except ScheduleError as error:
            s = repaired(error, x) or s
    read = [m for m in s.tree.arguments if m.name not in s.tree.written]
    draw = np.random.default_rng(seed)
    given = {m.name: draw.integers(-3, 4, m.size).astype(m.dtype.numpy) for m in read}
    expected, found = run(s.begun.function, given), run(s.tree, given)
    for name, right in expected.items():
        np.testing.assert_array_equal(found[name], right, str(s))


def repaired(error: ScheduleError, x: Tensor) -> Schedule | None:
    """What the error says to try, tried."""
    says = str(error).partition("\nTry ")[2]
    return eval(says, {"tl": tl, "x": x}) if says else None


REFUSED = [
    ('split("k", 4)', "there is no loop k", 'split("r", 4)'),
    ('vectorize("j")', "a vector has 2, 4, 8, 16", 'vectorize("ji")'),
    ('vectorize("i")', "j is not|inside|rounds", 'vectorize("ii")'),
    ('split("r", 7, "overlap")', "cannot do rounds twice", 'split("r", 7, "tile")'),
    ('split("r", 0)', "at least one round", 'split("r", 4'),
    ('sink("i", "r")', "it would change nothing", 'sink("i", ("j", "r"))'),
    ('sink("i", "q")', "there is no loop q", 'sink("i", '),
    ('unroll("jj")', "there is no loop jj; did you mean 'j'", 'unroll("j")'),
    ('split("j", 8).sink("ji", "r").subtotal("r")', "before the sink", 'subtotal("r").sink('),
    ('split("j", 8).sink("ji", "r").source()', "no address: ji must be", 'unroll("ji")'),
]


@pytest.mark.parametrize(("calls", "says", "repair"), REFUSED, ids=[r[0] for r in REFUSED])
def test_what_is_refused_names_the_reason_the_loops_and_calls_that_work(calls, says, repair):
    x = product()
    with pytest.raises(ScheduleError, match=says) as caught:
        eval(f"tl.schedule(x).{calls}")
    told = str(caught.value)
    assert "the loops are i in 20" in told and repair in told.partition("\nTry ")[2]
    assert isinstance(repaired(caught.value, x), Schedule)


def test_a_method_or_an_argument_that_is_wrong_is_answered_with_those_there_are():
    s = tl.schedule(product())
    with pytest.raises(AttributeError, match="'spilt'; did you mean 'split'"):
        s.spilt("i", 4)
    with pytest.raises(TypeError, match=r"missing a required argument: 'by'\nIt takes \(name"):
        s.split("i")
    assert {part.name.removeprefix("loops.") for part in TRANSFORMS} <= set(dir(s))
    assert s.sink.__doc__.startswith("A loop moves inside others")


def test_one_of_several_kernels_must_be_named():
    a = whole(8, 9)
    x = (a.exp().sum(1) + a.exp().sum(0).sum()) * 2
    with pytest.raises(ScheduleError, match="there are several kernels: choose one") as caught:
        tl.schedule(x)
    assert isinstance(repaired(caught.value, x), Schedule)
    with pytest.raises(ScheduleError, match="kernel 9 has no loops: choose one"):
        tl.schedule(x, kernel=9)


def test_where_there_are_no_loops_the_reason_is_told():
    x = Tensor([1.0, 2.0])
    with pytest.raises(ScheduleError, match=r"x needs no kernel.*\nTry tl.schedule"):
        tl.schedule(x)
    with pytest.raises(ValueError, match="a picture needs a Tensor"):
        tl.schedule(3)
    y = product("numpy")
    with pytest.raises(tl.DeviceError, match="has no loops to choose\nTry"):
        tl.schedule(y).unroll("i").use()


def test_loops_for_threads_and_loops_for_one_thread_are_told_apart():
    s = tl.schedule(product())
    with pytest.raises(ScheduleError, match="bound to the threads of a GPU, and c is"):
        s.bind(("i", "thread.x")).use()
    with pytest.raises(ScheduleError, match=r"bound to no blocks.*simulator is to run"):
        tl.schedule(product("simulator")).use()
    with pytest.raises(ScheduleError, match="are bound to no blocks"):
        s.source("cuda")
    assert "threadIdx.x" in s.bind(("i", "thread.x")).source()
    with pytest.raises(ValueError, match="did you mean 'cuda'"):
        s.source("cudo")


# ---------------------------------------------------------------- what it shows


def test_a_tile_of_totals_asks_for_fewer_bytes_than_one_total_after_the_other():
    plain = tl.schedule(product())
    tiled = plain.split("i", 4).sink("ii", ["j", "r"]).unroll("ii")
    assert plain.requested == 4 * (20 * 40 * (30 + 30) + 20 * 40)
    assert tiled.requested == 4 * (20 * 40 * 30 + 5 * 40 * 30 + 20 * 40)
    assert (tiled.read, tiled.written, tiled.operations) == (
        plain.read,
        plain.written,
        plain.operations,
    )
    assert "operations" in tiled.costs and tiled.costs in repr(tiled)


def test_a_schedule_shows_its_calls_its_steps_and_its_tree():
    x = product()
    s = tl.schedule(x).split("i", 4).sink("ii", ["j", "r"])
    for told in (repr(s), s._repr_html_().replace("&quot;", '"')):
        assert 'tl.schedule(x).split("i", 4).sink("ii", ("j", "r"))' in told
        assert "A loop moves inside others" in told and "for ii in 4" in told
    assert repr(eval(s.text)) == repr(s)


def test_a_transform_of_ones_own_is_a_method():
    def twice(function, name):
        """Blocks of two, as I like it."""
        return TRANSFORMS[0](function, name, 2)

    made = tl.Part("loops.twice", twice)
    try:
        assert "Blocks of two, as I like it." in str(tl.schedule(product()).twice("i"))
    finally:
        del tl.Part.table[made.name]


def test_the_room_named_schedule_is_still_a_room():
    assert importlib.import_module("tinylearn.schedule.rules").RULES
    assert tl.schedule.kernel.Kernel and Device
