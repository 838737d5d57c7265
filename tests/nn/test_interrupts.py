"""Ctrl-C before any step of Python code: everything is as it was, or done, and training goes on."""

import inspect
import threading

import numpy as np
import pytest

from tests.interrupted import interrupted, moments
from tinylearn import Device, Tensor, nn, no_grad
from tinylearn.graph.node import BUILDING
from tinylearn.nn import optim
from tinylearn.plan.plan import LOCK
from tinylearn.tensor import recording, state

STEP = {
    "step", "_step", "own", "change", "alone_on", "realize", "compute", "realize_all",
    "cut_history", "plan_for", "built_for", "_build",
}  # fmt: skip
BACKWARD = {"backward", "add_gradients", "compute_gradients", "alone_on", "change", "promised"}
X = np.array([[1.0, 2.0], [3.0, -1.0]], np.float32)


def lock_is_free() -> bool:
    """Whether another thread can take the lock."""
    taken = []

    def take():
        if LOCK.acquire(timeout=5):
            taken.append(True)
            LOCK.release()

    other = threading.Thread(target=take)
    other.start()
    other.join()
    return bool(taken)


def check_that_nothing_is_left_behind(tensors) -> None:
    """Leaves are leaves, the lock is free, lines are right, and gradients are recorded."""
    assert [t.is_leaf and (not t.requires_grad or t.node.owner() is t) for t in tensors] == [
        True
    ] * len(tensors)
    assert lock_is_free()
    assert BUILDING.get() == (None, None, None) and state.recording()
    x = Tensor([1.0]) * 2
    assert x.node.origin.line_number == inspect.currentframe().f_lineno - 1


class Training:
    """A small training that can be compared with another that got as far."""

    def __init__(self, make):
        self.w = Tensor(np.array([[0.5, -1.0]], np.float32))
        self.b = Tensor(np.array([0.25], np.float32))
        self.optimizer = make([self.w, self.b])
        self.step()

    def backward(self) -> None:
        y = Tensor(X, requires_grad=False).linear(self.w, self.b)
        (y * y).sum().backward()

    def step(self) -> None:
        self.optimizer.zero_grad()
        self.backward()
        self.optimizer.step()

    def numbers(self) -> list:
        remembered = [t for tensors in self.optimizer.memory.values() for t in tensors]
        learned = [self.w, self.b, *remembered]
        return [t.tolist() for t in learned] + [list(self.optimizer.steps)]


OPTIMIZERS = {  # and how many moments to go on by
    "SGD": (lambda w: optim.SGD(w, lr=0.01, momentum=0.9), 1),
    "Adam": (lambda w: optim.Adam(w, lr=0.01), 7),
}


