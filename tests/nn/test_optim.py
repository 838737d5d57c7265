"""Optimizers follow the published formulas, touch nothing else, and say what is wrong."""

import numpy as np
import pytest

from tinylearn.devices.device import Device
from tinylearn.errors import GradientError, ShapeError, TinylearnError
from tinylearn.nn import Linear, ReLU, Sequential, optim
from tinylearn.nn.state import StateError
from tinylearn.parts import Part, using
from tinylearn.plan.plan import PLANS
from tinylearn.tensor import Tensor

SHAPES = [(3, 4), (4,), (), (1,), (2, 1, 3)]
STEPS = 6


def targets(shape, step):
    """Where the loss of a step has its minimum: it moves, so that gradients differ."""
    return np.random.default_rng([step, *shape]).standard_normal(shape).astype(np.float32)


def train(make, steps=STEPS, before_step=None):
    """The parameters after some steps of an optimizer on sums of squares."""
    random = np.random.default_rng(1)
    weights = [Tensor(random.standard_normal(s).astype(np.float32)) for s in SHAPES]
    optimizer = make(weights)
    for step in range(steps):
        if before_step:
            before_step(optimizer, step)
        optimizer.zero_grad()
        loss = sum(((w - targets(w.shape, step)) ** 2).sum() for w in weights)
        loss.backward()
        optimizer.step()
    return [w.numpy() for w in weights]


def by_hand(update, steps=STEPS):
    """The same with NumPy: update(w, g, memory, t) -> w, in float64."""
    random = np.random.default_rng(1)
    weights = [random.standard_normal(s).astype(np.float32).astype(np.float64) for s in SHAPES]
    memories: list[dict] = [{} for _ in weights]
    for step in range(steps):
        for k, w in enumerate(weights):
            g = 2 * (w - targets(w.shape, step))
            weights[k] = update(w, g, memories[k], step + 1)
    return weights


# ---------------------------------------------------------------- formulas, from the papers


def sgd(lr, decay=0.0):
    return lambda w, g, memory, t: w - lr * (g + decay * w)


def momentum(lr, mu, decay=0.0, nesterov=False):
    """Sutskever et al. 2013, in PyTorch's form: v = mu v + g; w = w - lr v."""

    def update(w, g, memory, t):
        g = g + decay * w
        v = memory["v"] = mu * memory.get("v", 0) + g
        return w - lr * (g + mu * v if nesterov else v)

    return update


def adam(lr, b1=0.9, b2=0.999, eps=1e-8, decay=0.0, decoupled=0.0):
    """Kingma & Ba 2015, algorithm 1; decoupled: Loshchilov & Hutter 2019, algorithm 2."""

    def update(w, g, memory, t):
        g = g + decay * w
        m = memory["m"] = b1 * memory.get("m", 0) + (1 - b1) * g
        v = memory["v"] = b2 * memory.get("v", 0) + (1 - b2) * g * g
        step = (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
        return w - lr * step - lr * decoupled * w

    return update


FORMULAS = [
    ("sgd", lambda p: optim.SGD(p, lr=0.1), sgd(0.1)),
    ("sgd with decay", lambda p: optim.SGD(p, 0.1, weight_decay=0.3), sgd(0.1, 0.3)),
    ("momentum", lambda p: optim.SGD(p, 0.05, momentum=0.9), momentum(0.05, 0.9)),
    (
        "momentum with decay",
        lambda p: optim.SGD(p, 0.05, momentum=0.8, weight_decay=0.1),
        momentum(0.05, 0.8, 0.1),
    ),
    (
        "nesterov",
        lambda p: optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
        momentum(0.05, 0.9, nesterov=True),
    ),
    ("adam", lambda p: optim.Adam(p, lr=0.1), adam(0.1)),
    (
        "adam with all settings",
        lambda p: optim.Adam(p, 0.1, betas=(0.8, 0.95), eps=0.01, weight_decay=0.2),
        adam(0.1, 0.8, 0.95, 0.01, 0.2),
    ),
    ("adamw", lambda p: optim.AdamW(p, 0.1), adam(0.1, decoupled=0.01)),
    (
        "adamw with decay",
        lambda p: optim.AdamW(p, 0.1, betas=(0.5, 0.9), weight_decay=0.5),
        adam(0.1, 0.5, 0.9, decoupled=0.5),
    ),
]


@pytest.mark.parametrize("make, formula", [f[1:] for f in FORMULAS], ids=[f[0] for f in FORMULAS])
def test_several_steps_follow_the_published_formula(make, formula, device):
    for got, expected in zip(train(make), by_hand(formula), strict=True):
        assert got.dtype == np.float32 and got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-5)


def test_a_changed_learning_rate_counts_from_the_next_step():
    def lower(optimizer, step):
        optimizer.lr = 0.1 / (step + 1)

    got = train(lambda p: optim.SGD(p, lr=1.0), before_step=lower)
    expected = by_hand(lambda w, g, memory, t: w - 0.1 / t * g)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", [np.float64, np.float16])
