"""The results as text, for reading, and as a dict, for a file."""

from __future__ import annotations

import os
import platform
from statistics import median
from typing import Any

import numpy as np

from benchmarks.measure import Times, threads
from benchmarks.spent import LOOKUP, PHASES, PYTHON, Spent
from tinylearn.devices import compiler

SHOWN = 0.05  # kernels that take less than this share of a step are listed without their text


def machine() -> dict[str, Any]:
    """What the numbers depend on."""
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    try:
        import torch

        versions["torch"] = torch.__version__
    except ImportError:
        pass
    command = compiler.compiler()
    found = compiler.version(command) if command else "none"
    counts = {"threads": threads(), "cores": os.cpu_count()}
    return {**versions, "compiler": found, **counts, "system": platform.platform(terse=True)}


def reference(times: dict[str, Times]) -> str | None:
    """The column that the others are compared with."""
    return next((name for name in ("PyTorch eager", "NumPy by hand") if name in times), None)


def as_dict(times: dict[str, Times]) -> dict[str, Any]:
    """Medians in microseconds, and ratios to the reference."""
    found: dict[str, Any] = {}
    base = reference(times)
    for name, t in times.items():
        found[name] = {"cpu_us": median(t.cpu), "wall_us": median(t.wall), "rounds": len(t.cpu)}
        if base is not None:
            found[name] |= {f"{kind}_ratio": t.ratio(times[base], kind) for kind in ("cpu", "wall")}
    return found


def comparison(title: str, result: dict[str, Any], base: str | None) -> str:
    """One work: a line for each column."""
    lines = [title, f"  {'':16}{'CPU us':>12}{'wall us':>12}"]
    if base is not None:
        lines[-1] += f"{'CPU ratio':>12}{'wall ratio':>12}   to {base}"
    for name, r in result.items():
        line = f"  {name:16}{r['cpu_us']:12,.1f}{r['wall_us']:12,.1f}"
        if base is not None:
            line += f"{r['cpu_ratio']:12.2f}{r['wall_ratio']:12.2f}"
        lines.append(line)
    return "\n".join(lines)


def summary(results: dict[str, dict[str, Any]]) -> str:
    """All works: CPU ratios, a line for each."""
    columns = list(dict.fromkeys(c for r in results.values() for c in r))
    lines = [
        "CPU time, ratio to the reference",
        f"  {'':12}" + "".join(f"{c:>16}" for c in columns),
    ]
    for name, result in results.items():
        cells = (result.get(c, {}).get("cpu_ratio") for c in columns)
        text = "".join(f"{'-' if x is None else format(x, '.2f'):>16}" for x in cells)
        lines.append(f"  {name:12}{text}")
    return "\n".join(lines)


def beside_bars(results: dict[str, dict[str, float]]) -> str:
    """What is promised as it is: a line for each, those above their bar marked."""
    lines = ["promises", f"  {'':32}{'CPU ms':>12}{'bar ms':>12}"]
    for name, r in results.items():
        late = "   above its bar" if r["cpu_ms"] > r["bar_ms"] else ""
        lines.append(f"  {name:32}{r['cpu_ms']:12.2f}{r['bar_ms']:12.0f}{late}")
    return "\n".join(lines)


def lookup_line(device: str, spent: Spent) -> str:
    """The cost of finding the plan of a step that was seen before."""
    python, lookup = spent.phase(*PYTHON), spent.phase(*LOOKUP)
    return (
        f"  {device + ' device':16}{lookup:10.1f} us of key and plan;"
        f" {python:.1f} us of Python in all, {spent.phase('kernels'):.1f} us of kernels"
    )


def profile(title: str, spent: Spent) -> str:
    """Phases, then kernels with their text, slowest first."""
    whole = spent.phase(*PHASES)
    lines = [title, f"  {'phase':10}{'CPU us':>12}{'share':>8}"]
    for name in PHASES:
        lines.append(f"  {name:10}{spent.phase(name):12,.1f}{spent.phase(name) / whole:8.0%}")
    lines += [f"  {'step':10}{whole:12,.1f}", ""]
    kernels = spent.slowest_first()
    lines.append(f"  {len(kernels)} kernels")
    for microseconds, p in kernels:
        lines.append(f"  {microseconds:12,.1f} us  {p.language:6} {p.kernel!r}")
    for microseconds, p in kernels:
        if microseconds > SHOWN * whole:
            lines += ["", f"{microseconds:,.1f} us  {p.kernel!r}", p.source.text.rstrip()]
    return "\n".join(lines)
