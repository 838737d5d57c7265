"""How long an import takes beyond NumPy's: each in fresh processes, in turns."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Times

SCRIPT = """
import time, numpy
cpu, wall = time.process_time_ns(), time.perf_counter_ns()
import {0}
print((time.process_time_ns() - cpu) / 1000, (time.perf_counter_ns() - wall) / 1000)
"""


def import_times(rounds: int) -> dict[str, Times]:
    """{package: times of its import in a process that has imported NumPy}."""
    packages = [p for p in ("tinylearn", "torch") if importlib.util.find_spec(p)]
    times = {p: Times() for p in packages}
    for k in range(rounds + 1):
        for package in packages:
            cpu, wall = one_import(package)
            if k:  # the first one reads files that are in the system's cache afterwards
                times[package].cpu.append(cpu)
                times[package].wall.append(wall)
    return times


def one_import(package: str) -> tuple[float, float]:
    """CPU and wall microseconds."""
    command = [sys.executable, "-c", SCRIPT.format(package)]
    root = Path(__file__).resolve().parents[1]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root).stdout
    cpu, wall = answer.split()
    return float(cpu), float(wall)