def test_a_parameter_keeps_its_dtype(kind):
    w = Tensor(np.array([1.0, 2.0], kind))
    for optimizer in (optim.Adam([w], 0.5), optim.SGD([w], 0.5, momentum=0.9)):
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
    assert w.numpy().dtype == kind


# ---------------------------------------------------------------- what a step leaves alone


def test_graphs_from_before_the_step_keep_the_old_numbers():
    w = Tensor([1.0, 2.0])
    before, loss = w * 10, (w * w).sum()
    loss.backward()
    gradient = w.grad
    optim.SGD([w], lr=0.5).step()
    assert w.tolist() == [0.0, 0.0]
    assert before.tolist() == [10.0, 20.0]
    assert gradient.tolist() == [2.0, 4.0]


def test_the_loss_is_computed_in_the_same_pass():
    w = Tensor([1.0, 2.0])
    loss = (w * w).sum()
    loss.backward()
    optim.SGD([w]).step()
    assert loss.node.buffer is not None
    assert loss.item() == 5.0


def test_an_optimizer_made_after_backward_works():
    model = Linear(2, 1)
    before = model.weight.numpy()
    loss = ((model(Tensor([[0, 1], [1, 1]])).sigmoid() - 1) ** 2).mean()
    loss.backward()
    optim.Adam([model], lr=0.01).step()
    np.testing.assert_allclose(np.abs(model.weight.numpy() - before), 0.01, rtol=1e-3)


def test_a_parameter_is_the_same_object_and_a_leaf_after_a_step():
    w = Tensor([1.0])
    (w * 3).sum().backward()
    optim.SGD([w], lr=1.0).step()
    assert w.is_leaf and w.requires_grad and w.tolist() == [-2.0]
    w.grad = None
    (w * w).sum().backward()
    assert w.grad.tolist() == [-4.0]


