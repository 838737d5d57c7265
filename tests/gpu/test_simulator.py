"""The simulator: right numbers, exact counts; races, places outside, lost barriers are told."""

from __future__ import annotations

import numpy as np
import pytest

from tests.core.test_transforms import numbers
from tests.gpu.test_bind import by_chance
from tests.gpu.trees import tiled_product, without_barrier
from tinylearn.devices.simulator.faults import BarrierError, BoundsError, RaceError
from tinylearn.devices.simulator.report import Report
from tinylearn.devices.simulator.simulate import simulate
from tinylearn.loops import transforms
from tinylearn.loops.launches import launches, left_between
from tinylearn.loops.run import run
from tinylearn.loops.text import parsed, shown
from tinylearn.loops.tree import Function, Refused


def outputs(f: Function, given: dict[str, np.ndarray], **options) -> dict[str, np.ndarray]:
    """What a tree writes in the simulator; what it is written over was no number."""
    out = {m.name: np.full(m.size, 77, m.dtype.numpy) for m in f.arguments if m.name in f.written}
    between = {m.name: np.full(m.size, np.nan, m.dtype.numpy) for m in left_between(f)}
    there = {**given, **out, **between}
    for each in launches(f):
        simulate(each, {m.name: there[m.name] for m in each.arguments}, **options)
    return out


def simulated(text: str, **given: np.ndarray) -> tuple[np.ndarray, Report]:
    """What the tree of a text writes to out0, and the report."""
    f = parsed(text)
    out = np.zeros(f.arguments[0].size, np.float32)
    report = simulate(f, {"out0": out, **given})
    return out, report


# ---------------------------------------------------------------- the numbers


def test_trees_by_chance_have_the_numbers_of_the_interpreter(monkeypatch):
    split = transforms.split

    def once(f, name, by, rest):
        """A split after which nothing is written twice: two threads would write one place."""
        return split(f, name, by, "plain" if rest == "overlap" else rest)

    monkeypatch.setattr(transforms, "split", once)
    found = 0
    for seed in range(200, 260):
        try:
            before, after = by_chance(seed)
        except Refused:
            continue
        found += 1
        given = numbers(before, seed)
        expected = run(before, given)
        got = outputs(after, given, seed=seed if seed % 2 else None)
        for name, right in expected.items():
            np.testing.assert_array_equal(got[name], right.reshape(-1), shown(after))
    assert found >= 30


@pytest.mark.parametrize(("n", "tile"), [(1, 1), (3, 1), (9, 3), (49, 7), (64, 16), (64, 32)])
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_a_tiled_product_is_right_in_any_order_of_warps(n, tile, seed):
    f = tiled_product(n, tile) if tile > 1 else parsed(shown(tiled_product(9, 3)))
    given = numbers(f, n)
    side = f.arguments[0].shape[0]
    right = given["in0"].reshape(side, side) @ given["in1"].reshape(side, side)
    np.testing.assert_array_equal(outputs(f, given, seed=seed)["out0"], right.reshape(-1))


COPY = """copy(out0: float32[{n}], const in0: float32[{n}])
    for b in {blocks}, block.x
        for x in {threads}, thread.x
            if 0 <= {threads}*b + x < {n}
                t0: float32 = in0[{threads}*b + x]
                out0[{threads}*b + x] = t0"""


