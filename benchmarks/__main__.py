"""The command line: python -m benchmarks [names] [--rounds N] [--json FILE] [--profile NAME]"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tinylearn as tl
from benchmarks import by_hand, table
from benchmarks.in_tinylearn import step_on
from benchmarks.measure import check, in_turns, keep_freed_memory, warmed
from benchmarks.promises import promises
from benchmarks.spent import where_time_goes
from benchmarks.starting import import_times
from benchmarks.works import WORKS, Data, Step
from tinylearn import Device

NAMES = (*WORKS, "lookup", "import", "promises")


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for."""
    p = argparse.ArgumentParser("python -m benchmarks", description="Times beside those of peers.")
    p.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)}; or none: all")
    p.add_argument("--rounds", type=int, default=30, help="turns of each column (30)")
    p.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    p.add_argument("--profile", choices=WORKS, help="where the time of a tinylearn step goes")
    p.add_argument("--small", action="store_true", help="tiny arrays: does it run at all?")
    asked = p.parse_args(arguments)
    if unknown := set(asked.names) - set(NAMES):
        p.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return asked


def devices() -> list[str]:
    """tinylearn's devices that work here."""
    return [name for name in ("numpy", "c") if not Device.known[name].unavailable()]


def columns(name: str, data: Data) -> dict[str, Step]:
    """A work, as each column does it."""
    steps = {f"{device} device": step_on(device, name, data) for device in devices()}
    for device in devices():
        steps[f"{device}, captured"] = step_on(device, name, data, tl.capture)
    steps["NumPy by hand"] = by_hand.STEPS[name](data)
    if importlib.util.find_spec("torch"):
        from benchmarks import in_torch

        steps["PyTorch eager"] = in_torch.STEPS[name](data)
    return steps


def compare(name: str, rounds: int, small: bool) -> dict[str, Any]:
    """Time one work in all columns, and print it."""
    steps = columns(name, WORKS[name].data(small))
    check(warmed(steps))
    times = in_turns(steps, rounds)
    result = table.as_dict(times)
    print(table.comparison(f"{name}: {WORKS[name].title}", result, table.reference(times)), "\n")
    return result


def lookup(rounds: int, small: bool) -> dict[str, Any]:
    """What a known MLP step costs before its kernels run."""
    print("lookup: scheduling and finding the plan of an MLP step that was seen before")
    result = {}
    for device in devices():
        spent = where_time_goes("mlp", WORKS["mlp"].data(small), device, max(20, rounds))
        print(table.lookup_line(device, spent))
        result[f"{device} device"] = {name: spent.phase(name) for name in spent.phases}
    print()
    return result


def imports(rounds: int) -> dict[str, Any]:
    """What an import costs beyond NumPy's."""
    result = table.as_dict(import_times(min(rounds, 10)))
    print(table.comparison("import, beyond that of NumPy", result, None), "\n")
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    asked = options(arguments)
    about = table.machine()
    keep_freed_memory()
    print(", ".join(f"{key} {value}" for key, value in about.items()), "\n")
    if asked.profile:
        for device in devices():
            data = WORKS[asked.profile].data(asked.small)
            spent = where_time_goes(asked.profile, data, device, asked.rounds)
            print(table.profile(f"{asked.profile} on the {device} device", spent), "\n")
        return
    results: dict[str, Any] = {}
    for name in asked.names or NAMES:
        if name == "lookup":
            results[name] = lookup(asked.rounds, asked.small)
        elif name == "import":
            results[name] = imports(asked.rounds)
        elif name == "promises":
            results[name] = promises(min(asked.rounds, 10), asked.small)
            print(table.beside_bars(results[name]), "\n")
        else:
            results[name] = compare(name, asked.rounds, asked.small)
    if works := {k: v for k, v in results.items() if k in WORKS}:
        print(table.summary(works))
    if asked.json:
        asked.json.write_text(json.dumps({"machine": about, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
