"""The works in tinylearn, written as its users write them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from benchmarks.works import HEADS, Data, Step
from tinylearn import Device, Tensor, nn
from tinylearn.nn import optim

As = Callable[[Callable], Callable]  # how a step is run: as it is written, or captured


def as_written(function: Callable) -> Callable:
    """The function itself."""
    return function


def training(
    model: nn.Module, optimizer: optim.Optimizer, loss_of: Callable, data: Data, how: As
) -> Step:
    """Forward, backward, update."""
    device = optimizer.parameters[0].device
    last: list[Tensor] = []

    @how
    def step(x: Tensor, y: Tensor) -> Tensor:
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    def run(k: int) -> None:
        batch = data.batches[k % len(data.batches)]
        last[:] = [step(*(Tensor.from_numpy(a, device=device, requires_grad=False) for a in batch))]

    return Step(run, lambda: last[0].item())


def started(model: nn.Module, data: Data) -> nn.Module:
    """The model with the first weights of the data."""
    for parameter, array in zip(model.parameters(), data.weights, strict=True):
        parameter.assign(array)
    return model


def gradients(leaves: Iterable[Tensor]) -> list[Tensor]:
    """What backward() left at each leaf."""
    return [leaf.grad for leaf in leaves if leaf.grad is not None]


def size_of(tensors: Iterable[Tensor]) -> float:
    """The sum of all numbers without their signs: two columns agree in it if they agree."""
    return sum(float(np.abs(t.numpy()).sum()) for t in tensors)


def mlp(data: Data, how: As) -> Step:
    hidden, inside = data.weights[0].shape
    model = nn.Sequential(nn.Linear(inside, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    optimizer = optim.SGD([started(model, data)], lr=0.1)
    return training(model, optimizer, Tensor.cross_entropy, data, how)


def lenet(data: Data, how: As) -> Step:
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )
    optimizer = optim.Adam([started(model, data)], lr=0.001)
    return training(model, optimizer, Tensor.cross_entropy, data, how)


def xor(data: Data, how: As) -> Step:
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = optim.SGD([started(model, data)], lr=0.1)
    return training(model, optimizer, Tensor.binary_cross_entropy_with_logits, data, how)


def chain(data: Data, how: As) -> Step:
    a, b, c = leaves = [Tensor(x) for x in data.weights]
    last: list[Tensor] = []

    @how
    def step() -> Tensor:
        for leaf in leaves:
            leaf.grad = None
        value = ((a * b + c).sigmoid() * (a - c).relu()).sum()
        value.backward()
        Tensor.realize_all(value, *gradients(leaves))
        return value

    def run(k: int) -> None:
        last.clear()  # a value that somebody holds is not computed again
        last.append(step())

    return Step(run, lambda: last[0].item() + size_of(gradients(leaves)))


def of_numbers(function: Callable[..., Tensor]) -> Callable[[Data, As], Step]:
    """A work that is one function of arrays, without gradients."""

    def make(data: Data, how: As) -> Step:
        given = [Tensor(x, requires_grad=False) for x in data.weights]
        last: list[Tensor] = []
        step = how(lambda: function(*given).realize())

        def run(k: int) -> None:
            last.clear()
            last.append(step())

        return Step(run, lambda: float(np.abs(last[0].numpy()).mean()))

    return make


class Block(nn.Module):
    """A transformer block; causal: a token sees those before it and itself."""

    def __init__(self, tokens: int, width: int):
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.later = Tensor(np.triu(np.ones((tokens, tokens), bool), 1))

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape  # batch, tokens, width
        q, k, v = self.qkv(self.first(x)).reshape(B, T, 3, HEADS, C // HEADS).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-1, -2)) * (1 / math.sqrt(C // HEADS))  # (B, heads, T, T)
        shares = self.later.where(-math.inf, scores).softmax(-1)
        x = x + self.out((shares @ v).permute(0, 2, 1, 3).reshape(B, T, C))
        return x + self.down(self.up(self.second(x)).gelu())


def block(data: Data, how: As) -> Step:
    model = Block(*data.batches[0][0].shape[1:])
    started(model, data)
    parameters, device = model.parameters(), Device.DEFAULT
    last: list[Tensor] = []

    @how
    def step(x: Tensor) -> tuple[Tensor, Tensor]:
        for w in parameters:
            w.grad = None
        y = model(x)
        value = (y * y).mean()
        value.backward()
        Tensor.realize_all(value, *gradients([x, *parameters]))
        return value, gradients([x])[0]

    def run(k: int) -> None:
        last[:] = step(Tensor(data.batches[k % len(data.batches)][0], device=device))

    return Step(run, lambda: last[0].item() + size_of([last[1], *gradients(parameters)]))


def looked_up(value_of: Callable[[Tensor, Tensor], Tensor], data: Data, how: As) -> Step:
    """The value of the first of the weights and of places, and its gradient."""
    x, device = Tensor(data.weights[0]), Device.DEFAULT
    last: list[Tensor] = []

    @how
    def step(places: Tensor) -> Tensor:
        x.grad = None
        value = value_of(x, places)
        value.backward()
        Tensor.realize_all(value, *gradients([x]))
        return value

    def run(k: int) -> None:
        last.clear()
        last.append(step(Tensor.from_numpy(data.batches[k % len(data.batches)][0], device=device)))

    return Step(run, lambda: last[0].item() + size_of(gradients([x])))


def embedding(data: Data, how: As) -> Step:
    fixed = Tensor(data.weights[1], requires_grad=False)

    def value_of(table: Tensor, places: Tensor) -> Tensor:
        return (nn.functional.embedding(places, table) * fixed).sum()

    return looked_up(value_of, data, how)


def pick(data: Data, how: As) -> Step:
    rows = Tensor(np.arange(len(data.weights[0])))
    return looked_up(lambda x, labels: x[rows, labels].sum(), data, how)


def classes(data: Data, how: As) -> Step:
    return looked_up(Tensor.cross_entropy, data, how)


STEPS = {
    "mlp": mlp,
    "lenet": lenet,
    "chain": chain,
    "xor": xor,
    "matmul512": of_numbers(lambda a, b: a @ b),
    "matmul1024": of_numbers(lambda a, b: a @ b),
    "cumsum": of_numbers(lambda a: a.cumsum(0)),
    "sort": of_numbers(lambda a: a.sort(1).values),
    "block": block,
    "embedding": embedding,
    "pick": pick,
    "classes": classes,
}


def step_on(device: str, name: str, data: Data, how: As = as_written) -> Step:
    """A work on a device of tinylearn; how=tl.capture: without the Python of each step."""
    before, Device.DEFAULT = Device.DEFAULT, device
    try:
        return STEPS[name](data, how)
    finally:
        Device.DEFAULT = before
