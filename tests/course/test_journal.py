"""Records that survive: a killed grader, a rerun, a regrade, a person's decision."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.course.classroom import bodies, grade, notebook, spec_data, spec_of
from tests.repository import ROOT
from tinylearn.course.grade.adjust import Adjustment, adjustments, total
from tinylearn.course.grade.journal import Journal, Result, file_name

CHAPTER = "01_one_number"
KILLS = 20


def cells(wrong=None):
    held = bodies(CHAPTER)
    return [held[q]["wrong"][0]["source"] if q == wrong else held[q]["solution"] for q in held]


def test_a_rerun_grades_only_what_changed(tmp_path):
    spec = spec_of(CHAPTER)
    _, first = grade(spec, {"ann": cells(), "bob": cells("q3")}, tmp_path)
    _, second = grade(spec, {"ann": cells(), "bob": cells("q3")}, tmp_path)
    results, third = grade(spec, {"ann": cells(), "bob": cells()}, tmp_path)
    assert (first.graded, second.graded, third.graded) == (12, 0, 1)
    assert results["bob"]["q3"].status == "passed"


def test_regrade_asks_for_one_question_again(tmp_path):
    spec = spec_of(CHAPTER)
    grade(spec, {"ann": cells()}, tmp_path)
    _, summary = grade(spec, {"ann": cells()}, tmp_path, regrade=["q2"])
    assert summary.graded == 1


def test_a_damaged_record_is_graded_again(tmp_path):
    spec = spec_of(CHAPTER)
    grade(spec, {"ann": cells()}, tmp_path)
    path = Journal(tmp_path, CHAPTER).path("ann", "q3")
    path.write_text(path.read_text()[:100])
    results, summary = grade(spec, {"ann": cells()}, tmp_path)
    assert summary.graded == 1 and results["ann"]["q3"].status == "passed"


def test_late_days_and_overrides_are_the_staffs_and_outlive_a_regrade(tmp_path):
    said = {"lost_per_day": 0.1, "students": {"ann": {"late_days": 2, "overrides": {"q1": 0.5}}}}
    (tmp_path / "adjust.json").write_text(json.dumps(said))
    before = (tmp_path / "adjust.json").read_bytes()
    results, _ = grade(spec_of(CHAPTER), {"ann": cells()}, tmp_path)
    grade(spec_of(CHAPTER), {"ann": cells()}, tmp_path, regrade=["all"])
    said = adjustments(tmp_path, CHAPTER)
    own, late = said.of("ann"), said.late_days("ann", 0)
    assert (tmp_path / "adjust.json").read_bytes() == before
    points = total(list(results["ann"].values()), own, late, said.lost_per_day)
    assert points == pytest.approx(10.5 * 0.8)
    assert total([], Adjustment(), 99, 0.5) == 0


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", "..", "CON\x00", "bøb", "x" * 300])
def test_no_student_name_leaves_the_journal(tmp_path, name):
    journal = Journal(tmp_path, CHAPTER)
    path = journal.path(name, "q1").resolve()
    assert path.is_relative_to(tmp_path.resolve()) and len(path.parent.name) < 100
    journal.write(Result(CHAPTER, name, "q1", "wrong", 0, 1))
    assert journal.read(name, "q1").student == name


def test_names_that_look_alike_have_records_of_their_own():
    alike = [
        "alice",
        "Alice",
        "аlice",
        "alice ",
        "alice.",
        "alice-3bc5106297",
        "CON",
        "con",
        "con.x",
    ]
    assert len({file_name(name) for name in alike}) == len(alike)


def test_a_grader_killed_at_any_moment_and_run_again_loses_and_doubles_nothing(tmp_path):
    students = [f"s{n:02}" for n in range(16)]
    folder, spec = tmp_path / "submissions", tmp_path / "spec.json"
    folder.mkdir()
    spec.write_text(json.dumps(spec_data(CHAPTER)))
    for n, student in enumerate(students):
        wrong = "q1" if n % 2 else None
        (folder / f"{student}.ipynb").write_bytes(notebook(*cells(wrong)))
    command = [sys.executable, "-c", "import sys; from tinylearn.course.command import main; "
               "raise SystemExit(main(sys.argv[1:]))", "grade", str(folder), "--spec", str(spec),
               "--out", str(tmp_path / "grades"), "--quiet"]  # fmt: skip
    lucky, random_moments = random.Random(1), 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(0.35 + lucky.uniform(0, 0.4))
        random_moments += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert random_moments >= 5
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    records = Journal(tmp_path / "grades", CHAPTER).all()
    assert sorted((r.student, r.question) for r in records) == sorted(
        (student, f"q{n}") for student in students for n in range(1, 7)
    )
    points = {s: sum(r.points for r in records if r.student == s) for s in students}
    assert points == {s: 10 if n % 2 else 12 for n, s in enumerate(students)}
    assert not list((tmp_path / "grades" / "journal").rglob(".new-*"))
    assert os.stat(tmp_path / "grades" / "course.secret").st_mode & 0o077 == 0
