"""Leaves, recording, gradients: who gets a .grad, when, and what is refused."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

from tinylearn.devices.device import Device
from tinylearn.errors import DeviceError, GradientError, ShapeError, TinylearnError
from tinylearn.graph.primitives import BUFFER
from tinylearn.tensor import Tensor, no_grad


def test_every_float_leaf_that_backward_reaches_gets_a_grad():
    x, w, unused = Tensor([1.0, 2.0]), Tensor([3.0, 4.0]), Tensor([5.0])
    (x * w).sum().backward()
    assert x.grad.tolist() == [3, 4] and w.grad.tolist() == [1, 2]
    assert unused.grad is None


def test_gradients_add_up_until_they_are_reset():
    x = Tensor([1.0, 2.0])
    loss = (x * x).sum()
    loss.backward()
    loss.backward()
    assert x.grad.tolist() == [4, 8]
    x.grad = None
    loss.backward()
    assert x.grad.tolist() == [2, 4]


def test_backward_computes_nothing_until_a_gradient_is_looked_at():
    x = Tensor([1.0, 2.0])
    loss = (x * x).sum()
    loss.backward()
    assert loss.node.buffer is None and x.grad.node.buffer is None
    assert "not computed yet" in repr(x.grad)


def test_two_paths_to_a_leaf_are_added():
    x = Tensor(3.0)
    y = x * x
    (y * y + y).backward()
    assert x.grad.item() == 4 * 27 + 6


def test_leaves_of_equal_numbers_keep_their_gradients_apart():
    x, y = Tensor.zeros(2), Tensor.zeros(2)
    (x * 2 + y * 3).sum().backward()
    assert x.grad.tolist() == [2, 2] and y.grad.tolist() == [3, 3]


def test_ints_and_excluded_leaves_get_no_grad():
    labels, frozen, w = Tensor([1, 2]), Tensor([1.0, 1.0], requires_grad=False), Tensor([1.0, 1.0])
    (labels * frozen * w).sum().backward()
    assert labels.grad is None and frozen.grad is None and w.grad.tolist() == [1, 2]
    assert not labels.requires_grad and not (labels * frozen).requires_grad


def test_requires_grad_can_be_switched_on_leaves():
    w = Tensor([1.0])
    w.requires_grad = False
    assert not (w * 2).requires_grad
    w.requires_grad = True
    (w * 2).sum().backward()
    assert w.grad.tolist() == [2]
    with pytest.raises(GradientError, match="leaves only"):
        (w * 2).requires_grad = False
    with pytest.raises(TinylearnError, match="only floats"):
        Tensor([1]).requires_grad = True
    with pytest.raises(TinylearnError, match="only floats"):
        Tensor([1], requires_grad=True)


def test_a_detached_tensor_stops_gradients_and_can_become_a_leaf():
    x = Tensor([1.0, 2.0])
    cut = (x * 2).detach()
    assert not cut.requires_grad
    (cut * x).sum().backward()
    assert x.grad.tolist() == [2, 4]
    one, two = x.detach(), x.detach()
    one.requires_grad = True
    two.requires_grad = True
    (one * 3 + two * 4).sum().backward()
    assert one.grad.tolist() == [3, 3] and two.grad.tolist() == [4, 4]


def test_nothing_is_recorded_inside_no_grad():
    x = Tensor([1.0, 2.0])
    with no_grad():
        y = x * 2
        with no_grad():
            pass
        assert not (x + 1).requires_grad
    assert not y.requires_grad and y.tolist() == [2, 4]
    (y * x).sum().backward()
    assert x.grad.tolist() == [2, 4]
    assert (x * 2).requires_grad


@pytest.mark.parametrize("decorator", [no_grad, no_grad()], ids=["bare", "called"])
def test_no_grad_decorates_functions(decorator):
    @decorator
    def double(x):
        "twice"
        return x * 2 if len(x) < 3 else double(x[:2])

    assert double.__doc__ == "twice"
    assert not double(Tensor([1.0, 2.0, 3.0])).requires_grad
    assert (Tensor([1.0]) * 2).requires_grad


def test_nothing_is_recorded_while_training_is_off():
    x = Tensor([1.0, 2.0])
    Tensor.training = False
    y = (x * 2).sum()
    with pytest.raises(GradientError, match=r"Tensor.training = True"):
        y.backward()
    Tensor.training = True
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2, 2]


@pytest.mark.parametrize(
    "make, says",
    [
        (lambda x: x * 2, r"Try y\.sum\(\)\.backward"),
        (lambda x: (x * 2).sum().detach(), "detached"),
        (lambda x: x.argmax(), "moves in jumps"),
        (lambda x: x.argmax().float(), "flat"),
        (lambda x: Tensor(1.0, requires_grad=False), "requires_grad=False"),
        (lambda x: (x > 0).sum().float() * 2, "no float leaf"),
    ],
)
def test_backward_says_why_it_cannot(make, says):
    y = make(Tensor([1.0, 2.0]))
    with pytest.raises(GradientError, match=says):
        y.backward()


def test_backward_of_many_numbers_takes_the_gradient_that_arrives():
    x = Tensor([1.0, 2.0])
    y = x * x
    y.backward(gradient=[1.0, 10.0])
    assert x.grad.tolist() == [2, 40]
    y.backward(Tensor([1.0, 0.0]))
    assert x.grad.tolist() == [4, 40]
    with pytest.raises(ShapeError, match="needs the shape"):
        y.backward(gradient=Tensor([1.0]))


def test_gradient_gives_what_it_is_asked_for_leaf_or_not():
    x = Tensor(2.0)
    y = x * x
    z = y * y * 3
    dx, dy = z.gradient(x, y)
    assert dx.item() == 96 and dy.item() == 24
    assert x.grad is None


def test_higher_derivatives_follow_from_gradient():
    x = Tensor(2.0)
    (first,) = (x**4).gradient(x)
    (second,) = first.gradient(x)
    (third,) = second.gradient(x)
    assert [first.item(), second.item(), third.item()] == [32, 48, 48]


def test_gradient_names_what_is_not_reached():
    x, other = Tensor(2.0), Tensor(1.0)
    y = x * x
    with pytest.raises(GradientError, match="y does not depend on other"):
        y.gradient(other)
    assert y.gradient(other, x, allow_unused=True)[0].item() == 0


def test_grad_is_a_constant_for_later_losses():
    x = Tensor(2.0)
    (x * x).backward()
    first = x.grad
    x.grad = None
    (first * x).backward()
    assert x.grad.item() == 4


def test_a_chain_of_ten_thousand_operations_builds_differentiates_and_runs():
    x = Tensor([1.0, 2.0])
    y = x
    for _ in range(10_000):
        y = y + 1
    y.sum().backward()
    assert y.tolist() == [10_001, 10_002] and x.grad.tolist() == [1, 1]


# ---------------------------------------------------------------- assign


def test_assign_replaces_the_numbers_but_not_those_of_older_graphs():
    w = Tensor([1.0, 2.0])
    before = w * 10
    w.assign([5, 6])
    assert w.tolist() == [5, 6] and before.tolist() == [10, 20]
    assert w.is_leaf and w.requires_grad and w.dtype.name == "float32"


def test_an_assigned_leaf_gets_gradients_before_and_after_it_is_computed():
    w = Tensor([1.0, 2.0])
    w.assign(w * 2)
    (w * w).sum().backward()
    assert w.grad.tolist() == [4, 8]
    w.realize()
    assert w.node.op is BUFFER
    w.grad = None
    (w * w).sum().backward()
    assert w.grad.tolist() == [4, 8]


def test_two_leaves_assigned_from_one_tensor_stay_two():
    source = Tensor([1.0, 2.0])
    a, b = Tensor.zeros(2), Tensor.zeros(2)
    a.assign(source)
    b.assign(source)
    (a * 2 + b * 3).sum().backward()
    assert a.grad.tolist() == [2, 2] and b.grad.tolist() == [3, 3] and source.grad is None


def test_assign_refuses_other_shapes_and_computed_tensors():
    w = Tensor([1.0, 2.0])
    with pytest.raises(ShapeError, match="assign"):
        w.assign([1.0])
    with pytest.raises(GradientError, match="leaves"):
        (w * 2).assign([1.0, 2.0])


def test_running_statistics_do_not_pile_up_graphs():
    mean, x = Tensor.zeros(2, requires_grad=False), Tensor([1.0, 2.0])
    for _ in range(5):
        mean.assign(mean * 0.5 + x.detach() * 0.5)
        x.sum().numpy()  # computing anything computes what was assigned
    assert mean.node.op is BUFFER
    np.testing.assert_allclose(mean.numpy(), [1 - 2**-5, 2 - 2**-4])


def test_gradient_descent_by_hand_keeps_its_leaf():
    w = Tensor([4.0, -2.0])
    same = w
    for _ in range(30):
        loss = ((w - 1) ** 2).sum()
        loss.backward()
        with no_grad():
            w -= 0.2 * w.grad
        w.grad = None
    assert w is same and w.is_leaf and w.requires_grad
    np.testing.assert_allclose(w.numpy(), 1, atol=1e-5)


def test_updating_operators_are_ordinary_while_gradients_are_recorded():
    x = Tensor([1.0, 2.0])
    total = Tensor(0.0)
    for k in range(3):
        total += (x * k).sum()
    total *= 2
    total /= 4
    total.backward()
    assert total.item() == 4.5 and x.grad.tolist() == [1.5, 1.5]


def test_setting_items_replaces_numbers_of_leaves():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    before = x + 0
    x[0, 1] = 9
    x[1] = Tensor([7.0, 8.0])
    x[x > 8] = 0.5
    assert x.tolist() == [[1, 0.5], [7, 8]] and before.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ShapeError, match="kept nowhere"):
        (x * 2)[0] = 1.0
    with pytest.raises(ShapeError):
        x[0] = [1, 2, 3]


# ---------------------------------------------------------------- handles


def test_a_tensor_of_a_tensor_shares_its_node_and_its_gradient():
    x = Tensor([1.0, 2.0])
    same = Tensor(x)
    (same * 3).sum().backward()
    assert x.grad.tolist() == [3, 3]
    assert not Tensor(x, requires_grad=False).requires_grad
    assert Tensor(x, dtype="float64").dtype.name == "float64"


def test_numbers_are_copied_in_and_out():
    array = np.array([1.0, 2.0])
    x = Tensor(array)
    array[0] = 9
    x.numpy()[1] = 9
    assert x.tolist() == [1, 2]


def test_copies_and_pickles_are_leaves_of_their_own():
    x = Tensor([1.0, 2.0])
    for other in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        (other * 2).sum().backward()
        assert other.grad.tolist() == [2, 2] and x.grad is None


def test_leaves_are_forgotten_with_their_tensors():
    x = Tensor([1.0])
    first = weakref.ref(x.node)
    x.assign(x * 2).realize()
    gc.collect()
    assert first() is None
    last = weakref.ref(x.node)
    del x
    gc.collect()
    assert last() is None


def test_to_goes_to_devices_and_dtypes(device):
    x = Tensor([1.0, 2.0])
    y = x.to(device)
    assert y.device == device and y.to("float64").dtype.name == "float64"
    assert x.to(y).device == device and y.cpu().device == "numpy"
    (y * 3).sum().backward()
    assert x.grad.tolist() == [3, 3] and x.grad.device == "numpy"


def test_to_moves_a_leaf_itself(device):
    x = Tensor([1.0, 2.0])
    (x * 2).sum().backward()
    assert x.to_(device) is x and x.device == device and x.is_leaf
    (x * 3).sum().backward()
    assert x.grad.tolist() == [5, 5] and x.grad.device == device


def test_operands_on_two_devices_are_refused():
    if Device.known["c"].unavailable():
        pytest.skip("no C compiler here")
    x, y = Tensor([1.0], device="numpy"), Tensor([1.0], device="c")
    with pytest.raises(DeviceError, match=r"Try y\.to\('numpy'\)"):
        x + y
    assert (x + y.to("numpy")).item() == 2
    with pytest.raises(DeviceError, match="did you mean 'numpy'"):
        x.to("nunpy")


def test_a_leaf_whose_new_numbers_were_computed_meanwhile_is_still_the_one_of_the_loss():
    w = Tensor([1.0, 2.0])
    w.assign(Tensor([3.0, 4.0]) * 2)
    loss = (w * w).sum()
    assert w.sum().item() == 14
    (slope,) = loss.gradient(w)
    assert slope.tolist() == [12, 16]
    loss.backward()
    assert w.grad.tolist() == [12, 16]
