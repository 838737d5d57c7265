"""The schedule: what fuses, why, and that no rule can make a number wrong."""

from __future__ import annotations

import random as python_random

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.core.graphs import graphs
from tinylearn.contracts.measure import leaf, numbers
from tinylearn.devices.device import Device
from tinylearn.graph.gradient import gradient
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer
from tinylearn.parts import Part, using
from tinylearn.plan.plan import realize
from tinylearn.schedule.kernel import FUSE, JOIN, KERNEL_LIMIT, STORE, Schedule
from tinylearn.schedule.rules import RULES
from tinylearn.schedule.schedule import schedule

relaxed = settings(
    max_examples=120,
    deadline=None,
    report_multiple_bugs=False,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking a graph takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def random_leaf(*shape: int) -> Node:
    return leaf(np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32))


def product(x: Node, w: Node) -> Node:
    (n, k), (_, m) = x.shape, w.shape
    left, right = x.reshape((n, k, 1)).expand((n, k, m)), w.reshape((1, k, m)).expand((n, k, m))
    return (left * right).sum((1,)).reshape((n, m))


def relu(x: Node) -> Node:
    return x.less(1e-45).where(0.0, x)


def softmax(x: Node) -> Node:
    top = (x - x.max((1,)).expand(x.shape)).exp()
    return top * top.sum((1,)).recip().expand(x.shape)


def check_order(found: Schedule, outputs: list[Node]) -> None:
    """Every kernel runs after those that store what it reads, and all outputs are stored."""
    stored: set[Node] = set()
    for kernel in found.kernels:
        for node in kernel.loaded:
            assert node.buffer is not None or node in stored, f"{kernel} reads {node} too early"
        stored |= set(kernel.outputs)
    assert {n for n in outputs if n.buffer is None and n.inputs} <= stored


# ---------------------------------------------------------------- what fuses


def test_a_times_b_plus_c_is_one_kernel_in_at_most_five_steps():
    a, b, c = random_leaf(8, 8), random_leaf(8, 8), random_leaf(8, 8)
    found = schedule([a * b + c])
    assert len(found.kernels) == 1
    assert len(found.steps) <= 5
    assert [s.verdict for s in found.steps] == [STORE, FUSE]


def test_bias_and_relu_join_their_product_sum():
    x, w, b = random_leaf(64, 30), random_leaf(30, 20), random_leaf(1, 20)
    found = schedule([relu(product(x, w) + b.expand((64, 20)))])
    assert len(found.kernels) == 1
    assert "fuse.epilogue" in [s.rule for s in found.steps]


def test_softmax_is_at_most_four_kernels():
    assert len(schedule([softmax(random_leaf(64, 10))]).kernels) <= 4


def test_a_product_sum_reads_stored_factors():
    x, w = random_leaf(40, 30), random_leaf(30, 20)
    found = schedule([product(x.exp(), w)])
    assert len(found.kernels[0].members) == 1
    step = next(s for s in found.steps if s.node.op.name == "exp")
    assert (step.verdict, step.rule) == (STORE, "fuse.repeated")


def test_what_moves_fewer_bytes_decides_between_storing_and_recomputing():
    big = random_leaf(500, 400)
    cheap = big + 1
    one, two = cheap.sum((0,)), cheap.sum((1,))
    step = next(s for s in schedule([one, two]).steps if s.node is cheap)
    assert step.rule == "fuse.recompute_or_store"
    assert step.verdict == FUSE  # reading big twice is less than writing it once and reading it


@pytest.mark.parametrize("op", ["exp", "log", "sin"])
def test_what_takes_long_to_compute_again_is_stored(op):
    big = random_leaf(500, 400)
    dear = getattr(big, op)()
    one, two = dear.sum((0,)), dear.sum((1,))
    step = next(s for s in schedule([one, two]).steps if s.node is dear)
    assert (step.verdict, step.rule) == (STORE, "fuse.recompute_or_store")
    assert f"recomputing 1.6 MB and {op} worth 1.6 MB" in step.because


def test_a_bias_is_added_where_its_product_ends_whoever_reads_the_sum():
    x, w, bias = random_leaf(64, 20), random_leaf(20, 10), random_leaf(1, 10)
    logits = product(x, w) + bias.expand((64, 10))
    kernels = schedule([logits.max((1,)), logits.exp().sum((1,)), logits.exp()]).kernels
    assert logits in kernels[0].outputs and all(bias not in k.loaded for k in kernels[1:])


def test_totals_along_the_same_axes_share_a_loop_and_others_do_not():
    x = random_leaf(64, 10)
    same, other = x.sin().sum((1,)), x.exp().sum((1,))
    assert len(schedule([same, other]).kernels) == 1
    assert len(schedule([same, other.reshape((8, 8))]).kernels) == 2
    assert len(schedule([same, x.exp().sum((0,))]).kernels) == 2
    assert len(schedule([same, (x - same.expand(x.shape)).max((1,))]).kernels) == 2


def test_a_total_of_one_number_runs_beside_the_total_that_it_reads():
    x = random_leaf(1)
    top = x.max((0,))
    total = (x - top).exp().sum((0,))
    realize([top, total])
    assert total.buffer.data.tolist() == [1.0]


def test_results_of_one_loop_share_it():
    w, m, g = random_leaf(50), random_leaf(50), random_leaf(50)
    new_m = m * 0.9 + g
    found = schedule([new_m, w - new_m * 0.1])
    assert len(found.kernels) == 1
    assert JOIN in [s.verdict for s in found.steps]


