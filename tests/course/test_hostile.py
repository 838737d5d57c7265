"""Hostile and faulty submissions, graded for real beside honest neighbours.

Nothing undeserved is earned, no neighbour is harmed, and what is deserved is never lost: the
second answer of every hostile student is right, and must earn its point.
"""

import subprocess
import sys
import time

import pytest

from tests.course.classroom import grade, notebook
from tests.course.hostile import CHEATS, HARMLESS, cheat_cell
from tests.course.hostile_files import FILES
from tests.course.small import HALVE, TOTAL, good_notebook, small_spec
from tinylearn.course.grade.probe import best_level, trouble_with
from tinylearn.course.grade.sandbox import Limits
from tinylearn.course.grade.submissions import find

TIGHT = Limits(call=0.4, cpu=1, wall=4.0)
NEIGHBOURS = 12


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """One class: every attack, honest neighbours between them, one run with two workers."""
    folder = tmp_path_factory.mktemp("class")
    submissions = folder / "submissions"
    for number in range(NEIGHBOURS):
        (submissions / f"neighbour {number}").mkdir(parents=True)
        (submissions / f"neighbour {number}" / "work.ipynb").write_bytes(good_notebook())
    for name, body in CHEATS.items():
        put(submissions / f"cheat {name}", notebook(cheat_cell(body), TOTAL))
    for name, cells in HARMLESS.items():
        put(submissions / f"harmless {name}", notebook(*cells, TOTAL))
    for name, write in FILES.items():
        (submissions / f"file {name}").mkdir()
        write(submissions / f"file {name}", submissions / "neighbour 0" / "work.ipynb")
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    before = contents(submissions)
    try:
        spec = small_spec()
        results, summary = grade(spec, find(submissions, spec), folder / "grades", 4, TIGHT)
        assert not summary.ungraded
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    assert contents(submissions) == before
    return results


def put(folder, data):
    folder.mkdir(parents=True)
    (folder / "work.ipynb").write_bytes(data)


def contents(folder):
    return {
        path: path.read_bytes()
        for path in folder.rglob("*.ipynb")
        if path.is_file() and not path.is_symlink()
    }


needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sandboxes are Linux")


@needs_linux
@pytest.mark.parametrize("name", CHEATS)
def test_an_attack_earns_nothing_and_loses_nothing_earned(graded, name):
    results = graded[f"cheat {name}"]
    assert results["q1"].points == 0, results["q1"]
    assert results["q1"].status not in ("passed", "partial")
    assert results["q2"].status == "passed", results["q2"]


@needs_linux
@pytest.mark.parametrize("name", HARMLESS)
def test_an_odd_but_right_answer_earns_everything(graded, name):
    results = graded[f"harmless {name}"]
    assert [r.status for r in results.values()] == ["passed", "passed"], results


@needs_linux
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_costs_only_itself(graded, name):
    results = graded[f"file {name}"]
    assert sum(r.points for r in results.values()) == 0
    assert all(r.message for r in results.values())


@needs_linux
def test_no_neighbour_is_harmed(graded):
    honest = [results for student, results in graded.items() if student.startswith("neighbour")]
    assert len(honest) == NEIGHBOURS
    hurt = [r for results in honest for r in results.values() if r.status != "passed"]
    assert [
        (r.student, r.question, r.message) for r in hurt if "second name" not in r.message
    ] == []


@needs_linux
def test_there_are_at_least_fifty_attacks():
    assert len(CHEATS) + len(FILES) >= 50


@needs_linux
def test_every_verdict_names_the_sandbox_it_was_reached_in(graded):
    assert {r.level for results in graded.values() for r in results.values()} == {best_level()[0]}


SAMPLE = ["kills everything", "leaves a daemon", "fork bomb", "reads the spec", "50 GB",
          "writes the gradebook", "forged values", "segfaults"]  # fmt: skip


@needs_linux
@pytest.mark.skipif(bool(trouble_with("landlock")), reason="no landlock here")
@pytest.mark.parametrize("name", SAMPLE)
def test_the_second_best_sandbox_holds_too(name, tmp_path):
    spec = small_spec()
    students = {"cheat": [cheat_cell(CHEATS[name]), TOTAL], "neighbour": [HALVE, TOTAL]}
    began = time.monotonic()
    results, _ = grade(spec, students, tmp_path, limits=TIGHT, level="landlock")
    assert results["cheat"]["q1"].points == 0
    assert [r.status for r in results["neighbour"].values()] == ["passed", "passed"]
    assert results["cheat"]["q2"].status == "passed"
    assert time.monotonic() - began < 30
