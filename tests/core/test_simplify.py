"""Graphs made simpler before they are scheduled: permutes meet and vanish, the numbers stay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylearn import Tensor, nn
from tinylearn.graph.deferred import spelled_out
from tinylearn.graph.node import walk
from tinylearn.graph.primitives import PERMUTE
from tinylearn.graph.simplify import simplify
from tinylearn.plan.check import check_fused
from tinylearn.schedule.schedule import schedule


def random(*shape):
    return Tensor(np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32))


def simplified(*tensors):
    outputs = spelled_out([t.node for t in tensors])
    order = walk(outputs)
    return simplify(order, outputs, [n for n in order if not n.inputs and n.buffer is not None])


def permutes(*tensors):
    """The permutes that are left, without those inside windows."""
    return [n for n in walk(simplified(*tensors).outputs) if n.op is PERMUTE]


def test_what_is_computed_between_two_permutes_needs_neither():
    x, b = random(2, 3, 4), random(3)
    y = (x.permute(2, 0, 1) * 2 + random(4, 2, 3).exp() * 0 + b).relu()
    assert len(permutes(((x.permute(2, 0, 1) * 2 + b).relu()).permute(1, 2, 0))) == 0
    assert len(permutes(y.permute(1, 2, 0))) == 2, "the second operand has no permute to meet"


def test_sums_and_means_of_permuted_numbers_are_permuted_afterwards():
    x = random(2, 3, 4)
    seen = x.permute(1, 2, 0)
    centred = (seen - seen.mean((0, 2), keepdim=True)) * 3
    assert not permutes(centred.permute(2, 0, 1))
    np.testing.assert_allclose(
        centred.numpy(), 3 * (seen.numpy() - seen.numpy().mean((0, 2), keepdims=True)), atol=1e-5
    )


def test_moving_axes_of_size_one_is_a_reshape():
    x = random(1, 5, 1, 7)
    assert not permutes(x.permute(1, 2, 3, 0))
    assert len(permutes(x.permute(3, 0, 1, 2))) == 1
    assert simplified(x.reshape(5, 1, 7).permute(0, 2, 1).permute(0, 2, 1)).outputs[0].op.name == (
        "reshape"
    )


def test_between_layers_of_images_the_batch_stays_last():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 3)
    )
    y = model(random(8, 1, 12, 12))
    gradients = (y * y).sum().gradient(*model.parameters())
    images = [n for n in permutes(y, *gradients) if len(n.shape) == 4]
    assert len(images) == 2, "one at the beginning, one at the end"


def test_each_simplification_says_on_whose_behalf_it_was_made():
    x = random(2, 3)
    y = (x.transpose() * 2).transpose()
    found = simplified(y)
    says = {s.rule: s.says for s in found.steps}
    assert "permute_moved_out" in says and "meet" in says["permute_moved_out"]
    assert all(n.made_at is not None for n in walk(found.outputs))
    assert {n.origin.line_number for n in walk(found.outputs) if n.op.name == "mul"} == {
        y.node.inputs[0].origin.line_number
    }


@given(st.permutations(range(3)), st.permutations(range(3)), st.sampled_from([(0,), (1, 2), (2,)]))
@pytest.mark.parametrize("device", ["numpy", "c"])
def test_permuted_operands_give_the_same_numbers(device, first, second, axes):
    x, y = random(2, 3, 4).to(device), random(2, 3, 4).to(device)
    a, b = x.permute(first), y.permute(first)
    c = random(a.shape[1], 1).to(device)
    z = ((a * b + c).relu() - (a + b).sum(axes, keepdim=True)).permute(second)
    check_fused(z, *z.sum().gradient(x, y, c))
    A, B = (t.numpy().transpose(first) for t in (x, y))
    wanted = np.maximum(A * B + c.numpy(), 0) - (A + B).sum(axes, keepdims=True)
    np.testing.assert_allclose(z.numpy(), wanted.transpose(second), rtol=1e-5, atol=1e-5)


def test_what_is_computed_before_a_permute_still_belongs_to_the_gradient():
    x = random(2, 3, 4)
    y = (x.permute(2, 0, 1) * random(4, 1, 1)).relu()
    (slope,) = (y * 3).sum().gradient(x)
    forward, backward = simplified(y, slope).outputs
    only = set(walk([backward])) - set(walk([forward]))
    assert {"where", "mul"} <= {n.op.name for n in only}
    assert all(n.gradient_of is not None for n in only if n.inputs)


def kernels(*tensors):
    """How many kernels compute them."""
    return len(schedule([n for n in simplified(*tensors).outputs if n.inputs]).kernels)


@pytest.mark.parametrize("device", ["numpy", "c"])
def test_nothing_runs_for_no_numbers(device):
    nothing, x = Tensor.zeros(0, 3, device=device), Tensor(random(3, 4).numpy(), device=device)
    results = [
        (nothing * 2 + 1).exp(),
        nothing @ x,
        nothing.sum(1),
        nothing.sum(0),
        nothing.transpose() @ nothing,
        nothing.cumsum(0),
        nothing.sort(0).values,
    ]
    assert kernels(*results) == 0
    assert [r.shape for r in results][1:5] == [(0, 4), (0,), (3,), (3, 3)]
    assert results[3].tolist() == [0, 0, 0] and not results[4].numpy().any()
    assert kernels(Tensor.cat(nothing, x.transpose()[:, :3] * 2)) == 1


def test_equal_totals_of_numbers_with_and_without_axes_of_one_are_one():
    a, b = random(10), random(10)
    standing = a.reshape(10, 1) + b.reshape(10, 1)
    assert kernels((a + b).sum() + standing.sum()) == 1
    both = [(a + b).sum(), standing.relu().sum(0, keepdim=True)]
    np.testing.assert_allclose(both[0].item(), (a.numpy() + b.numpy()).sum(), rtol=1e-5)
    np.testing.assert_allclose(both[1].numpy(), [[np.maximum(standing.numpy(), 0).sum()]], 1e-5)


def test_a_total_along_axes_of_one_is_the_number_itself():
    x = random(4, 1, 3)
    assert kernels(x.sum(1)) == 1 and not any(
        n.op.kind == "reduce" for n in walk(simplified(x.sum(1), x.amax(1)).outputs)
    )
    np.testing.assert_array_equal(x.sum(1).numpy(), x.numpy()[:, 0])
