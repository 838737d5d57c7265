"""How fast the grader is, and how much memory it takes: a class of one chapter after the other.

    python benchmarks/grader.py [chapters] [--students 60] [--workers 2]

Without a chapter: an assignment of two questions, where every fourth submission has one wrong
answer. With `all`, or chapters by their numbers: everybody hands in the model answers, and all must
get all points. CPU time is that of the grader and of everything below it, so it says what the
machine would do if nobody else were on it. Memory is the proportional set size (PSS) of the same
processes, looked at twice a second: shared pages count once.
"""

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.course.classroom import CHAPTERS, notebook  # noqa: E402
from tests.course.small import HALVE, TOTAL, small_data  # noqa: E402
from tinylearn.course.grade.sandbox import cpu_seconds  # noqa: E402
from tinylearn.course.inside.confine import descendants  # noqa: E402


@dataclass(frozen=True)
class Spent:
    """What grading a class took: seconds by the clock, CPU seconds, bytes."""

    wall: float
    cpu: float
    peak: int


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("chapters", nargs="*", help="like 04, or all; none: two small questions")
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    names = CHAPTERS if arguments.chapters == ["all"] else arguments.chapters
    for name in names or [""]:
        with tempfile.TemporaryDirectory() as folder:
            make = chapter_in if name else small_in
            title, spec = make(Path(folder), arguments.students, name)
            spent = run([*words(Path(folder), spec), "--workers", str(arguments.workers)])
            if name:
                all_right(Path(folder), title)
        print(line(title, arguments.students, arguments.workers, spent), flush=True)


def line(title: str, students: int, workers: int, spent: Spent) -> str:
    cores = min(workers, os.cpu_count() or 1)
    alone = 60 * students * cores / spent.cpu
    return (
        f"{title}: {students} submissions, {workers} workers: {60 * students / spent.wall:.0f} a"
        f" minute by the clock, {alone:.0f} by CPU time; {1000 * spent.cpu / students:.0f} ms of"
        f" CPU each, peak {spent.peak / 2**20:.0f} MB, load {os.getloadavg()[0]:.1f}"
    )


def small_in(folder: Path, students: int, name: str) -> tuple[str, Path]:
    """Write a class of two questions; its title and its spec."""
    for number in range(students):
        wrong = number % 4 == 0
        hand_in(
            folder, number, "import numpy as np", HALVE.replace("/", "*") if wrong else HALVE, TOTAL
        )
    (folder / "spec.json").write_text(json.dumps(small_data()))
    return "2 questions", folder / "spec.json"


def chapter_in(folder: Path, students: int, name: str) -> tuple[str, Path]:
    """Write a class that knows all answers of a chapter; the chapter's whole name and its spec."""
    [spec] = (ROOT / "solutions").glob(f"{name}*.spec.json")
    worked = json.loads(spec.with_name(spec.name.replace(".spec.json", ".ipynb")).read_text())
    code = [cell for cell in worked["cells"] if cell["cell_type"] == "code"]
    for number in range(students):
        hand_in(folder, number, *("".join(cell["source"]) for cell in code))
    return spec.name.removesuffix(".spec.json"), spec


def hand_in(folder: Path, number: int, *cells: str) -> None:
    (folder / "in" / f"s{number:04}").mkdir(parents=True)
    (folder / "in" / f"s{number:04}" / "work.ipynb").write_bytes(notebook(*cells))


def words(folder: Path, spec: Path) -> list[str]:
    """The command that grades a class."""
    script = "import sys; from tinylearn.course.command import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, "grade", str(folder / "in"), "--quiet"]
    return [*command, "--spec", str(spec), "--out", str(folder / "out")]


def all_right(folder: Path, title: str) -> None:
    """Raises SystemExit where a model answer lost points: a rate of wrong grades is none."""
    with (folder / "out" / f"{title}.csv").open(encoding="utf-8", newline="") as file:
        less = [row["student"] for row in csv.DictReader(file) if row["total"] != row["max"]]
    if less:
        raise SystemExit(f"{title}: {', '.join(less[:5])} did not get all points")


def run(command: list[str]) -> Spent:
    """What a command and everything below it used, start to end."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    peak, cpu = 0, 0.0

    def look() -> None:
        nonlocal peak, cpu
        while process.poll() is None:
            everybody = [process.pid, *descendants(process.pid)]
            peak = max(peak, sum(map(pss, everybody)))
            cpu = max(cpu, cpu_seconds(everybody))
            time.sleep(0.5)

    watcher = threading.Thread(target=look)
    watcher.start()
    if process.wait():
        raise SystemExit("the grader failed")
    watcher.join()
    return Spent(time.monotonic() - began, cpu, peak)


def pss(pid: int) -> int:
    """Bytes of memory of one process, pages shared with others in proportion."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main()
