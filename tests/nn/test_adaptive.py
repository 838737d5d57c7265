"""Optimizers with steps of their own size follow their formulas; groups and closures are heard."""

import numpy as np
import pytest

from tests.nn.test_optim import by_hand, train
from tinylearn.nn import Linear, Sequential, Tanh, optim
from tinylearn.nn.state import StateError
from tinylearn.parts import using
from tinylearn.plan.plan import PLANS
from tinylearn.tensor import Tensor

# ---------------------------------------------------------------- formulas, from the papers


def rmsprop(lr, alpha, eps, mu=0.0):
    def update(w, g, memory, t):
        v = memory["v"] = alpha * memory.get("v", 0) + (1 - alpha) * g * g
        push = memory["b"] = mu * memory.get("b", 0) + g / (np.sqrt(v) + eps)
        return w - lr * push

    return update


def adagrad(lr, slower, eps):
    def update(w, g, memory, t):
        v = memory["v"] = memory.get("v", 0) + g * g
        return w - lr / (1 + (t - 1) * slower) * g / (np.sqrt(v) + eps)

    return update


def adadelta(lr, rho, eps):
    def update(w, g, memory, t):
        v = memory["v"] = rho * memory.get("v", 0) + (1 - rho) * g * g
        u = memory.get("u", 0)
        step = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        memory["u"] = rho * u + (1 - rho) * step**2
        return w - lr * step

    return update


def moments(lr, b1, b2, eps, how):
    """Adam's relatives: how(g, m, v, memory, t) is the step."""

    def update(w, g, memory, t):
        m = memory["m"] = b1 * memory.get("m", 0) + (1 - b1) * g
        v = memory["v"] = b2 * memory.get("v", 0) + (1 - b2) * g * g
        return w - lr * how(g, m, v, memory, t)

    return update


def amsgrad(g, m, v, memory, t):
    top = memory["top"] = np.maximum(memory.get("top", 0), v)
    return m / (1 - 0.8**t) / (np.sqrt(top / (1 - 0.9**t)) + 0.01)


def adamax(g, m, v, memory, t):
    u = memory["u"] = np.maximum(0.9 * memory.get("u", 0), np.abs(g) + 0.01)
    return m / (1 - 0.8**t) / u


def nadam(g, m, v, memory, t):
    shares = [0.8 * (1 - 0.5 * 0.96 ** (k * 0.1)) for k in range(1, t + 2)]
    done = np.prod(shares[:-1])
    now = (1 - shares[-2]) / (1 - done) * g + shares[-1] / (1 - done * shares[-1]) * m
    return now / (np.sqrt(v / (1 - 0.9**t)) + 0.01)


def radam(g, m, v, memory, t):
    most = 2 / (1 - 0.9) - 1
    length = most - 2 * t * 0.9**t / (1 - 0.9**t)
    step = m / (1 - 0.8**t)
    if length <= 5:
        return step
    top = (length - 4) * (length - 2) * most
    share = np.sqrt(top / ((most - 4) * (most - 2) * length))
    return step * share * np.sqrt(1 - 0.9**t) / (np.sqrt(v) + 0.01)


def lion(lr, b1, b2, decay):
    def update(w, g, memory, t):
        m = memory.get("m", 0)
        memory["m"] = b2 * m + (1 - b2) * g
        return w - lr * decay * w - lr * np.sign(b1 * m + (1 - b1) * g)

    return update


def dampened(lr, mu, dampening):
    def update(w, g, memory, t):
        v = memory["v"] = g if t == 1 else mu * memory["v"] + (1 - dampening) * g
        return w - lr * v

    return update