def test_parameters_without_a_gradient_are_skipped():
    used, unused = Tensor([1.0]), Tensor([1.0])
    optimizer = optim.Adam([used, unused], lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (used * used).sum().backward()
        optimizer.step()
    assert unused.tolist() == [1.0]
    assert optimizer.steps == [3, 0]


def test_a_late_parameter_gets_the_correction_of_a_first_step():
    first, late = Tensor([1.0]), Tensor([1.0])
    optimizer = optim.Adam([first, late], lr=0.1)
    for loss in (lambda: first.sum(), lambda: (first + late).sum()):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    np.testing.assert_allclose(late.numpy(), [0.9], rtol=1e-5)


def test_gradients_add_up_until_zero_grad():
    w = Tensor([1.0])
    optimizer = optim.SGD([w], lr=1.0)
    (w * 2).sum().backward()
    (w * 3).sum().backward()
    optimizer.step()
    assert w.tolist() == [-4.0]
    optimizer.zero_grad()
    assert w.grad is None


def test_a_rule_that_fails_leaves_everything_as_it_was(monkeypatch):
    w = Tensor([1.0, 2.0])
    optimizer = optim.Adam([w], lr=0.1)
    (w * w).sum().backward()
    monkeypatch.setattr(Part.table["optim.adam"], "contract", None)
    for wrong in (
        lambda w, g, m, v, *more: (w.sum(), m, v),
        lambda w, g, m, v, *more: (w, m.double(), v),
        lambda w, g, m, v, *more: 1 / 0,
    ):
        with using({"optim.adam": wrong}), pytest.raises((ShapeError, ZeroDivisionError)):
            optimizer.step()
        assert w.tolist() == [1.0, 2.0] and optimizer.steps == [0]
        assert optimizer.memory["m"][0].tolist() == [0.0, 0.0]
    optimizer.step()
    np.testing.assert_allclose(w.numpy(), [0.9, 1.9], rtol=1e-5)


def test_what_is_remembered_moves_with_the_model():
    if Device.known["c"].unavailable():
        pytest.skip("one device alone")
    w = Tensor([1.0], device="numpy")
    optimizer = optim.SGD([w], lr=0.5, momentum=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        (w * 2.0).sum().backward()
        optimizer.step()
        w.to_("c")
    assert w.device == "c" and w.tolist() == [-1.5]


def test_steps_after_the_second_need_no_new_plan():
    model = Sequential(Linear(3, 4), ReLU(), Linear(4, 2))
    optimizer = optim.Adam(model, lr=0.01)
    x = np.ones((5, 3), np.float32)

    def step(n):
        optimizer.lr = 0.01 / n
        optimizer.zero_grad()
        model(x).cross_entropy(np.array([0, 1, 0, 1, 1])).backward()
        optimizer.step()

    step(1), step(2)
    plans = len(PLANS)
    for n in range(3, 7):
        step(n)
    assert len(PLANS) == plans


# ---------------------------------------------------------------- what is given


def test_parameters_come_as_a_model_a_list_or_a_mixture():
    model, w = Sequential(Linear(3, 4), Linear(4, 1)), Tensor([1.0])
    everything = [*model.parameters(), w]
    for given in ([model, w], (w, model), everything, iter(everything), (t for t in everything)):
        assert {id(t) for t in optim.SGD(given).parameters} == {id(t) for t in everything}
    assert len(optim.SGD(model).parameters) == 4
    assert len(optim.SGD(w).parameters) == 1
    assert len(optim.SGD({"first": model, "second": w}).parameters) == 5


def test_a_tied_weight_in_a_model_is_learned_once():
    first, second = Linear(3, 3), Linear(3, 3)
    second.weight = first.weight
    assert len(optim.SGD([[first, second]]).parameters) == 3


BAD_PARAMETERS = [
    (list, ValueError, "there is no parameter in an empty list"),
    (lambda: iter(()), ValueError, "there is no parameter"),
    (lambda: [ReLU()], ValueError, "there is no parameter"),
    (lambda: 3, TypeError, "what was given is int 3"),
    (lambda: [Linear(1, 1), 3.0], TypeError, "item 1 is float 3.0"),
    (lambda: "weights", TypeError, "what was given is str"),
    (lambda: [Tensor.relu], TypeError, "item 0 is function"),
    (lambda: [Tensor([1, 2])], TypeError, "item 0 is a Tensor of int64"),
    (lambda: [Tensor([1.0]) * 2], TinylearnError, "item 0 was computed"),
    (lambda: [{"params": [Tensor([1.0])]}, Tensor([1.0])], TypeError, "item 1 is none\nTry {'par"),
    (
        lambda: [{"params": [Tensor([1.0])], "rl": 1}],
        TypeError,
        "no option 'rl'; did you mean 'lr'",
    ),
    (lambda: [{"params": []}], ValueError, "there is no parameter in an empty list"),
    (lambda: [{"params": [Tensor([1.0])], "lr": -1}], ValueError, "lr must be at least 0"),
]


@pytest.mark.parametrize("given, error, says", BAD_PARAMETERS)
def test_what_cannot_be_learned_is_refused(given, error, says):
    with pytest.raises(error, match=says):
        optim.SGD(given())


def test_a_parameter_given_twice_is_learned_once_and_both_places_are_named():
    w, model = Tensor([1.0]), Linear(1, 1)
    with pytest.warns(UserWarning, match="item 2 and item 0 are or hold the same Tensor"):
        optimizer = optim.SGD([w, Tensor([2.0]), w], lr=1.0)
    (3 * w).sum().backward()
    optimizer.step()
    assert w.item() == -2
    with pytest.warns(UserWarning, match="item 1 and item 0"):
        assert len(optim.SGD([model, model.weight]).parameters) == 2


@pytest.mark.parametrize("lr", [-0.1, float("nan"), float("inf"), None, "fast"])
def test_a_learning_rate_must_be_a_finite_number_from_zero_up(lr):
    w = Tensor([1.0])
    with pytest.raises((ValueError, TypeError), match="lr must be"):
        optim.SGD([w], lr=lr)
    optimizer = optim.Adam([w])
    with pytest.raises((ValueError, TypeError), match="lr must be"):
        optimizer.lr = lr
    assert optimizer.lr == 0.001


def test_other_settings_are_checked_too():
    w = Tensor([1.0])
    for wrong in (
        {"momentum": 1.0},
        {"momentum": -0.5},
        {"weight_decay": -1},
        {"nesterov": True},
    ):
        with pytest.raises(ValueError):
            optim.SGD([w], **wrong)
    for wrong in ({"betas": (0.9, 1.0)}, {"betas": (-0.1, 0.9)}, {"eps": -1.0}):
        with pytest.raises(ValueError):
            optim.Adam([w], **wrong)


def test_a_step_without_any_gradient_says_what_was_forgotten():
    w = Tensor([1.0])
    optimizer = optim.SGD([w])
    with pytest.raises(GradientError, match=r"follows backward\(\)(.|\n)*Try loss.backward\(\)$"):
        optimizer.step()
    Tensor.training = False
    with pytest.raises(GradientError, match=r"recorded while Tensor\.training is False"):
        optimizer.step()


# ---------------------------------------------------------------- state


@pytest.mark.parametrize(
    "make", [lambda p: optim.Adam(p, 0.1), lambda p: optim.SGD(p, 0.1, momentum=0.9)]
)
def test_training_goes_on_from_a_saved_state_as_if_it_had_not_stopped(make):
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


def test_a_state_of_another_optimizer_is_refused_and_changes_nothing():
    w = Tensor([1.0])
    optimizer = optim.Adam([w], lr=0.5)
    state = optim.SGD([w], lr=0.1, momentum=0.9).state_dict()
    with pytest.raises(StateError, match=r"missing: m\.0"):
        optimizer.load_state_dict(state)
    assert optimizer.lr == 0.5
