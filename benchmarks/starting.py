"""How long an import takes beyond NumPy's: each in fresh processes, in turns.

Bytecode is kept between them, as it is for whoever imports a package a second time.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
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
    with tempfile.TemporaryDirectory() as bytecode:
        for k in range(rounds + 1):
            for package in packages:
                cpu, wall = one_import(package, bytecode)
                if k:  # the first one reads and compiles what the others find ready
                    times[package].cpu.append(cpu)
                    times[package].wall.append(wall)
    return times


def one_import(package: str, bytecode: str) -> tuple[float, float]:
    """CPU and wall microseconds."""
    command = [sys.executable, "-c", SCRIPT.format(package)]
    root = Path(__file__).resolve().parents[1]
    env = os.environ | {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=root, env=env).stdout
    cpu, wall = answer.split()
    return float(cpu), float(wall)
