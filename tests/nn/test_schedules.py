"""Schedules set the learning rates that their formulas give."""

import math

import pytest

from tinylearn.nn import optim
from tinylearn.nn.optim import lr_scheduler
from tinylearn.tensor import Tensor


def rates(make, count):
    """The learning rates of the first steps, from a base of 0.8."""
    optimizer = optim.SGD([Tensor([1.0])], lr=0.8)
    schedule = make(optimizer)
    found = []
    for _ in range(count):
        found.append(optimizer.lr)
        schedule.step()
    return found


TABLE = [
    (lambda o: lr_scheduler.StepLR(o, 2), [0.8, 0.8, 0.08, 0.08, 0.008]),
    (lambda o: lr_scheduler.StepLR(o, 1, gamma=0.5), [0.8, 0.4, 0.2, 0.1]),
    (lambda o: lr_scheduler.ExponentialLR(o, 0.5), [0.8, 0.4, 0.2]),
    (lambda o: lr_scheduler.LambdaLR(o, lambda n: 1 / (n + 1)), [0.8, 0.4, 0.8 / 3]),
    (lambda o: lr_scheduler.LinearLR(o, 0.5, 1.0, 2), [0.4, 0.6, 0.8, 0.8]),
    (lambda o: lr_scheduler.LinearWarmup(o, 4), [0.2, 0.4, 0.6, 0.8, 0.8]),
    (lambda o: lr_scheduler.LinearWarmup(o, 1), [0.8, 0.8]),
    (
        lambda o: lr_scheduler.CosineLR(o, 4),
        [0.4 * (1 + math.cos(k * math.pi / 4)) for k in range(5)],
    ),
    (lambda o: lr_scheduler.CosineAnnealingLR(o, 2, eta_min=0.2), [0.8, 0.5, 0.2]),
    (lambda o: lr_scheduler.MultiStepLR(o, [1, 3], 0.5), [0.8, 0.4, 0.4, 0.2, 0.2]),
    (lambda o: lr_scheduler.ConstantLR(o, 0.25, 2), [0.2, 0.2, 0.8, 0.8]),
    (lambda o: lr_scheduler.PolynomialLR(o, 4, 2.0), [0.8, 0.45, 0.2, 0.05, 0, 0]),
    (lambda o: lr_scheduler.MultiplicativeLR(o, lambda n: 1 / n), [0.8, 0.8, 0.4, 0.8 / 6]),
    (
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 1, 2),
        [0.8, 0.8, 0.4, 0.8, 0.4 + 0.2 * math.sqrt(2), 0.4, 0.4 - 0.2 * math.sqrt(2), 0.8],
    ),
    (
        lambda o: lr_scheduler.OneCycleLR(
            o, 1.0, 7, pct_start=4 / 7, anneal_strategy="linear", div_factor=4, final_div_factor=25
        ),
        [0.25, 0.5, 0.75, 1.0, 0.67, 0.34, 0.01],
    ),
    (
        lambda o: lr_scheduler.CyclicLR(o, 0.2, 0.6, 2, mode="triangular2"),
        [0.2, 0.4, 0.6, 0.4, 0.2, 0.3, 0.4, 0.3, 0.2, 0.25],
    ),
    (
        lambda o: lr_scheduler.CyclicLR(o, 0.0, 1.0, 1, 3, scale_fn=lambda n: 1 / n),
        [0, 1, 2 / 3, 1 / 3, 0, 0.5],
    ),
    (
        lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.LinearWarmup(o, 2), lr_scheduler.ExponentialLR(o, 0.5)], [2]
        ),
        [0.4, 0.8, 0.8, 0.4, 0.2],
    ),
    (
        lambda o: lr_scheduler.ChainedScheduler(
            [lr_scheduler.ConstantLR(o, 0.5, 2), lr_scheduler.ExponentialLR(o, 0.5)]
        ),
        [0.4, 0.2, 0.2, 0.1],
    ),
]


@pytest.mark.parametrize("make, expected", TABLE)
def test_a_schedule_follows_its_formula(make, expected):
    assert rates(make, len(expected)) == pytest.approx(expected)


def test_a_schedule_goes_on_from_its_state():
    optimizer = optim.SGD([Tensor([1.0])], lr=0.8)
    schedule = lr_scheduler.StepLR(optimizer, 1, 0.5)
    schedule.step(), schedule.step()
    other = optim.SGD([Tensor([1.0])], lr=0.3)
    again = lr_scheduler.StepLR(other, 1, 0.5)
    again.load_state_dict(schedule.state_dict())
    again.step()
    assert other.lr == again.get_last_lr()[0] == pytest.approx(0.1)
    assert repr(again) == "StepLR(lr=0.1 after 3 steps)"


def test_where_the_rate_is_high_the_momentum_is_low():
    sgd = optim.SGD([Tensor([1.0])], lr=0.1, momentum=0.5)
    adam = optim.Adam([Tensor([1.0])])
    for optimizer in (sgd, adam):
        schedule = lr_scheduler.CyclicLR(
            optimizer, 0.1, 0.3, 2, base_momentum=0.6, max_momentum=0.8
        )
        found = []
        for _ in range(5):
            group = optimizer.param_groups[0]
            found.append(group["betas"][0] if "betas" in group else group["momentum"])
            schedule.step()
        assert found == pytest.approx([0.8, 0.7, 0.6, 0.7, 0.8])
    assert adam.param_groups[0]["betas"][1] == 0.999


def test_a_plateau_lowers_the_rate_when_nothing_gets_better():
    optimizer = optim.SGD([Tensor([1.0])], lr=0.8)
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=1)
    found = []
    for loss in (3.0, 2.0, 2.0, Tensor(2.5), 2.0, 2.0, 2.0, 1.0, 1.0):
        schedule.step(loss)
        found.append(optimizer.lr)
    assert found == pytest.approx([0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2])
    other = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    other.load_state_dict(schedule.state_dict())
    assert other.best == 1.0 and other.last_epoch == 9
    assert repr(other) == "ReduceLROnPlateau(lr=0.2, best 1)"


def test_a_cycle_that_is_over_says_how_long_it_should_have_been():
    schedule = lr_scheduler.OneCycleLR(optim.SGD([Tensor([1.0])], 0.1), 0.5, total_steps=2)
    schedule.step(), schedule.step()
    with pytest.raises(ValueError, match=r"for 2 steps, and this is step 3\nTry total_steps=3"):
        schedule.step()


def test_settings_that_make_no_sense_are_refused():
    optimizer = optim.SGD([Tensor([1.0])])
    for make in (lr_scheduler.StepLR, lr_scheduler.CosineLR, lr_scheduler.LinearWarmup):
        for wrong in (0, -1, 2.5):
            with pytest.raises(ValueError, match="whole number of at least 1"):
                make(optimizer, wrong)
    with pytest.raises(TypeError, match="StepLR needs an optimizer first, got Tensor"):
        lr_scheduler.StepLR(Tensor([1.0]), 3)
