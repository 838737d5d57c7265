"""Optimizers, schedules, layers and files agree with PyTorch's, number by number."""

import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tinylearn import Tensor, nn  # noqa: E402
from tinylearn.nn import optim  # noqa: E402
from tinylearn.nn.optim import lr_scheduler  # noqa: E402
from tinylearn.nn.state import (  # noqa: E402
    StateError,
    get_state_dict,
    load_state_dict,
    safe_load,
    safe_save,
)
from tinylearn.plan.plan import PLANS  # noqa: E402

pytestmark = pytest.mark.torch

OPTIMIZERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.2}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.7, 0.9), "eps": 0.01, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3}),
]
OPTIONS = [
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.02, "momentum": 0.5, "maximize": True}),
    ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("Adam", {"lr": 0.05, "maximize": True, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.2}),
    ("AdamW", {"lr": 0.05, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.02, "alpha": 0.8, "eps": 0.01, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.9}),
    ("RMSprop", {"lr": 0.01, "centered": True, "eps": 0.1}),
    ("RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.5, "maximize": True, "eps": 0.1}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 0.01, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 0.001, "weight_decay": 0.1, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.05, "betas": (0.8, 0.9), "eps": 0.01, "weight_decay": 0.1}),
    ("Adamax", {"lr": 0.05, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.05, "betas": (0.8, 0.9), "momentum_decay": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.05, "betas": (0.8, 0.9), "eps": 0.01, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
]
SCHEDULES = [
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("CosineAnnealingLR", {"T_max": 8, "eta_min": 0.01}),
    ("LinearLR", {"start_factor": 0.25, "total_iters": 4}),
    ("LambdaLR", {"lr_lambda": lambda n: 1 / (1 + n)}),
]


def name_of(given):
    """The id of a case, the same in every process: a function's own text has its address."""
    return re.sub(r" at 0x\w+", "", str(given))


def floats(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def models(ours, theirs):
    """Two models with the same numbers."""
    state = {k: t.detach().numpy().copy() for k, t in theirs.state_dict().items()}
    load_state_dict(ours, state)
    return ours, theirs


def networks():
    ours = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3))
    theirs = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3))
    return models(ours, theirs)


def agree(ours, theirs, tolerance=2e-4):
    state = theirs.state_dict()
    for name, tensor in get_state_dict(ours).items():
        expected = state[name].detach().numpy()
        np.testing.assert_allclose(tensor.numpy(), expected, rtol=tolerance, atol=tolerance)


def sides(step):
    """The losses of a small problem whose minimum moves: of ours, and of theirs."""
    target = floats(4, 3, seed=step)
    return (
        lambda w: ((w - target) ** 2).sum() + (w[0] * w[1]).sum().sin(),
        lambda w: ((w - torch.tensor(target)) ** 2).sum() + (w[0] * w[1]).sum().sin(),
    )


