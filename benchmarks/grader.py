"""How fast the grader is, and how much memory it takes: a class, an assignment of two questions.

    python benchmarks/grader.py [--students 200] [--workers 2]

Every fourth submission has one wrong answer. Memory is the proportional set size (PSS) of the
grader and everything below it, looked at ten times a second: shared pages count once.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.course.classroom import notebook  # noqa: E402
from tests.course.small import HALVE, TOTAL, small_data  # noqa: E402
from tinylearn.course.inside.confine import descendants  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        words = class_in(Path(folder), arguments.students)
        seconds, peak = run([*words, "--workers", str(arguments.workers)])
    rate = 60 * arguments.students / seconds
    load = os.getloadavg()[0]
    print(
        f"{arguments.students} submissions of 2 questions, {arguments.workers} workers:"
        f" {seconds:.1f} s, {rate:.0f} a minute, peak {peak / 2**20:.0f} MB, load {load:.1f}"
    )


def class_in(folder: Path, students: int) -> list[str]:
    """Write a class; the words of the command that grades it."""
    for number in range(students):
        wrong = number % 4 == 0
        cells = ["import numpy as np", HALVE.replace("/", "*") if wrong else HALVE, TOTAL]
        (folder / "in" / f"s{number:04}").mkdir(parents=True)
        (folder / "in" / f"s{number:04}" / "work.ipynb").write_bytes(notebook(*cells))
    (folder / "spec.json").write_text(json.dumps(small_data()))
    script = "import sys; from tinylearn.course.command import main; sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-c", script, "grade", str(folder / "in"), "--quiet"]
    return [*words, "--spec", str(folder / "spec.json"), "--out", str(folder / "out")]


def run(words: list[str]) -> tuple[float, int]:
    """Wall seconds of a command, start to end, and the peak memory of all its processes."""
    began = time.monotonic()
    process = subprocess.Popen(words, cwd=ROOT, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    peak = 0

    def look() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, sum(map(pss, [process.pid, *descendants(process.pid)])))
            time.sleep(0.1)

    watcher = threading.Thread(target=look)
    watcher.start()
    if process.wait():
        raise SystemExit("the grader failed")
    watcher.join()
    return time.monotonic() - began, peak


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
