"""Schedules set PyTorch's learning rates and momenta, in each group of parameters."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tinylearn.nn import optim  # noqa: E402
from tinylearn.nn.optim import lr_scheduler  # noqa: E402
from tinylearn.tensor import Tensor  # noqa: E402

pytestmark = pytest.mark.torch

RATES = [  # schedules, the optimizer's options, and steps
    ("MultiStepLR", {"milestones": [3, 5, 9], "gamma": 0.5}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 4}),
    ("PolynomialLR", {"total_iters": 6, "power": 2.0}),
    ("MultiplicativeLR", {"lr_lambda": lambda n: 0.9 + 0.01 * n}),
    ("LambdaLR", {"lr_lambda": [lambda n: 0.9**n, lambda n: 1 / (n + 1)]}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "eta_min": 0.001}),
    ("CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 2}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 30}),
    ("OneCycleLR", {"max_lr": [0.5, 0.3], "epochs": 5, "steps_per_epoch": 6, "three_phase": True}),
    (
        "OneCycleLR",
        {"max_lr": 0.2, "total_steps": 25, "anneal_strategy": "linear", "pct_start": 0.4},
    ),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 4}),
    (
        "CyclicLR",
        {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 3, "step_size_down": 5,
         "mode": "triangular2"},
    ),
    (
        "CyclicLR",
        {"base_lr": 0.01, "max_lr": [0.3, 0.2], "step_size_up": 4, "mode": "exp_range",
         "gamma": 0.9, "base_momentum": 0.7},
    ),
]  # fmt: skip


def two_groups(home, name="SGD"):
    """An optimizer of ours or of theirs with two groups."""
    make = Tensor if home is optim else lambda data: torch.tensor(data, requires_grad=True)
    groups = [{"params": [make([1.0])]}, {"params": [make([2.0])], "lr": 0.4}]
    options = {"momentum": 0.9} if name == "SGD" else {}
    return getattr(home, name)(groups, lr=0.8, **options)


def alike(ours, theirs):
    """The groups have the same rates and the same momentum."""
    for mine, other in zip(ours.param_groups, theirs.param_groups, strict=True):
        for name in {"lr", "momentum", "betas"} & set(mine):
            assert mine[name] == pytest.approx(other[name], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("name, options", RATES, ids=lambda x: str(x)[:40])
@pytest.mark.filterwarnings("ignore:Detected call of:UserWarning")
def test_rates_and_momentum_of_groups_agree(name, options, optimizer):
    ours, theirs = two_groups(optim, optimizer), two_groups(torch.optim, optimizer)
    schedule = getattr(lr_scheduler, name)(ours, **options)
    reference = getattr(torch.optim.lr_scheduler, name)(theirs, **options)
    for _ in range(24):
        alike(ours, theirs)
        assert schedule.get_last_lr() == pytest.approx(reference.get_last_lr())
        schedule.step(), reference.step()
    again = two_groups(optim, optimizer)
    resumed = getattr(lr_scheduler, name)(again, **options)
    resumed.load_state_dict(schedule.state_dict())
    alike(again, theirs)
    assert resumed.last_epoch == 24


def composed(home, optimizer, kind):
    """Schedules of schedules, of ours or of theirs."""
    warm = home.LinearLR(optimizer, start_factor=0.1, total_iters=4)
    rest = home.ExponentialLR(optimizer, gamma=0.9)
    if kind == "chained":
        return home.ChainedScheduler([warm, rest])
    steps = home.StepLR(optimizer, step_size=2, gamma=0.5)
    return home.SequentialLR(optimizer, schedulers=[warm, rest, steps], milestones=[4, 9])


@pytest.mark.parametrize("kind", ["chained", "sequential"])
@pytest.mark.filterwarnings("ignore:Detected call of:UserWarning", "ignore:The epoch:UserWarning")
def test_schedules_of_schedules_agree(kind):
    ours, theirs = two_groups(optim), two_groups(torch.optim)
    schedule = composed(lr_scheduler, ours, kind)
    reference = composed(torch.optim.lr_scheduler, theirs, kind)
    for _ in range(15):
        alike(ours, theirs)
        schedule.step(), reference.step()


@pytest.mark.filterwarnings("ignore:Detected call of:UserWarning")
def test_restarts_take_parts_of_epochs_as_theirs():
    ours, theirs = two_groups(optim), two_groups(torch.optim)
    options = {"T_0": 3, "T_mult": 2}
    schedule = lr_scheduler.CosineAnnealingWarmRestarts(ours, **options)
    reference = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(theirs, **options)
    for k in range(40):
        schedule.step(k / 3), reference.step(k / 3)
        alike(ours, theirs)


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 1},
        {"mode": "max", "patience": 0, "factor": 0.5, "cooldown": 2},
        {"threshold_mode": "abs", "threshold": 0.3, "patience": 2, "min_lr": [0.01, 0.2]},
        {"mode": "max", "threshold_mode": "abs", "threshold": 0.1, "patience": 1},
    ],
    ids=str,
)
def test_a_plateau_reduces_when_theirs_does(options):
    ours, theirs = two_groups(optim), two_groups(torch.optim)
    schedule = lr_scheduler.ReduceLROnPlateau(ours, **options)
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    for k, noise in enumerate(np.random.default_rng(0).standard_normal(30)):
        measure = float(3 / (k + 1) + 0.3 * noise)
        schedule.step(measure), reference.step(measure)
        alike(ours, theirs)
    assert schedule.num_bad_epochs == reference.num_bad_epochs