def steps(ours, theirs, w, v, count, before=lambda k: None):
    """Both optimizers go on by so many steps and stay together."""
    for k in range(count):
        before(k)
        for optimizer, weight, loss in zip((ours, theirs), (w, v), sides(k), strict=True):
            optimizer.zero_grad()
            loss(weight).backward()
            optimizer.step()
        np.testing.assert_allclose(w.numpy(), v.detach().numpy(), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name, options", OPTIMIZERS + OPTIONS, ids=str)
def test_thirty_steps_agree_with_every_option(name, options):
    w = Tensor(floats(4, 3, seed=99))
    v = torch.tensor(w.numpy(), requires_grad=True)
    steps(
        getattr(optim, name)([w], **options), getattr(torch.optim, name)([v], **options), w, v, 30
    )


def test_groups_learn_each_at_its_own_rate_and_take_new_ones():
    ours, theirs = networks()
    more, other = Tensor(floats(5)), torch.tensor(floats(5), requires_grad=True)
    pairs = []
    for home, model, extra in ((optim, ours, more), (torch.optim, theirs, other)):
        groups = [
            {"params": model[0].parameters(), "lr": 0.01, "momentum": 0.0},
            {"params": [model[2].weight, model[2].bias], "weight_decay": 0.1},
        ]
        optimizer = home.SGD(groups, lr=0.1, momentum=0.9)
        optimizer.add_param_group({"params": [extra], "lr": 0.5})
        pairs.append(optimizer)
    assert [g["lr"] for g in pairs[0].param_groups] == [0.01, 0.1, 0.5]
    for k in range(10):
        x = floats(6, 5, seed=k)
        for optimizer, model, extra, batch in zip(
            pairs, (ours, theirs), (more, other), (Tensor(x), torch.tensor(x)), strict=True
        ):
            for g in optimizer.param_groups:
                g["lr"] *= 0.9
            optimizer.zero_grad()
            ((model(batch * extra) ** 2).mean()).backward()
            optimizer.step()
    agree(ours, theirs)
    np.testing.assert_allclose(more.numpy(), other.detach().numpy(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_training_under_one_cycle_agrees_and_needs_no_new_plans(name, momentum):
    w = Tensor(floats(4, 3, seed=99))
    v = torch.tensor(w.numpy(), requires_grad=True)
    options = {"momentum": momentum} if name != "Adam" else {}
    ours = getattr(optim, name)([w], lr=0.1, **options)
    theirs = getattr(torch.optim, name)([v], lr=0.1, **options)
    how = {"max_lr": 0.02, "total_steps": 40}
    schedules = [
        lr_scheduler.OneCycleLR(ours, **how),
        torch.optim.lr_scheduler.OneCycleLR(theirs, **how),
    ]
    seen = []

    def before(k):
        seen.append(len(PLANS))
        if k:
            for schedule in schedules:
                schedule.step()

    steps(ours, theirs, w, v, 30, before)
    assert seen[-1] <= seen[4]


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize("options", [{}, {"lr": 0.5, "max_iter": 7, "history_size": 3}], ids=str)
def test_lbfgs_takes_their_steps(search, options):
    start = floats(6, seed=5).astype(np.float64)
    w, v = Tensor(start), torch.tensor(start, requires_grad=True)

    def valley(x):
        return ((1 - x[:-1]) ** 2 + 10 * (x[1:] - x[:-1] ** 2) ** 2).sum()

    ours = optim.LBFGS([w], **options, line_search_fn=search)
    theirs = torch.optim.LBFGS([v], **options, line_search_fn=search)
    for _ in range(3):
        found = []
        for optimizer, weight in ((ours, w), (theirs, v)):

            def closure(optimizer=optimizer, weight=weight):
                optimizer.zero_grad()
                loss = valley(weight)
                loss.backward()
                return loss

            found.append(optimizer.step(closure).item())
        assert found[0] == pytest.approx(found[1], rel=1e-6)
        np.testing.assert_allclose(w.numpy(), v.detach().numpy(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name, options", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("schedule", [None, *SCHEDULES], ids=name_of)
def test_training_agrees(name, options, schedule):
    ours, theirs = networks()
    optimizer = getattr(optim, name)([ours], **options)
    reference = getattr(torch.optim, name)(theirs.parameters(), **options)
    schedules = []
    if schedule:
        kind, settings = schedule
        schedules = [
            getattr(lr_scheduler, kind)(optimizer, **settings),
            getattr(torch.optim.lr_scheduler, kind)(reference, **settings),
        ]
    for step in range(8):
        x, y = floats(6, 5, seed=step), np.arange(6) % 3
        optimizer.zero_grad(), reference.zero_grad()
        loss = ours(x).cross_entropy(y)
        expected = torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y))
        loss.backward(), expected.backward()
        optimizer.step(), reference.step()
        assert loss.item() == pytest.approx(expected.item(), rel=1e-3)
        for s in schedules:
            s.step()
        assert optimizer.lr == pytest.approx(reference.param_groups[0]["lr"])
    agree(ours, theirs)


RESUMED = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-3}),
    ("AdamW", {"lr": 0.1, "amsgrad": True}),
    ("RMSprop", {"lr": 0.1, "momentum": 0.5, "centered": True}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1}),
    ("Adadelta", {"lr": 0.5}),
    ("Adamax", {"lr": 0.1}),
    ("NAdam", {"lr": 0.1}),
    ("RAdam", {"lr": 0.1}),
]