@pytest.mark.parametrize("make, by", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_interrupted_step_changes_all_or_nothing_and_the_next_goes_on(device, make, by):
    Device.DEFAULT = device
    straight = Training(make)
    reached = [straight.numbers()]
    for _ in range(3):
        straight.step()
        reached.append(straight.numbers())
    for k in moments(by):
        training = Training(make)
        if not interrupted(training.step, k, STEP):
            break
        check_that_nothing_is_left_behind([training.w, training.b])
        done = reached.index(training.numbers())
        training.step()
        assert training.numbers() == reached[done + 1]
    assert k > 100


def test_an_interrupted_backward_adds_to_all_gradients_or_to_none(device):
    Device.DEFAULT = device
    for k in moments():
        training = Training(OPTIMIZERS["SGD"][0])
        training.optimizer.zero_grad()
        training.backward()
        before = training.w.grad.tolist(), training.b.grad.tolist()
        over = not interrupted(training.backward, k, BACKWARD)
        check_that_nothing_is_left_behind([training.w, training.b])
        after = training.w.grad.numpy(), training.b.grad.numpy()
        twice = [np.array_equal(a, 2 * np.array(b)) for a, b in zip(after, before)]
        once = [np.array_equal(a, b) for a, b in zip(after, before)]
        assert all(twice) or (all(once) and not over)
        if over:
            break
    assert k > 50


def assigned(w, b):
    w.assign(w * 2)


def moved(w, b):
    w.to_("c" if w.device == "numpy" else "numpy")


def cut_and_put(w, b):
    w[0] = 7.0


def loaded(w, b):
    nn.state.load_state_dict([w, b], {"0": np.ones(2), "1": np.zeros(1)})


def frozen(w, b):
    w.requires_grad = not w.requires_grad


CHANGES = {f.__name__: f for f in (assigned, moved, cut_and_put, loaded, frozen)}
CHANGING = {
    "assign", "assign_together", "assigned", "to_", "__setitem__", "load_state_dict", "own",
    "change", "requires_grad", "realize_all", "cut_history", "numpy", "compute", "alone_on",
}  # fmt: skip


@pytest.mark.parametrize("action", CHANGES.values(), ids=CHANGES)
def test_an_interrupted_change_of_a_leaf_is_done_or_not_done(device, action):
    if Device.known["c"].unavailable() and action is moved:
        pytest.skip("there is one device")
    Device.DEFAULT = device

    def leaves():
        w, b = Tensor([1.0, 2.0]), Tensor([3.0])
        (w.sum() * b).sum().backward()
        return w, b

    def seen(w, b):
        return [(t.tolist(), t.device, t.requires_grad, t.grad.tolist()) for t in (w, b)]

    old, new = seen(*leaves()), leaves()
    action(*new)
    new = seen(*new)
    for k in moments():
        w, b = leaves()
        over = not interrupted(lambda w=w, b=b: action(w, b), k, CHANGING)
        assert seen(w, b) == new or (seen(w, b) == old and not over)
        check_that_nothing_is_left_behind([w, b])
        w.requires_grad = True
        w.grad = None
        (w * 3).sum().backward()
        assert w.grad.tolist() == [3.0, 3.0]
        if over:
            break
    assert k > 10


def test_an_interrupted_batch_counts_in_both_running_statistics_or_in_none():
    def numbers(norm):
        return norm.running_mean.tolist(), norm.running_var.tolist()

    done, old = nn.BatchNorm(2), numbers(nn.BatchNorm(2))
    done(Tensor(X))
    new = numbers(done)
    for k in moments():
        norm = nn.BatchNorm(2)
        over = not interrupted(
            lambda norm=norm: norm(Tensor(X)),
            k,
            {"forward", "remember", "assign_together", "assigned", "own", "change"},
        )
        assert numbers(norm) == new or (numbers(norm) == old and not over)
        if over:
            break


def test_an_interrupted_schedule_takes_the_same_step_again():
    for k in moments():
        optimizer = optim.SGD([Tensor([1.0])], lr=1.0)
        schedule = optim.lr_scheduler.StepLR(optimizer, 2)
        over = not interrupted(schedule.step, k, {"step", "lr_at", "factor", "lr"})
        seen = schedule.last_epoch
        schedule.step()
        assert optimizer.lr == schedule.lr_at(seen + 1) and schedule.last_epoch == seen + 1
        if over:
            break


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupt_on_the_way_into_no_grad_or_out_of_it_ends_the_block(monkeypatch, times):
    real = recording.BLOCKS

    class Interrupting:
        get, left = real.get, times

        def set(self, blocks):
            real.set(blocks)
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

    monkeypatch.setattr(recording, "BLOCKS", Interrupting())
    with pytest.raises(KeyboardInterrupt), no_grad():
        assert times == 2 and not state.recording()
    assert state.recording()


def test_an_interrupt_while_a_plan_is_made_leaves_no_half_plan(device):
    Device.DEFAULT = device
    x = np.arange(6, dtype=np.float32)
    for k in range(1, 4_000, 97):
        graph = (Tensor(x) * float(k) + 1).reshape(2, 3).sum(0)
        interrupted(graph.realize, k, {"make_plan", "twins", "lay_out", "compile_all", "plan_for"})
        assert lock_is_free() and BUILDING.get() == (None, None, None)
        np.testing.assert_allclose(graph.numpy(), (x * k + 1).reshape(2, 3).sum(0))
