"""Optimizers, schedules, layers and files agree with PyTorch's, number by number."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tinylearn import Tensor, nn  # noqa: E402
from tinylearn.nn import optim  # noqa: E402
from tinylearn.nn.optim import lr_scheduler  # noqa: E402
from tinylearn.nn.state import get_state_dict, load_state_dict, safe_load, safe_save  # noqa: E402

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
SCHEDULES = [
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("CosineAnnealingLR", {"T_max": 8, "eta_min": 0.01}),
    ("LinearLR", {"start_factor": 0.25, "total_iters": 4}),
    ("LambdaLR", {"lr_lambda": lambda n: 1 / (1 + n)}),
]


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


@pytest.mark.parametrize("name, options", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("schedule", [None, *SCHEDULES], ids=str)
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