@pytest.mark.parametrize("n", [1, 2, 31, 32, 33, 97, 1000])
@pytest.mark.parametrize("threads", [1, 7, 32, 96])
def test_sizes_that_fill_no_block_are_copied_whole(n, threads):
    x = np.arange(1, n + 1, dtype=np.float32)
    text = COPY.format(n=n, threads=threads, blocks=-(-n // threads))
    np.testing.assert_array_equal(simulated(text, in0=x)[0], x)


def test_a_grid_that_is_too_small_leaves_numbers_unwritten():
    x = np.ones(100, np.float32)
    out, _ = simulated(COPY.format(n=100, threads=32, blocks=3), in0=x)
    assert out.sum() == 96


def test_more_threads_than_run_at_once_are_run_in_batches():
    x = np.arange(400_000, dtype=np.float32)
    text = COPY.format(n=len(x), threads=128, blocks=3125)
    out, report = simulated(text, in0=x)
    np.testing.assert_array_equal(out, x)
    assert report.total.loads == report.total.stores == len(x)


# ---------------------------------------------------------------- what is counted


READ = """read(out0: float32[64], const in0: float32[4096])
    for b in 2, block.x
        for x in 32, thread.x
            t0: float32 = in0[{place}]
            out0[32*b + x] = t0"""


@pytest.mark.parametrize(
    ("place", "sectors", "ideal"),
    [
        ("32*b + x", 8, 8),  # neighbours: 128 bytes a warp
        ("64*b + 2*x", 16, 8),  # every second number
        ("64*x + b", 64, 8),  # a row for each thread
        ("b", 2, 2),  # one number for all
        ("32*b + x + 1", 10, 8),  # from the second number of a sector
        ("32*b - x + 31", 8, 8),  # backwards costs nothing
        ("(x % 2) + b", 2, 2),
    ],
)
def test_a_warp_pays_for_the_sectors_that_it_touches(place, sectors, ideal):
    x = np.arange(4096, dtype=np.float32)
    _, report = simulated(READ.format(place=place), in0=x)
    count = report.counts[2]
    assert (count.requests, count.sectors, count.ideal) == (2, sectors, ideal)


BANKS = """banks(out0: float32[32])
    for b in 1, block.x
        shared s: float32[2048]
        for x in 32, thread.x
            t0: float32 = 1.0
            s[{place}] = t0
        barrier
        for x in 32, thread.x
            t1: float32 = s[{place}]
            out0[x] = t1"""


@pytest.mark.parametrize(
    ("place", "passes"),
    [("x", 1), ("2*x", 2), ("4*x", 4), ("32*x", 32), ("33*x", 1), ("3*x", 1), ("31 - x", 1)],
)
def test_words_in_one_bank_wait_for_each_other(place, passes):
    out, report = simulated(BANKS.format(place=place))
    assert report.counts[7].passes == passes and report.counts[7].shared == 1
    assert report.counts[7].conflicts == passes - 1
    assert (out == 1).all()


def test_one_word_that_all_threads_read_is_fetched_once():
    text = BANKS.replace("t1: float32 = s[{place}]", "t1: float32 = s[7]").format(place="x")
    assert simulated(text)[1].counts[7].passes == 1


@pytest.mark.parametrize(
    ("guard", "divergent"),
    [("x < 16", 2), ("x < 32", 0), ("b < 1", 0), ("x < 0", 0), ("16*b + x < 32", 1)],
)
def test_a_warp_that_goes_both_ways_is_counted(guard, divergent):
    text = f"""k(out0: float32[64])
    for b in 2, block.x
        for x in 32, thread.x
            if 0 <= {guard}
                t0: float32 = 1.0
                out0[32*b + x] = t0"""
    assert simulated(text)[1].total.divergent == divergent


def test_a_tiled_product_loads_as_many_numbers_as_the_tile_says():
    for n, tile in ((64, 16), (64, 32), (48, 8)):
        f = tiled_product(n, tile)
        out = np.zeros(n * n, np.float32)
        report = simulate(f, {"out0": out, **numbers(f, 0)})
        assert report.loads_per_store == 2 * n / tile
        assert report.total.barriers == 2 * (n // tile) ** 3
        assert report.total.conflicts == 0 or tile < 32


def test_the_table_has_a_row_for_each_line_and_their_sum():
    f = tiled_product(8, 4)
    report = simulate(f, {"out0": np.zeros(64, np.float32), **numbers(f, 0)})
    rows = report.text().splitlines()
    assert rows[0].startswith("kernel: 2×2 blocks of 4×4 threads")
    assert any(row.startswith("t0: float32 = t0_copy[4*ii + ri]") for row in rows)
    assert sum(c.loads for c in report.counts) == report.total.loads == 2 * 8 * 8 * 2


def test_where_the_first_warp_looked_is_remembered():
    x = np.arange(4096, dtype=np.float32)
    _, report = simulated(READ.format(place="64*b + 2*x"), in0=x)
    (read, write) = report.accesses
    assert (read.memory, write.memory) == ("in0", "out0")
    np.testing.assert_array_equal(read.places, [np.arange(0, 64, 2)])


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("number", [0, 1])
def test_a_missing_barrier_is_a_race_that_names_both_lines(number):
    f = without_barrier(tiled_product(12, 4), number)
    with pytest.raises(RaceError) as caught:
        outputs(f, numbers(f, 0))
    said = str(caught.value)
    assert "no barrier stands between" in said and "Try tl.barrier()" in said
    assert "_copy_from" in said and "float32 = t" in said
    assert "thread (0, 0, 0)" in said and "of 64" in said


RACES = {
    "all write one place": ("out0[0] = t0", "Try a place of its own for each thread"),
    "threads of one block": ("out0[(x // 2)] = t0", "out0[0]"),
    "two blocks": ("out0[x] = t0", "blocks run in any order"),
}


@pytest.mark.parametrize("name", RACES)
def test_two_writers_of_one_place_are_a_race(name):
    line, says = RACES[name]
    blocks = 2 if name == "two blocks" else 1
    text = f"""k(out0: float32[64])
    for b in {blocks}, block.x
        for x in 32, thread.x
            t0: float32 = 1.0
            {line}"""
    with pytest.raises(RaceError) as caught:
        simulated(text)
    assert says in str(caught.value)


def test_a_block_may_not_read_what_another_writes():
    text = """k(out0: float32[64])
    for b in 2, block.x
        for x in 32, thread.x
            t0: float32 = 1.0
            out0[32*b + x] = t0
        barrier
        for x in 32, thread.x
            t1: float32 = out0[{place}]
            out0[32*b + x] = t1"""
    simulated(text.format(place="32*b + x"))
    with pytest.raises(RaceError, match="blocks run in any order"):
        simulated(text.format(place="x"))
    with pytest.raises(RaceError, match="no barrier stands between"):
        simulated(text.format(place="32*b - x + 31"))


def test_a_global_place_may_go_from_thread_to_thread_behind_a_barrier():
    text = """k(out0: float32[32])
    for b in 1, block.x
        for x in 32, thread.x
            t0: float32 = 1.0
            out0[x] = t0
        barrier
        for x in 32, thread.x
            t1: float32 = out0[31 - x]
            if 0 <= x < 0
                out0[x] = t1
        barrier
        for x in 32, thread.x
            t2: float32 = 2.0
            out0[x] = t2"""
    assert (simulated(text)[0] == 2).all()
    with pytest.raises(RaceError):
        simulated(
            text.replace(
                "        barrier\n        for x in 32, thread.x\n            t2",
                "        for x in 32, thread.x\n            t2",
            )
        )


ADD = """k(out0: float32[4])
    for b in 3, block.x
        for x in 32, thread.x
            t0: float32 = 1.0
            out0[(x % 4)] = sum(out0[(x % 4)], t0: float32)"""


def test_what_is_added_up_atomically_may_be_added_up_by_all():
    assert simulated(ADD)[0].tolist() == [24.0] * 4


def test_what_is_added_up_may_not_be_read_meanwhile():
    with pytest.raises(RaceError, match="adds to it"):
        simulated(ADD + "\n            t1: float32 = out0[0]\n            out0[x] = t1")


def test_races_can_be_let_be():
    f = without_barrier(tiled_product(12, 4), 1)
    assert outputs(f, numbers(f, 0), races=False)["out0"].shape == (144,)


PLACES = [
    ("32*b + x + 1", "place 64 of in0, which has 64 numbers", "place < 64"),
    ("32*b + x - 1", "place -1 of in0", "0 <= place < 64"),
    ("32*x + b", "place 64 of in0", "place < 64"),
]


@pytest.mark.parametrize(("place", "says", "repair"), PLACES)
def test_a_place_outside_is_told_with_shape_and_thread(place, says, repair):
    text = READ.replace("4096", "8, 8").format(place=place)
    with pytest.raises(BoundsError) as caught:
        simulated(text, in0=np.zeros(64, np.float32))
    said = str(caught.value)
    assert says in said and repair in said
    assert "shape (8, 8), strides (8, 1)" in said and "thread (" in said
    assert isinstance(caught.value, IndexError)


def test_a_thread_that_takes_no_part_may_mean_any_place():
    text = READ.format(place="1000*x").replace(
        "            t0: float32 = in0[1000*x]",
        "            t0: float32 = in0[1000*x] if 0 <= x < 4",
    )
    out, _ = simulated(text, in0=np.arange(4096, dtype=np.float32))
    assert out[:6].tolist() == [0, 1000, 2000, 3000, 0, 0]


def test_a_barrier_that_some_never_reach_is_told():
    text = """k(out0: float32[32])
    for b in 1, block.x
        for x in 32, thread.x
            if 0 <= x < {n}
                barrier
            t0: float32 = 1.0
            out0[x] = t0"""
    simulated(text.format(n=32))
    with pytest.raises(BarrierError, match=r"20 of 32 threads .*\n +thread \(20, 0, 0\)"):
        simulated(text.format(n=20))


def test_fresh_memory_holds_no_number():
    text = """k(out0: float32[32])
    for b in 1, block.x
        shared s: float32[32]
        for x in 32, thread.x
            register r: float32[1]
            t0: float32 = s[x]
            t1: float32 = r[0]
            t2: float32 = {line}
            out0[x] = t2"""
    for line in ("add(t0, t0)", "add(t1, t1)"):
        assert np.isnan(simulated(text.format(line=line))[0]).all()


def test_the_last_warp_of_a_shuffled_race_is_another_one():
    text = """k(out0: float32[1])
    for b in 1, block.x
        for x in 256, thread.x
            t0: int32 = whole((x // 32))
            t1: float32 = cast(t0)
            out0[0] = t1"""
    last = set()
    for seed in range(20):
        out = np.zeros(1, np.float32)
        simulate(parsed(text), {"out0": out}, races=False, seed=seed)
        last.add(float(out[0]))
    assert len(last) > 3