@pytest.mark.parametrize("name, options", RESUMED, ids=str)
def test_an_optimizer_goes_on_where_theirs_has_stopped(name, options, tmp_path):
    x, never = torch.tensor(floats(3, 2), requires_grad=True), torch.ones(2, requires_grad=True)
    theirs = getattr(torch.optim, name)([x, never], **options)

    def go_on(w, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            ((w - 3.0) ** 2).sum().backward()
            optimizer.step()

    go_on(x, theirs, 7)
    torch.save(theirs.state_dict(), tmp_path / "theirs.pt")
    w = Tensor(x.detach().numpy())
    ours = getattr(optim, name)([w, Tensor([1.0, 1.0])])  # with none of their options
    ours.load_state_dict(torch.load(tmp_path / "theirs.pt"))
    go_on(x, theirs, 5)
    go_on(w, ours, 5)
    np.testing.assert_allclose(w.numpy(), x.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_a_state_of_theirs_that_does_not_fit_changes_nothing():
    theirs = torch.optim.SGD([torch.ones(2, requires_grad=True)], lr=0.5)
    ours = optim.SGD([Tensor([1.0]), Tensor([2.0])], lr=0.1)
    with pytest.raises(StateError, match=r"groups of \[2\] parameters, the state of \[1\]"):
        ours.load_state_dict(theirs.state_dict())
    wrong = optim.SGD([Tensor([1.0, 2.0])], lr=0.1)
    state = theirs.state_dict()
    state["param_groups"][0]["lr"] = -1.0
    with pytest.raises(ValueError, match="lr must be"):
        wrong.load_state_dict(state)
    assert ours.lr == wrong.lr == 0.1


def test_batchnorm_trains_and_rests_as_theirs():
    ours, theirs = models(
        nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)),
        torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3)),
    )
    optimizer, reference = optim.SGD(ours, 0.1), torch.optim.SGD(theirs.parameters(), 0.1)
    for step in range(4):
        x = floats(3, 2, 5, 5, seed=step) * 2 + 1
        for model, one, batch in ((ours, optimizer, x), (theirs, reference, torch.tensor(x))):
            one.zero_grad()
            (model(batch) ** 3).mean().backward()
            one.step()
    agree(ours, theirs, 1e-3)
    ours.eval(), theirs.eval()
    x = floats(1, 2, 4, 4)
    expected = theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(ours(x).numpy(), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "ours, theirs, shape",
    [
        (
            lambda: nn.Conv2d(4, 6, (3, 2), 2, 1, 1, 2),
            lambda: torch.nn.Conv2d(4, 6, (3, 2), 2, 1, 1, 2),
            (2, 4, 7, 6),
        ),
        (lambda: nn.LayerNorm((3, 4)), lambda: torch.nn.LayerNorm((3, 4)), (2, 3, 4)),
        (lambda: nn.Linear(3, 2, bias=False), lambda: torch.nn.Linear(3, 2, bias=False), (4, 5, 3)),
        (lambda: nn.MaxPool2d(3, 2, 1), lambda: torch.nn.MaxPool2d(3, 2, 1), (2, 3, 7, 7)),
        (lambda: nn.AvgPool2d(2, 1), lambda: torch.nn.AvgPool2d(2, 1), (2, 3, 5, 4)),
        (lambda: nn.GELU("tanh"), lambda: torch.nn.GELU(approximate="tanh"), (3, 4)),
        (lambda: nn.Softmax(1), lambda: torch.nn.Softmax(1), (3, 4)),
    ],
)
def test_layers_and_their_gradients_agree(ours, theirs, shape):
    ours, theirs = models(ours(), theirs())
    x = floats(*shape)
    mine, other = Tensor(x), torch.tensor(x, requires_grad=True)
    y, expected = ours(mine), theirs(other)
    np.testing.assert_allclose(y.numpy(), expected.detach().numpy(), rtol=1e-4, atol=1e-5)
    (y * y).sum().backward()
    (expected * expected).sum().backward()
    np.testing.assert_allclose(mine.grad.numpy(), other.grad.numpy(), rtol=1e-3, atol=1e-4)
    for w, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(w.grad.numpy(), reference.grad.numpy(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name, shape", [("Linear", (50, 40)), ("Conv2d", (8, 9, 3))])
def test_first_numbers_are_as_large_as_theirs(name, shape):
    mine = getattr(nn, name)(*shape).weight.numpy()
    theirs = getattr(torch.nn, name)(*shape).weight.detach().numpy()
    assert mine.shape == theirs.shape
    assert mine.std() == pytest.approx(theirs.std(), rel=0.15)
    assert np.abs(mine).max() == pytest.approx(np.abs(theirs).max(), rel=0.05)


def test_files_are_read_both_ways(tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    ours, theirs = networks()
    safe_save(get_state_dict(ours), tmp_path / "ours")
    theirs.load_state_dict(safetensors.load_file(tmp_path / "ours"))
    with torch.no_grad():
        theirs[0].weight += 1
    safetensors.save_file(theirs.state_dict(), tmp_path / "theirs")
    load_state_dict(ours, safe_load(tmp_path / "theirs"))
    agree(ours, theirs, 0)
