"""tl.checkpoint: the same gradients from numbers that are computed again, in less memory."""

import numpy as np
import pytest

import tinylearn as tl
from tinylearn import nn
from tinylearn.plan import plan
from tinylearn.tensor import Tensor


def layers(count, device):
    """So many pairs of layers, the same each time."""
    tl.manual_seed(0)
    pairs = [(nn.Linear(8, 16).to(device), nn.Linear(16, 8).to(device)) for _ in range(count)]
    return [nn.Sequential(first, nn.Tanh(), second, nn.Tanh()) for first, second in pairs]


def learned(blocks, x, checkpointed):
    """All gradients, and the bytes of memory that were needed in between."""
    y = x
    for block in blocks:
        y = tl.checkpoint(block, y) if checkpointed else block(y)
    loss = (y * y).mean()
    loss.backward()
    grads = [w.grad for block in blocks for w in block.parameters()] + [x.grad]
    plan.PLANS.clear()
    Tensor.realize_all(loss, *grads)
    [made] = plan.PLANS.values()
    held = sum(int(np.prod(shape)) * kind.itemsize for _, shape, kind, _ in made.layout.scratch)
    return [g.numpy() for g in grads], held


def test_a_checkpoint_gives_the_same_gradients_in_less_than_half_of_the_memory(device):
    numbers = np.random.default_rng(0).standard_normal((500, 8)).astype("f")
    plain, before = learned(layers(6, device), Tensor(numbers, device=device), False)
    again, after = learned(layers(6, device), Tensor(numbers, device=device), True)
    for x, y in zip(plain, again, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-8)
    assert after < before / 2


def test_a_weight_that_is_used_outside_too_gets_both_gradients():
    w, x = Tensor([2.0, 3.0]), Tensor([0.5, -1.0])

    def loss(through):
        y = through(lambda v: (v * w).sin(), x * w)
        return (through(lambda v: (v * w).exp(), y) * w).sum()

    plain = loss(lambda f, v: f(v)).gradient(x, w)
    again = loss(tl.checkpoint).gradient(x, w)
    for a, b in zip(plain, again, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)


def test_a_checkpoint_can_stand_in_another_and_be_differentiated_twice():
    x = Tensor([0.3, -0.7])
    found = []
    for through in (lambda f, v: f(v), tl.checkpoint):
        y = through(lambda v, through=through: through(lambda u: u.sin() * u, v).exp(), x)
        (slope,) = y.sum().gradient(x)
        (second,) = (slope * slope).sum().gradient(x)
        found.append((slope.numpy(), second.numpy()))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def test_what_a_function_draws_is_drawn_once():
    x = Tensor.ones(100)
    y = tl.checkpoint(lambda v: v.dropout(0.5) * v, x)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * y.numpy())  # the slope of m x^2, where x is 1


def test_a_loss_may_be_looked_at_before_its_gradients_are_asked_for(device):
    x = Tensor([1.0, 2.0], device=device)
    loss = tl.checkpoint(lambda v, power: v**power, x, 3).sum()
    assert loss.item() == 9
    loss.backward()
    assert x.grad.tolist() == [3, 12]


def test_an_input_without_a_part_in_the_answer_gets_zeros():
    x, y = Tensor([1.0]), Tensor([2.0])
    slopes = tl.checkpoint(lambda a, b: a * 3, x, y).sum().gradient(x, y)
    assert [s.tolist() for s in slopes] == [[3], [0]]


def test_the_wait_is_a_kernel_that_says_what_it_waits_for():
    x = Tensor([1.0, 2.0])
    tl.checkpoint(lambda v: v.exp().sin(), x).sum().backward()
    text = str(tl.source(x.grad, "numpy"))
    assert "wait for" in text and "made again, for the gradient of a checkpoint" in text


def test_where_nothing_is_recorded_the_answer_is_the_functions_own():
    with tl.no_grad():
        y = tl.checkpoint(lambda v: v * 2, Tensor([1.0]), use_reentrant=False)
    assert not y.requires_grad and y.tolist() == [2]


def test_an_answer_that_is_no_tensor_is_refused():
    with pytest.raises(TypeError, match="must give one Tensor, not a tuple"):
        tl.checkpoint(lambda v: (v, v), Tensor([1.0]))