B = {"betas": (0.8, 0.9), "eps": 0.01}
FORMULAS = {
    "rmsprop": (lambda p: optim.RMSprop(p, 0.1, 0.8, 0.01), rmsprop(0.1, 0.8, 0.01)),
    "rmsprop with momentum": (
        lambda p: optim.RMSprop(p, 0.1, 0.8, 0.01, momentum=0.5),
        rmsprop(0.1, 0.8, 0.01, 0.5),
    ),
    "adagrad": (lambda p: optim.Adagrad(p, 0.1, 0.2, eps=0.01), adagrad(0.1, 0.2, 0.01)),
    "adadelta": (lambda p: optim.Adadelta(p, 0.5, 0.8, 0.01), adadelta(0.5, 0.8, 0.01)),
    "amsgrad": (
        lambda p: optim.Adam(p, 0.1, **B, amsgrad=True),
        moments(0.1, 0.8, 0.9, 0.01, amsgrad),
    ),
    "adamax": (lambda p: optim.Adamax(p, 0.1, **B), moments(0.1, 0.8, 0.9, 0.01, adamax)),
    "nadam": (
        lambda p: optim.NAdam(p, 0.1, **B, momentum_decay=0.1),
        moments(0.1, 0.8, 0.9, 0.01, nadam),
    ),
    "radam": (lambda p: optim.RAdam(p, 0.1, **B), moments(0.1, 0.8, 0.9, 0.01, radam)),
    "lion": (lambda p: optim.Lion(p, 0.1, weight_decay=0.2), lion(0.1, 0.9, 0.99, 0.2)),
    "dampening": (
        lambda p: optim.SGD(p, 0.05, momentum=0.9, dampening=0.3),
        dampened(0.05, 0.9, 0.3),
    ),
    "uphill": (lambda p: optim.SGD(p, 0.05, maximize=True), lambda w, g, memory, t: w + 0.05 * g),
}


@pytest.mark.parametrize("make, formula", FORMULAS.values(), ids=FORMULAS)
def test_several_steps_follow_the_published_formula(make, formula, device):
    for got, expected in zip(train(make, 9), by_hand(formula, 9), strict=True):
        np.testing.assert_allclose(got, expected, rtol=5e-4, atol=5e-5)


@pytest.mark.parametrize("make, formula", FORMULAS.values(), ids=FORMULAS)
def test_training_goes_on_from_a_saved_state(make, formula):
    def steps(w, optimizer, count):
        for _ in range(count):
            optimizer.zero_grad()
            ((w - 3.0) ** 2).sum().backward()
            optimizer.step()

    whole = Tensor([1.0, -2.0])
    steps(whole, make([whole]), 7)
    part = Tensor([1.0, -2.0])
    optimizer = make([part])
    steps(part, optimizer, 4)
    rest = Tensor(part.numpy())
    again = make([rest])
    again.load_state_dict(optimizer.state_dict())
    steps(rest, again, 3)
    np.testing.assert_allclose(rest.numpy(), whole.numpy(), rtol=1e-6)


@pytest.mark.parametrize("make, formula", FORMULAS.values(), ids=FORMULAS)
def test_steps_after_the_first_few_need_no_new_plan(make, formula):
    model = Sequential(Linear(3, 4), Tanh(), Linear(4, 1))
    optimizer, seen = make([model]), []
    for k in range(9):
        optimizer.lr = 0.01 / (k + 1)
        optimizer.zero_grad()
        (model(np.ones((2, 3), np.float32)) ** 2).mean().backward()
        optimizer.step()
        seen.append(len(PLANS))
    assert seen[-1] == seen[2]


# ---------------------------------------------------------------- groups


def test_groups_have_options_of_their_own_and_may_be_set_anew():
    slow, fast = Linear(2, 2), Tensor([1.0])
    optimizer = optim.SGD([{"params": slow, "lr": 0.1}, {"params": fast, "momentum": 0.5}], 1.0)
    assert [len(g["params"]) for g in optimizer.param_groups] == [2, 1]
    assert optimizer.memory["v"][:2] == [None, None] and optimizer.memory["v"][2] is not None
    assert optimizer.lr == 0.1 and list(optimizer.state_dict()) == ["lr", "steps", "v.2"]
    for g in optimizer.param_groups:
        g["lr"] = 0.25
    (fast * 2).sum().backward()
    optimizer.step()
    assert fast.tolist() == [0.5] and optimizer.steps == [0, 0, 1]
    optimizer.param_groups[0]["momentum"] = 0.9
    slow(Tensor([[1.0, 1.0]])).sum().backward()
    optimizer.step()
    assert optimizer.memory["v"][0].tolist() == [[1, 1], [1, 1]]
    optimizer.lr = 3.0
    assert [g["lr"] for g in optimizer.param_groups] == [3.0, 3.0]
    optimizer.param_groups[1]["lr"] = "fast"
    with pytest.raises(TypeError, match="lr must be a number"):
        optimizer.step()


