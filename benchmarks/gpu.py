"""The cuda device on a card beside PyTorch: python -m benchmarks.gpu prints a table in Markdown.

Each line is measured here and now: a loop of calls between two waits for the card, by the wall
clock, the median of several loops; columns take turns. What cannot be measured says so.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

import tinylearn as tl
from tinylearn import Tensor, nn
from tinylearn.devices.device import Device
from tinylearn.nn import optim

LOOPS, CALLS = 7, 50  # the median of so many loops, of so many calls each
NOT = "not measured"
Array = np.ndarray
Call = Callable[[], Any]


@dataclass(frozen=True)
class Line:
    """A work: its title, its arrays, what is done with them, and the bytes and operations of it."""

    title: str
    arrays: tuple[Array, ...]
    work: Callable[..., Any]
    moved: int = 0
    operations: int = 0


def normal(seed: int, *shape: int) -> Array:
    """Random numbers, the same for the same seed."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def kernels(small: bool) -> list[Line]:
    """Works of one or two kernels. Tensors of both libraries understand them."""
    long, rows, sizes = (1 << 26, (8192, 4096), (512, 1024, 2048, 4096, 4097))
    if small:
        long, rows, sizes = 1 << 12, (64, 128), (64,)
    x, table, number = normal(0, long), normal(1, *rows), 4 * rows[0] * rows[1]
    found = [
        Line("copy: x + 1", (x,), lambda x: x + 1, 8 * long),
        Line("chain: sigmoid(x * x + 1) * relu(x)", (x,), chain, 8 * long),
        Line("sum of all", (x,), lambda x: x.sum(), 4 * long),
        Line("sums of rows", (table,), lambda x: x.sum(1), number),
        Line("sums of columns", (table,), lambda x: x.sum(0), number),
        Line("softmax of rows", (table,), lambda x: x.softmax(1), 2 * number),
    ]
    for n in sizes:
        pair = normal(2, n, n), normal(3, n, n)
        found.append(Line(f"product, {n}", pair, lambda x, y: x @ y, 12 * n * n, 2 * n**3))
    return found


def chain(x: Any) -> Any:
    """Several operations number by number."""
    return (x * x + 1).sigmoid() * x.relu()


# ---------------------------------------------------------------- the clock


def in_turns(calls: dict[str, tuple[Call, Call]], count: int) -> dict[str, float]:
    """Seconds of a call of each column, which take turns; beside each what waits for the card."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(LOOPS + 1):
        for name, (call, wait) in calls.items():
            wait()
            began = time.perf_counter()
            for _ in range(count):
                call()
            wait()
            if turn:
                taken[name].append((time.perf_counter() - began) / count)
    return {name: median(times) for name, times in taken.items()}


def ours(work: Callable[..., Any], arrays: Sequence[Array]) -> Call:
    """A work on the cuda device, captured."""
    tensors = [Tensor(a, device="cuda", requires_grad=False) for a in arrays]
    captured = tl.capture(lambda *xs: work(*xs))
    for _ in range(3):
        captured(*tensors)
    return lambda: captured(*tensors)


def theirs(work: Callable[..., Any], arrays: Sequence[Array]) -> dict[str, Call]:
    """A work in PyTorch: eagerly, and as a CUDA graph."""
    import torch

    tensors = [torch.tensor(a, device="cuda") for a in arrays]
    return {"PyTorch": lambda: work(*tensors), "PyTorch, graph": graphed(lambda: work(*tensors))}


def graphed(call: Call) -> Call:
    """A call as a CUDA graph of PyTorch's."""
    import torch

    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph.replay


def waiting(columns: dict[str, Call]) -> dict[str, tuple[Call, Call]]:
    """Each column with what waits for the card."""
    waits: dict[str, Call] = {"tinylearn": Device.known["cuda"].wait}
    if has_torch():
        import torch

        waits["PyTorch"] = waits["PyTorch, graph"] = torch.cuda.synchronize
    return {name: (call, waits[name]) for name, call in columns.items()}


def has_torch() -> bool:
    """Whether PyTorch is here and sees the card."""
    if importlib.util.find_spec("torch") is None:
        return False
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    return bool(torch.cuda.is_available())


# ---------------------------------------------------------------- models


def layers(name: str, of: Any) -> list[Any]:
    """A model's layers, of tinylearn's nn or of PyTorch's: their names are the same."""
    if name == "MLP":
        return [of.Linear(784, 512), of.ReLU(), of.Linear(512, 512), of.ReLU(), of.Linear(512, 10)]
    pool = lambda: of.MaxPool2d(2)  # noqa: E731
    convolutions = [of.Conv2d(1, 6, 5, padding=2), of.ReLU(), pool(), of.Conv2d(6, 16, 5)]
    flat = [of.ReLU(), pool(), of.Flatten(), of.Linear(400, 120), of.ReLU(), of.Linear(120, 84)]
    return [*convolutions, *flat, of.ReLU(), of.Linear(84, 10)]


def batch_for(name: str, size: int) -> tuple[Array, Array]:
    """Inputs and labels."""
    shape = (size, 784) if name == "MLP" else (size, 1, 28, 28)
    return normal(4, *shape), np.random.default_rng(5).integers(0, 10, size)