def test_a_rule_that_stores_everything_is_obeyed():
    a, b, c = random_leaf(8, 8), random_leaf(8, 8), random_leaf(8, 8)
    with using({"fuse.compute_where_used": lambda node, readers, homes: (STORE, "to be safe")}):
        found = schedule([a * b + c])
    assert len(found.kernels) == 2
    assert [s.verdict for s in found.steps] == [STORE, STORE]


def test_a_total_and_what_is_computed_beside_it_share_a_loop():
    x = random_leaf(100, 100)
    y = x.exp()
    assert len(schedule([y * 2.0, (y * x).sum((0, 1))]).kernels) == 1


def test_the_gradient_of_a_weight_runs_as_soon_as_its_numbers_are_there():
    weights = [random_leaf(4, 4) for _ in range(6)]
    h = random_leaf(200, 4)
    for w in weights:
        h = product(h, w).exp()
    loss = h.sum((0, 1))
    slopes = gradient(loss, loss.const_like(1), weights)
    outputs = [slopes[w] for w in weights]  # the first layer's is asked for first
    kernels = schedule(outputs).kernels
    check_order(schedule(outputs), outputs)
    runs = {n: k for k, kernel in enumerate(kernels) for n in kernel.outputs}
    assert sorted(outputs[1:], key=runs.__getitem__) == outputs[:0:-1]  # the last layer's first


def test_every_step_carries_the_sentence_of_its_rule_and_the_facts():
    x, w = random_leaf(6, 5), random_leaf(5, 4)
    for step in schedule([softmax(relu(product(x, w)))]).steps:
        assert step.says.endswith(".") and step.because
        if step.rule in Part.table:
            assert step.says == Part.table[step.rule].says


def test_a_fusion_that_a_loop_cannot_hold_is_refused_with_the_reason():
    x = random_leaf(30, 40)
    total = x.sum((1,)).expand((30, 40)) * x
    with using({rule.name: lambda node, readers, homes: (FUSE, "always") for rule in RULES[:1]}):
        steps = schedule([total]).steps
    refused = [s for s in steps if s.refused]
    assert refused and "once for every copy" in refused[0].refused


def test_a_rule_that_answers_nonsense_is_named():
    with using({"fuse.free_move": None}), pytest.raises(TypeError, match=r"fuse\.repeated must"):
        Part.table["fuse.repeated"].current = lambda node, readers, homes: "yes"
        try:
            schedule([random_leaf(3).exp().sin()])
        finally:
            Part.table["fuse.repeated"].current = Part.table["fuse.repeated"].default


# ---------------------------------------------------------------- never a wrong number


def hostile(seed: int, answers: list[str | None]) -> dict:
    """Random rules: each answers store, fuse or nothing, as it pleases."""
    choose = python_random.Random(seed)

    def rule(node: Node, readers: list, homes: list) -> tuple[str, str] | None:
        answer = choose.choice(answers)
        return (answer, "because I said so") if answer else None

    return {r.name: rule for r in RULES}


def same(outputs: list[Node], device: str = "numpy") -> None:
    expected = numbers(outputs)
    realize(outputs)
    for node, want in zip(outputs, expected, strict=True):
        got = Device.known[device].download(node.buffer)
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-4)


@relaxed
@given(graphs())
def test_fused_numbers_are_those_of_numpy(outputs):
    check_order(schedule(outputs), outputs)
    same(outputs)


@relaxed
@given(
    graphs(),
    st.integers(0, 10**6),
    st.sampled_from([[STORE, FUSE], [FUSE], [None, FUSE, STORE], [STORE]]),
)
def test_a_fusion_rule_cannot_change_the_numbers(outputs, seed, answers):
    rules = hostile(seed, answers)
    before = {name: Part.table[name].current for name in rules}
    try:  # not through use(): these rules would not pass any contract
        for name, rule in rules.items():
            Part.table[name].current = rule
        Part.version += 1
        check_order(schedule(outputs), outputs)
        same(outputs)
    finally:
        for name, rule in before.items():
            Part.table[name].current = rule
        Part.version += 1


def test_fused_numbers_on_c_are_those_of_numpy(devices):
    if "c" not in devices:
        pytest.skip("no C compiler here")
    check = settings(relaxed, max_examples=40)(given(graphs(device="c"))(lambda g: same(g, "c")))
    check()


# ---------------------------------------------------------------- size


@pytest.mark.parametrize("device", ["numpy", "c"])
def test_ten_thousand_ops_are_built_differentiated_and_run(device, devices):
    if device not in devices:
        pytest.skip("no C compiler here")
    from tinylearn.graph.gradient import gradient

    x = buffer(Device.known[device].upload(np.linspace(0, 1, 8, dtype=np.float32)))
    y = x
    for _ in range(5000):
        y = y * 0.9999 + 0.0001
    total = y.sum((0,)).reshape(())
    slope = gradient(total, total.const_like(1), [x])[x]
    same([total, slope], device)


def test_what_no_kernel_could_compute_again_is_stored_without_a_look_at_all_of_it():
    x = leaf(np.ones(3))
    deep = x
    for _ in range(KERNEL_LIMIT + 10):
        deep = deep * 1.5 + x
    first, second = deep.exp().sum((0,)), deep.sin().sum((0,))
    (step,) = [s for s in schedule([first, second]).steps if s.node is deep]
    assert step.verdict in (STORE, JOIN)
    assert f"more than {KERNEL_LIMIT} nodes lead to it" in step.because