def test_a_state_keeps_the_rate_of_each_group():
    def make():
        return optim.SGD([{"params": Tensor([1.0]), "lr": r} for r in (0.1, 0.2)], lr=1.0)

    one, two = make(), make()
    one.param_groups[1]["lr"] = 0.7
    two.load_state_dict(one.state_dict())
    assert [g["lr"] for g in two.param_groups] == [0.1, 0.7]
    with pytest.raises(StateError):
        optim.SGD([Tensor([1.0])]).load_state_dict(one.state_dict())


def test_a_later_group_may_not_hold_what_is_learned_already():
    w = Tensor([1.0])
    optimizer = optim.Adam([w])
    with pytest.raises(ValueError, match="an earlier group are or hold the same"):
        optimizer.add_param_group({"params": [w]})
    assert optimizer.steps == [0]
    optimizer.add_param_group({"params": Tensor([2.0]), "betas": (0.5, 0.9)})
    assert len(optimizer.parameters) == 2 and len(optimizer.memory["m"]) == 2


def test_a_rule_of_the_users_runs_in_every_group():
    weights = [Tensor([1.0]), Tensor([1.0])]
    optimizer = optim.SGD([{"params": w, "lr": r} for w, r in zip(weights, (0.1, 0.2))], lr=1.0)
    (weights[0] + weights[1]).sum().backward()

    def mine(w, g, lr):
        return w - g * lr

    with using({"optim.sgd": mine}):
        optimizer.step()
    np.testing.assert_allclose([w.item() for w in weights], [0.9, 0.8], rtol=1e-6)


# ---------------------------------------------------------------- closures


def test_a_closure_is_called_before_the_step_and_its_loss_comes_back():
    w = Tensor([2.0])
    optimizer = optim.SGD([w], lr=0.25)

    def closure():
        optimizer.zero_grad(set_to_none=False)
        loss = (w * w).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4.0 and w.tolist() == [1.0]
    assert optimizer.step(closure).item() == 1.0 and w.tolist() == [0.5]


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_finds_the_bottom_of_a_bowl_and_goes_on_from_its_state(search):
    matrix = np.diag([1.0, 4.0, 9.0]).astype(np.float32)

    def run(w, optimizer, count):
        def closure():
            optimizer.zero_grad()
            loss = (((w - 1.0) @ matrix) * (w - 1.0)).sum()
            loss.backward()
            return loss

        for _ in range(count):
            optimizer.step(closure)

    w = Tensor([3.0, -2.0, 5.0])
    optimizer = optim.LBFGS([w], lr=0.5 if search is None else 1, max_iter=4, line_search_fn=search)
    run(w, optimizer, 2)
    rest = Tensor(w.numpy())
    again = optim.LBFGS([rest], lr=optimizer.lr, max_iter=4, line_search_fn=search)
    again.load_state_dict(optimizer.state_dict())
    run(w, optimizer, 8), run(rest, again, 8)
    np.testing.assert_allclose(w.numpy(), 1.0, atol=1e-3)
    np.testing.assert_allclose(rest.numpy(), w.numpy(), atol=1e-5)
    with pytest.raises(StateError, match="no state of an LBFGS that learns 3 numbers"):
        again.load_state_dict(optim.SGD([w]).state_dict())


def test_a_closure_without_backward_is_named():
    w = Tensor([1.0])
    with pytest.raises(ValueError, match=r"left no gradient\nTry loss.backward\(\) in it"):
        optim.LBFGS([w]).step(lambda: (w * w).sum())
