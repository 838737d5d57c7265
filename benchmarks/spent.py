"""Where the time of a tinylearn step goes: phases, and each kernel with its text.

    build     the user's own lines: batches become Tensors, layers build the graph
    gradient  loss.backward()
    update    the optimizer's lines
    key       the graph written down as a key
    plan      the plan found under that key, or made
    memory    memory for results, arguments for the kernels
    kernels   the programs themselves

A phase's time leaves out the phases inside it. The clocks themselves cost about 0.2 us a kernel.
"""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any
from unittest import mock

from benchmarks.in_tinylearn import step_on
from benchmarks.works import Data, Step
from tinylearn import Device, Tensor
from tinylearn.devices.device import Program
from tinylearn.nn import optim
from tinylearn.plan import plan
from tinylearn.schedule.kernel import Kernel
from tinylearn.tensor import tensor

PHASES = ("build", "gradient", "update", "key", "plan", "memory", "kernels")
PYTHON = PHASES[:-1]
LOOKUP = ("key", "plan")


@dataclass
class Spent:
    """Microseconds of CPU time, a number for each step."""

    phases: dict[str, list[float]] = field(default_factory=lambda: {p: [] for p in PHASES})
    kernels: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    programs: list[Program] = field(default_factory=list)

    def phase(self, *names: str) -> float:
        """The median time of some phases together."""
        steps = zip(*(self.phases[name] for name in names), strict=True)
        return median(map(sum, steps))

    def slowest_first(self) -> list[tuple[float, Program]]:
        """The programs that ran, with the median time of each."""
        found = [(median(times), self.programs[k]) for k, times in self.kernels.items()]
        return sorted(found, key=lambda pair: -pair[0])


class Clock:
    """Exclusive times: what runs inside a phase is not counted in the one around it."""

    def __init__(self) -> None:
        self.spent = Spent()
        self.now: dict[str, int] = dict.fromkeys(PHASES, 0)
        self.inside: list[str] = ["build"]
        self.since = 0

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time until the end counts for this phase."""
        self.switch()
        self.inside.append(name)
        yield
        self.switch()
        self.inside.pop()

    def switch(self) -> int:
        """Give the time since the last switch to the innermost phase."""
        now = time.thread_time_ns()
        gone, self.since = now - self.since, now
        self.now[self.inside[-1]] += gone
        return gone

    def within(self, name: str, function: Callable) -> Callable:
        """The function, timed as this phase."""

        @functools.wraps(function)
        def timed(*args: Any, **options: Any) -> Any:
            with self.phase(name):
                return function(*args, **options)

        return timed

    def on_programs(self, compile_kernels: Callable) -> Callable:
        """A device's `compile`, giving programs that are timed, each for itself."""

        def compile(kernels: Sequence[Kernel]) -> list[Program]:
            return [self.on_program(p) for p in compile_kernels(kernels)]

        return compile

    def on_program(self, program: Program) -> Program:
        """The program, timed."""
        number, times = len(self.spent.programs), self.spent.kernels
        self.spent.programs.append(program)

        def run(*memories: Any) -> None:
            self.switch()
            self.inside.append("kernels")
            program.run(*memories)
            times[number].append(self.switch() / 1000)
            self.inside.pop()

        return replace(program, run=run)

    def step(self, step: Step, k: int) -> None:
        """Run a step and note its phases."""
        self.now = dict.fromkeys(PHASES, 0)
        self.since = time.thread_time_ns()
        step.run(k)
        self.switch()
        for name, nanoseconds in self.now.items():
            self.spent.phases[name].append(nanoseconds / 1000)


def where_time_goes(name: str, data: Data, device: str, rounds: int) -> Spent:
    """The phases and kernels of a work, over `rounds` steps, after three that are not counted."""
    clock = Clock()
    targets = [
        (Tensor, "backward", "gradient"),
        (optim.Optimizer, "step", "update"),
        (tensor, "realize", "key"),
        (plan, "plan_for", "plan"),
        (plan.Plan, "run", "memory"),
    ]
    with ExitStack() as stack:
        for owner, attribute, phase in targets:
            timed = clock.within(phase, getattr(owner, attribute))
            stack.enter_context(mock.patch.object(owner, attribute, timed))
        for home in Device.known.values():
            timed = clock.on_programs(home.compile)
            stack.enter_context(mock.patch.object(home, "compile", timed))
        stack.enter_context(mock.patch.object(plan, "PLANS", type(plan.PLANS)()))
        step = step_on(device, name, data)
        for k in range(rounds + 3):
            if k == 3:  # plans are made by then: also the one with changing numbers as arguments
                clock.spent.phases = {p: [] for p in PHASES}
                clock.spent.kernels.clear()
            clock.step(step, k)
    return clock.spent