def our_step(name: str, x: Array, y: Array) -> Call:
    """A captured step of Adam."""
    model = nn.Sequential(*layers(name, nn)).to("cuda")
    optimizer = optim.Adam([model])

    def step(x: Tensor, y: Tensor) -> Tensor:
        loss = model(x).cross_entropy(y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    captured = tl.capture(step)
    pair = Tensor(x, device="cuda", requires_grad=False), Tensor(y, device="cuda")
    for _ in range(4):
        captured(*pair)
    return lambda: captured(*pair)


def their_steps(name: str, x: Array, y: Array) -> dict[str, Call]:
    """The same in PyTorch: eagerly, and as a CUDA graph, each with a model of its own."""
    import torch

    pair = torch.tensor(x, device="cuda"), torch.tensor(y, device="cuda")

    def step_of() -> Call:
        model = torch.nn.Sequential(*layers(name, torch.nn)).cuda()
        optimizer = torch.optim.Adam(model.parameters(), capturable=True)

        def step() -> None:
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(model(pair[0]), pair[1]).backward()
            optimizer.step()

        return step

    return {"PyTorch": step_of(), "PyTorch, graph": graphed(step_of())}


COLD = """
import os, time
import numpy as np
began = time.perf_counter()
from benchmarks.gpu import batch_for, our_step
our_step("MLP", *batch_for("MLP", 512))().item()
print(time.perf_counter() - began)
"""


def first_step(folder: str) -> float:
    """Seconds until a fresh process has made a step: with this folder for compiled kernels."""
    environment = {**os.environ, "TINYLEARN_CACHE": folder}
    done = subprocess.run(
        [sys.executable, "-c", COLD], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


# ---------------------------------------------------------------- the table


def row(title: str, taken: dict[str, float], note: str) -> str:
    """A line of the table: microseconds, and how many times as long PyTorch's graph takes."""
    cells = [title]
    for name in ("tinylearn", "PyTorch", "PyTorch, graph"):
        cells.append(f"{taken[name] * 1e6:,.1f}" if name in taken else NOT)
    beside = [t for name, t in taken.items() if name != "tinylearn"]
    cells.append(f"{min(beside) / taken['tinylearn']:.2f}" if beside else NOT)
    return f"| {' | '.join([*cells, note])} |"


def report(small: bool) -> None:
    """Measure and print everything."""
    size, calls = (16, 3) if small else (512, CALLS)
    print(head())
    copied = 0.0
    for line in kernels(small):
        columns = {"tinylearn": ours(line.work, line.arrays)}
        if has_torch():
            columns |= theirs(line.work, line.arrays)
        taken = in_turns(waiting(columns), calls)
        speed = line.moved / taken["tinylearn"]
        copied = copied or speed
        note = f"{speed / 1e12:.2f} TB/s, {speed / copied:.0%} of the copy"
        if line.operations:
            note = f"{line.operations / taken['tinylearn'] / 1e12:.1f} TFLOP/s in float32"
        print(row(line.title, taken, note), flush=True)
    for name in ("MLP", "LeNet"):
        x, y = batch_for(name, size)
        columns = {"tinylearn": our_step(name, x, y)}
        if has_torch():
            columns |= their_steps(name, x, y)
        title = f"{name}, a captured step of Adam, batch {size}"
        print(row(title, in_turns(waiting(columns), calls), ""), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        cold, warm = first_step(folder), first_step(folder)
    print(f"\nFrom the import to a step of the MLP: {cold:.2f} s with nothing compiled yet,")
    print(f"{warm:.2f} s with its kernels on disk.")


def head() -> str:
    """What was measured where, when and how, and the table's first lines."""
    card = Device.known["cuda"].card  # type: ignore[attr-defined]
    beside = "PyTorch is not here: its columns were not measured."
    if has_torch():
        import torch

        beside = f"PyTorch {torch.__version__}, without TF32."
    today = datetime.date.today().isoformat()
    return f"""# The cuda device on a card

{card.name}, driver {driver()}, tinylearn {tl.__version__}, Python {platform.python_version()},
NumPy {np.__version__}; {today}. {beside}

Microseconds for a call: wall clock of {CALLS} calls between two waits for the card, the median of
{LOOPS} loops, columns in turns. tinylearn is captured (`tl.capture`). The last number is the better
of PyTorch's two times over ours: above 1 ours is faster. Made by `make gpu-report`.
Not measured here: JAX, tinygrad, torch.compile, bfloat16, other cards.

| work | tinylearn | PyTorch | PyTorch, graph | ratio | |
|---|---|---|---|---|---|"""


def driver() -> str:
    """The driver's version, as nvidia-smi says it."""
    asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def main() -> int:
    """The command line."""
    p = argparse.ArgumentParser("python -m benchmarks.gpu", description="cuda beside PyTorch.")
    p.add_argument("--small", action="store_true", help="tiny arrays: does it run at all?")
    asked = p.parse_args()
    if why := Device.known["cuda"].unavailable():
        print(f"nothing was measured: {why}", file=sys.stderr)
        return 1
    report(asked.small)
    return 0


if __name__ == "__main__":
    sys.exit(main())
