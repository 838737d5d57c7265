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


def test_settings_that_make_no_sense_are_refused():
    optimizer = optim.SGD([Tensor([1.0])])
    for make in (lr_scheduler.StepLR, lr_scheduler.CosineLR, lr_scheduler.LinearWarmup):
        for wrong in (0, -1, 2.5):
            with pytest.raises(ValueError, match="whole number of at least 1"):
                make(optimizer, wrong)
    with pytest.raises(TypeError, match="StepLR needs an optimizer first, got Tensor"):
        lr_scheduler.StepLR(Tensor([1.0]), 3)
