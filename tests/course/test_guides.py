"""The guides for staff and authors: every command in them runs, in the order in which it stands."""

import csv
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from tests.course.classroom import bodies, notebook
from tests.repository import ROOT

CHAPTER = "01_one_number"
HAS_STAFF = importlib.util.find_spec("copydetect") is not None  # extra [staff]
STATUS = {"grade exercises": 3, "grade solutions": 3, "--roster": 3}  # each says why, see the guide


def commands(guide):
    text = (ROOT / "docs" / guide).read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def run(line, folder):
    words = shlex.split(line)
    assert words[0] == "tinylearn"
    env = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    expected = next((code for part, code in STATUS.items() if part in line), 0)
    assert done.returncode == expected, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture
def course(tmp_path):
    for name in ("solutions", "exercises/checks", "notebooks"):
        (tmp_path / name).mkdir(parents=True)
    checks = f"exercises/checks/{CHAPTER}.json"
    for name in (f"solutions/{CHAPTER}.spec.json", f"exercises/{CHAPTER}.ipynb", checks):
        os.symlink(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_guide_for_staff_works_from_top_to_bottom(course):
    solutions = [body["solution"] for body in bodies(CHAPTER).values()]
    for student in ("ann", "bob", "cy"):
        (course / "IN" / student).mkdir(parents=True)
        (course / "IN" / student / f"{CHAPTER}.ipynb").write_bytes(notebook(*solutions))
    (course / "roster.csv").write_text("student\nann\nbob\ncy\ndee\n")
    guide = (ROOT / "docs" / "staff.md").read_text("utf-8")
    [example] = re.findall(r"^```json\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    review = {"assignment": CHAPTER, "students": {"bob": {"overrides": {"q2": 0}, "note": "x"}}}
    (course / "review.json").write_text(json.dumps(review))
    said = {}
    for line in commands("staff.md"):
        if "course report" in line:
            (course / "GRADES" / "adjust.json").write_text(example)
        if "course similar" in line and not HAS_STAFF:
            continue
        said[line] = run(line, course)
    assert "holds" in said["tinylearn course sandbox"]
    assert any("missing: dee handed nothing in" in text for text in said.values())
    with (course / "GRADES" / f"{CHAPTER}.csv").open(encoding="utf-8", newline="") as file:
        table = {row["student"]: row for row in csv.DictReader(file)}
    assert {row["q2 status"] for row in table.values()} == {"passed"}
    assert table["ann"]["overrides"] == "q2=1.5" and table["bob"]["overrides"] == "q2=0"
    assert float(table["cy"]["total"]) == 12 and table["cy"]["late days"] == "0"
    if HAS_STAFF:
        alike = (course / "GRADES" / f"{CHAPTER}.similar.csv").read_text("utf-8")
        assert "q2,ann,bob,1.00" in alike
    for file in re.findall(r"^\| `(0[^`]+)`", guide, re.MULTILINE):
        assert (course / "GRADES" / file).is_file(), file


def test_the_guide_for_authors_works_from_top_to_bottom(course):
    for line in commands("author.md"):
        run(line, course)
    totals = []
    for folder in ("TRIED", "TRIED2"):
        with (course / folder / "30_waves.csv").open(encoding="utf-8", newline="") as file:
            [row] = csv.DictReader(file)
        totals.append((float(row["total"]), float(row["max"])))
    assert totals[0][0] == 0 and totals[1][0] == totals[1][1] > 0
