"""The works in PyTorch, eagerly. Imported only where PyTorch is installed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.works import HEADS, Data, Step


def training(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_of: Callable, data: Data
) -> Step:
    """Forward, backward, update."""
    last: list[torch.Tensor] = []

    def run(k: int) -> None:
        x, y = (torch.from_numpy(a) for a in data.batches[k % len(data.batches)])
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        last[:] = [loss]

    return Step(run, lambda: last[0].item())


def started(parameters: Iterable[nn.Parameter], data: Data) -> list[nn.Parameter]:
    """The parameters with the first weights of the data."""
    parameters = list(parameters)
    with torch.no_grad():
        for parameter, array in zip(parameters, data.weights, strict=True):
            parameter.copy_(torch.from_numpy(array))
    return parameters


def size_of(leaves: Iterable[torch.Tensor]) -> float:
    """The sum of the leaves' gradients without their signs."""
    return sum(float(np.abs(leaf.grad.numpy()).sum()) for leaf in leaves)


def mlp(data: Data) -> Step:
    hidden, inside = data.weights[0].shape
    model = nn.Sequential(nn.Linear(inside, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    optimizer = torch.optim.SGD(started(model.parameters(), data), lr=0.1)
    return training(model, optimizer, F.cross_entropy, data)


def lenet(data: Data) -> Step:
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
    optimizer = torch.optim.Adam(started(model.parameters(), data), lr=0.001)
    return training(model, optimizer, F.cross_entropy, data)


def xor(data: Data) -> Step:
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(started(model.parameters(), data), lr=0.1)
    return training(model, optimizer, F.binary_cross_entropy_with_logits, data)


def chain(data: Data) -> Step:
    a, b, c = leaves = [torch.from_numpy(x).clone().requires_grad_() for x in data.weights]
    last: list[torch.Tensor] = []

    def run(k: int) -> None:
        last.clear()
        for leaf in leaves:
            leaf.grad = None
        value = (torch.sigmoid(a * b + c) * torch.relu(a - c)).sum()
        value.backward()
        last.append(value)

    return Step(run, lambda: last[0].item() + size_of(leaves))


def of_numbers(function: Callable[..., torch.Tensor]) -> Callable[[Data], Step]:
    """A work that is one function of arrays, without gradients."""

    def make(data: Data) -> Step:
        given = [torch.from_numpy(x) for x in data.weights]
        last: list[torch.Tensor] = []

        def run(k: int) -> None:
            last.clear()
            last.append(function(*given))

        return Step(run, lambda: float(np.abs(last[0].numpy()).mean()))

    return make


class Block(nn.Module):
    """A transformer block; causal: a token sees those before it and itself."""

    def __init__(self, tokens: int, width: int):
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.later = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, T, C = x.shape  # batch, tokens, width
        q, k, v = self.qkv(self.first(x)).reshape(B, T, 3, HEADS, C // HEADS).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-1, -2)) * (1 / math.sqrt(C // HEADS))  # (B, heads, T, T)
        shares = scores.masked_fill(self.later, -math.inf).softmax(-1)
        x = x + self.out((shares @ v).permute(0, 2, 1, 3).reshape(B, T, C))
        return x + self.down(F.gelu(self.up(self.second(x)), approximate="tanh"))


def block(data: Data) -> Step:
    model = Block(*data.batches[0][0].shape[1:])
    parameters = started(model.parameters(), data)
    last: list[torch.Tensor] = []

    def run(k: int) -> None:
        for w in parameters:
            w.grad = None
        x = torch.from_numpy(data.batches[k % len(data.batches)][0]).requires_grad_()
        y = model(x)
        value = (y * y).mean()
        value.backward()
        last[:] = [value, x]

    return Step(run, lambda: last[0].item() + size_of([last[1], *parameters]))


def looked_up(value_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], data: Data) -> Step:
    """The value of the first of the weights and of places, and its gradient."""
    x = torch.from_numpy(data.weights[0]).clone().requires_grad_()
    last: list[torch.Tensor] = []

    def run(k: int) -> None:
        x.grad = None
        value = value_of(x, torch.from_numpy(data.batches[k % len(data.batches)][0]))
        value.backward()
        last[:] = [value]

    return Step(run, lambda: last[0].item() + size_of([x]))


def embedding(data: Data) -> Step:
    fixed = torch.from_numpy(data.weights[1])
    return looked_up(lambda w, places: (F.embedding(places, w) * fixed).sum(), data)


def pick(data: Data) -> Step:
    rows = torch.arange(len(data.weights[0]))
    return looked_up(lambda x, labels: x[rows, labels].sum(), data)


def classes(data: Data) -> Step:
    return looked_up(F.cross_entropy, data)


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
