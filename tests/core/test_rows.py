"""Kernels that make several passes over each row: which they are, and that their numbers stay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import tinylearn as tl
from tests.core.test_transforms import needs_compiler
from tinylearn import Tensor
from tinylearn.contracts.measure import numbers
from tinylearn.devices import apart
from tinylearn.graph.deferred import spelled_out
from tinylearn.graph.node import Node
from tinylearn.loops.check import in_form
from tinylearn.loops.lower import lower
from tinylearn.loops.machine import AVX2, AVX512, NEON, Machine
from tinylearn.loops.nest import Nest
from tinylearn.loops.recipe import cooked
from tinylearn.loops.rewrites import rewritten
from tinylearn.loops.run import run
from tinylearn.loops.text import parsed, shown
from tinylearn.loops.tree import Function, plain
from tinylearn.nn import functional as F
from tinylearn.parts import using
from tinylearn.render.c import render_c
from tinylearn.schedule.kernel import JOIN, Kernel, Schedule, is_alone
from tinylearn.schedule.rules import FEWEST_IN_A_ROW, MOST_IN_A_ROW, MOST_KEPT
from tinylearn.schedule.schedule import schedule

MACHINES = (AVX512, AVX2, NEON, Machine(near=2048, chunk=64))
SIZES = (1, 2, 3, 5, 7, 8, 13, 16, 17, 31, 64, 67, 97, 130)
ALWAYS = {"join.same_rows": lambda first, second, shared, passes: (JOIN, "always")}
NEVER = {"join.same_rows": lambda first, second, shared, passes: None}


def random_rows(*shape: int, seed: int = 0) -> Tensor:
    """Random numbers on a device whose kernels are loops of ours, and that is always there."""
    draw = np.random.default_rng(seed)
    return Tensor(draw.standard_normal(shape).astype(np.float32), device="simulator")


def scheduled(*tensors: Tensor) -> Schedule:
    return schedule(spelled_out([t.node for t in tensors]))


def softmax_slope(x: Tensor, g: Tensor) -> Tensor:
    """The gradient of softmax, as a training step has it: its numbers are there already."""
    below = (x - x.max(1, keepdim=True)).exp()
    y = below / below.sum(1, keepdim=True)
    return (g - (g * y).sum(1, keepdim=True)) * y


def norm(x: Tensor, g: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[1:], g[0], g[1])


def norm_slope(x: Tensor, g: Tensor) -> Tensor:
    middle = x - x.mean(1, keepdim=True)
    scale = ((middle * middle).mean(1, keepdim=True) + 1e-5).sqrt()
    y = middle / scale
    return (g - g.mean(1, keepdim=True) - y * (g * y).mean(1, keepdim=True)) / scale


ROWS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "softmax": lambda x, g: x.softmax(1),
    "log_softmax": lambda x, g: x.log_softmax(1),
    "softmax's gradient": softmax_slope,
    "layer_norm": norm,
    "layer_norm's gradient": norm_slope,
    "rms_norm": lambda x, g: F.rms_norm(x, x.shape[1:], g[0]),
    "logsumexp": lambda x, g: x.logsumexp(1),
    "a sum beside what is summed up": lambda x, g: x / (x.abs().sum(1, keepdim=True) + 1.0),
}


@pytest.mark.parametrize("name", ROWS)
def test_one_kernel_goes_through_the_rows_where_loops_are_ours(name):
    x, g = random_rows(6, 200), random_rows(6, 200, seed=1)
    found = scheduled(ROWS[name](x, g))
    assert len(found.kernels) == 1 and len(found.kernels[0].passes) > 1
    assert "join.same_rows" in [s.rule for s in found.steps]


@pytest.mark.parametrize("name", ROWS)
def test_on_numpy_rows_stay_as_they_were(name):
    x = Tensor(np.ones((6, 200), np.float32), device="numpy")
    assert not any(k.passes for k in scheduled(ROWS[name](x, x + 1)).kernels)


def test_a_row_may_have_several_axes_and_other_shapes_on_the_way():
    x = random_rows(4, 3, 5, 16)
    assert len(scheduled(F.layer_norm(x, (5, 16))).kernels) == 1
    y = (x.reshape(12, 80) - x.mean((2, 3)).reshape(12, 1)).reshape(4, 3, 80).softmax()
    assert len(scheduled(y).kernels) == 1


@pytest.mark.parametrize("axis", [0, 1])
def test_rows_that_do_not_lie_side_by_side_are_none(axis):
    assert not any(k.passes for k in scheduled(random_rows(80, 80, 80).softmax(axis)).kernels)


def test_a_value_from_another_row_is_stored_before_it_is_read():
    x = random_rows(80, 80)
    turned = x.softmax(1).T
    assert len(scheduled(turned - turned.max(1, keepdim=True)).kernels) > 1
    upside_down = x - x.max(1, keepdim=True).flip(0)
    assert len(scheduled(upside_down).kernels) > 1


def test_a_matrix_product_is_no_pass():
    x, w = random_rows(70, 80), random_rows(80, 70, seed=1)
    kernels = scheduled((x @ w).softmax(1)).kernels
    assert [len(k.passes) for k in kernels] == [0, 3]


def test_what_somebody_between_has_to_read_is_no_pass():
    x, w = random_rows(80, 80), random_rows(80, 80, seed=1)
    y = x - x.mean(1, keepdim=True)
    kernels = scheduled(y * ((y @ w).sum(1, keepdim=True))).kernels
    stored = [set(k.outputs) for k in kernels]
    for k, kernel in enumerate(kernels):
        assert not any(set(kernel.inputs) & later for later in stored[k:])


TOO_MUCH = [
    (MOST_IN_A_ROW + 1, lambda x: x.log_softmax(1), "gone from the nearest caches"),
    (MOST_KEPT // 4 + 1, lambda x: x.softmax(1), "a pass would leave 32.8 kB of a row"),
]


@pytest.mark.parametrize(("length", "function", "says"), TOO_MUCH)
def test_rows_for_which_it_does_not_pay_stay_apart_with_the_reason(length, function, says):
    found = scheduled(function(random_rows(3, length)))
    assert len(found.kernels) > 1
    assert any(says in s.because for s in found.steps)


def test_short_rows_stay_apart_where_they_share_vectors(monkeypatch):
    short = random_rows(3, FEWEST_IN_A_ROW - 1)
    assert len(scheduled(short.softmax(1)).kernels) == 1  # each has a thread of its own
    monkeypatch.setattr("tinylearn.schedule.kernel.ON_THREADS", ())  # as on the c device
    found = scheduled(short.softmax(1))
    assert len(found.kernels) > 1
    assert any("several of them share a vector" in s.because for s in found.steps)


# ---------------------------------------------------------------- the same numbers


def rows_by_chance(seed: int) -> list[Node]:
    """Totals of the same rows, one after the other, with statements between; some are stored."""
    draw = np.random.default_rng(seed)
    across = [int(n) for n in draw.choice([2, 3, 4, 6], draw.integers(1, 3))]
    length = int(draw.choice(SIZES))
    x = random_rows(*across, length, seed=seed).node
    along: list[Node] = [x]
    once: list[Node] = []
    kinds = ["max", "sum", "product", "both", "both", "both", "once", "exp", "twice", "turned"]
    for _ in range(draw.integers(4, 14)):
        y = along[-1 - draw.integers(min(len(along), 2))]
        kind = draw.choice(kinds)
        if kind in ("max", "sum"):
            once.append(getattr(y, kind)((len(across),)))
        elif kind == "product":
            once.append((y * along[-1]).sum((len(across),)))
        elif kind == "once" and once:
            once.append((once[-1] * once[-1] + 1.0).recip() * once[draw.integers(len(once))])
        elif kind == "both" and once:
            low = y.less(0.1).where(y, y * 0.5)
            along.append(low + once[draw.integers(len(once))].expand(y.shape) * 0.25)
        elif kind == "exp":
            along.append((y * (y * y + 1.0).recip()).exp())
        elif kind == "turned" and length > 1:
            along.append(y.flip((len(across),)))
        else:
            along.append(y * 0.5 + along[0])
    made = [n for n in (*along[1:], *once) if n.inputs]
    chosen = draw.choice(len(made), min(len(made), int(draw.integers(1, 4))), replace=False)
    return list(dict.fromkeys([made[-1], *(made[k] for k in chosen)]))


def nest_of_rows(kernel: Kernel) -> Nest:
    return rewritten(lower(kernel))


def plain_tree(kernel: Kernel) -> Function:
    return plain(nest_of_rows(kernel))


def in_turn(
    kernels: list[Kernel], outputs: list[Node], tree_of: Callable[[Kernel], Function]
) -> list[np.ndarray]:
    """The numbers of the outputs, kernel by kernel, each by the interpreter of trees."""
    memory: dict[Node, np.ndarray] = {}
    for kernel in kernels:
        missing = [n for n in kernel.loaded if n not in memory]
        memory |= dict(zip(missing, numbers(missing), strict=True))
        function = tree_of(kernel)
        in_form(function)
        given = {
            m.name: memory[m.node] for m in function.arguments if m.name not in function.written
        }
        found = run(function, given)
        memory |= {m.node: found[m.name] for m in function.arguments if m.name in found}
    return [memory[n] for n in outputs]


def close(found: list[np.ndarray], expected: list[np.ndarray], says: object) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-5, err_msg=str(says))


@pytest.mark.parametrize("seed", range(40))
def test_passes_keep_the_numbers_of_kernels_that_are_apart(seed):
    outputs = rows_by_chance(seed)
    expected = numbers(outputs)
    with using(NEVER):
        close(in_turn(schedule(outputs).kernels, outputs, plain_tree), expected, seed)
    with using(ALWAYS):
        kernels = schedule(outputs).kernels
    machine = MACHINES[seed % len(MACHINES)]
    for tree_of in (plain_tree, lambda kernel: cooked(nest_of_rows(kernel), "k", machine).function):
        close(in_turn(kernels, outputs, tree_of), expected, seed)


def test_rows_by_chance_are_often_passes():
    with using(ALWAYS):
        found = [schedule(rows_by_chance(seed)).kernels for seed in range(40)]
    assert sum(any(len(k.passes) > 1 for k in kernels) for kernels in found) >= 16


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("length", [64, 97, 130])
def test_trees_of_passes_are_well_formed_and_can_be_read_back(name, length):
    x, g = random_rows(3, length), random_rows(3, length, seed=1)
    (kernel,) = scheduled(ROWS[name](x, g)).kernels
    nest = nest_of_rows(kernel)
    for tree in (plain(nest), *(cooked(nest, "kernel", m).function for m in MACHINES)):
        in_form(tree)
        assert shown(parsed(shown(tree))) == shown(tree)


@pytest.mark.parametrize("name", ROWS)
def test_no_row_falls_back_to_loops_without_vectors(name):
    x, g = random_rows(3, 200), random_rows(3, 200, seed=1)
    (kernel,) = scheduled(ROWS[name](x, g)).kernels
    for machine in MACHINES:
        assert "vector" in shown(cooked(nest_of_rows(kernel), "kernel", machine).function)


@needs_compiler
def test_rows_written_in_c_have_the_numbers_of_the_interpreter():
    calls, expected = [], []
    with using(ALWAYS):
        for seed in range(60, 80):
            for k, kernel in enumerate(schedule(rows_by_chance(seed)).kernels):
                if is_alone(kernel.outputs[0]):
                    continue
                tree = cooked(nest_of_rows(kernel), f"rows_{seed}_{k}", MACHINES[k % 4])
                given = dict(zip(kernel.loaded, numbers(kernel.loaded), strict=True))
                named = {m.name: given[m.node] for m in tree.function.arguments if m.node in given}
                out = [np.full(n.size, 77, n.dtype.numpy) for n in kernel.outputs]
                text = render_c(tree.function).text
                calls.append(apart.Call(tree.function.name, text, out, list(named.values())))
                expected.append(run(tree.function, named))
    for call, wanted, found in zip(calls, expected, apart.answers(calls), strict=True):
        assert isinstance(found, list), found
        for got, right in zip(found, wanted.values(), strict=True):
            np.testing.assert_allclose(got, right.reshape(-1), 2e-5, 2e-5, err_msg=call.text)


# ---------------------------------------------------------------- on the devices

DEVICES = ["simulator", pytest.param("c", marks=needs_compiler)]
AWKWARD = {
    "one row": (1, 100),
    "no row": (0, 100),
    "no numbers": (3, 0),
    "one number": (3, 1),
    "a prime": (7, 97),
    "a vector and one": (5, 65),
    "a power of two": (4, 256),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("size", AWKWARD)
def test_rows_of_any_size_have_numpys_numbers(device, size):
    array = np.random.default_rng(3).standard_normal(AWKWARD[size]).astype(np.float32)
    for name in ("softmax", "log_softmax"):
        found = getattr(Tensor(array, device=device), name)(1).numpy()
        expected = getattr(Tensor(array, device="numpy"), name)(1).numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("device", DEVICES)
def test_what_is_no_number_and_what_is_infinite_stays_in_its_row(device):
    array = np.random.default_rng(3).standard_normal((5, 90)).astype(np.float32)
    array[1, 7], array[2, 8], array[3, 9], array[4] = np.nan, np.inf, -np.inf, -np.inf
    for name in ("softmax", "log_softmax"):
        found = getattr(Tensor(array, device=device), name)(1).numpy()
        expected = getattr(Tensor(array, device="numpy"), name)(1).numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@needs_compiler
def test_pictures_and_texts_show_the_passes():
    x = Tensor(np.ones((4, 100), np.float32), device="c")
    explained = str(tl.explain(x.softmax(1)))
    assert "both go through 4 rows of 100" in explained
    assert "kept" in str(tl.source(x.softmax(1), language="c"))
    assert "maximum.reduce" in str(tl.source(x.softmax(1), language="numpy"))
    assert tl.check_fused(x.softmax(1)) < 1e-6
    assert "1 kernel: " in str(tl.profile(x.softmax(1)))
    assert "kernel 1" in str(tl.draw(x.softmax(1)))
    with pytest.raises(ArithmeticError, match="sqrt made 400 NaN"), tl.trace_nan():
        (x - 2).sqrt().softmax(1).numpy()


@needs_compiler
def test_a_captured_step_replays_its_passes():
    @tl.capture
    def step(x: Tensor) -> Tensor:
        return (x.softmax(1) * x).sum()

    for k in range(4):
        x = np.random.default_rng(k).standard_normal((3, 80)).astype(np.float32)
        expected = float((Tensor(x, device="numpy").softmax(1).numpy() * x).sum())
        assert abs(step(Tensor(x, device="c")).item() - expected) < 1e-5
