"""Trainings that are run captured and as they are written, for the tests of capture."""

import numpy as np

import tinylearn as tl
from tinylearn import Tensor, nn
from tinylearn.nn import optim

RNG = np.random.default_rng(3)
BATCHES = [
    (RNG.standard_normal((6, 4)).astype(np.float32), RNG.integers(0, 3, 6)) for _ in range(9)
]
OPTIMIZERS = {
    "sgd": lambda m: optim.SGD([m], lr=0.1),
    "momentum": lambda m: optim.SGD([m], lr=0.1, momentum=0.9, dampening=0.2, weight_decay=0.01),
    "adam": lambda m: optim.Adam([m], lr=0.01),
    "adamw": lambda m: optim.AdamW([m], lr=0.01, amsgrad=True),
    "rmsprop": lambda m: optim.RMSprop([m], lr=0.01, momentum=0.5, centered=True),
    "adagrad": lambda m: optim.Adagrad([m], lr=0.1, lr_decay=0.1),
    "adadelta": lambda m: optim.Adadelta([m]),
    "adamax": lambda m: optim.Adamax([m], lr=0.01),
    "nadam": lambda m: optim.NAdam([m], lr=0.01),
    "radam": lambda m: optim.RAdam([m], lr=0.01),
    "lion": lambda m: optim.Lion([m], lr=0.01, weight_decay=0.1),
}


def network(*more):
    """A little network, always with the same first weights."""
    tl.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), *more, nn.Linear(8, 3))


def step_of(model, optimizer):
    """A training step, as its users write it."""

    def step(x, y):
        optimizer.zero_grad()
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def trained(how, make=OPTIMIZERS["sgd"], layers=(), between=lambda k, model, optimizer: None):
    """Losses and weights after nine steps, each run as `how` says."""
    model = network(*[layer() for layer in layers])
    optimizer = make(model)
    step = how(step_of(model, optimizer))
    tl.manual_seed(1)
    losses = []
    for k, (x, y) in enumerate(BATCHES):
        losses.append(step(Tensor(x, requires_grad=False), Tensor(y)).item())
        between(k, model, optimizer)
    numbers = [t.numpy() for t in model.state_dict().values()]
    return losses, numbers, optimizer.steps, step


def same(one, other):
    """Whether two trainings came to the same numbers, bit for bit."""
    alike = all(np.array_equal(a, b) for a, b in zip(one[1], other[1], strict=True))
    return one[0] == other[0] and alike and one[2] == other[2]


def as_it_is(function):
    return function
