"""What people read: tables that survive strange names, pages that run nothing, exports."""

import csv
import io
import json
import stat
import subprocess
import sys
import zipfile

import pytest

from tests.course.classroom import SECRET, notebook, spec_of
from tests.course.small import HALVE, TOTAL, small_spec
from tinylearn.course.command import main
from tinylearn.course.grade import gradescope
from tinylearn.course.grade.batch import Options, grade_class
from tinylearn.course.grade.journal import Journal
from tinylearn.course.grade.probe import best_level
from tinylearn.course.grade.report import write_reports
from tinylearn.course.grade.submissions import Submission

EVIL = "<script>alert(1)</script>"
DOUBLES = HALVE.replace("a / 2", f"a * 2  # {EVIL}")
STUDENTS = {
    "ann": [HALVE, TOTAL],
    "=HYPERLINK('x')": [HALVE, TOTAL],
    f"eve {EVIL}": [DOUBLES + f"    print('{EVIL}')\n", TOTAL],
    "bob": [DOUBLES, TOTAL.replace("sum(", "len(")],
    "cy": [f"@tl.answer('halve')\ndef halve(a):\n    raise ValueError('{EVIL}')"],
}


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    spec = small_spec()
    submissions = [Submission(name, "test", tuple(cells)) for name, cells in STUDENTS.items()]
    grade_class(
        spec,
        submissions,
        Journal(out, spec.assignment),
        SECRET,
        Options(best_level()[0], quiet=True),
    )
    (out / "adjust.json").write_text(
        json.dumps(
            {"lost_per_day": 0.5, "students": {"bob": {"overrides": {"q1": 1}, "note": EVIL}}}
        )
    )
    write_reports(spec, out)
    return out


def rows(path):
    return list(csv.reader(io.StringIO(path.read_text("utf-8"))))


def test_the_table_has_a_row_for_every_student_with_points_and_status(reported):
    table = {row[0]: row for row in rows(reported / "90_small.csv")}
    assert table["student"][:5] == ["student", "total", "max", "q1", "q1 status"]
    assert table["ann"][1:7] == ["3", "3", "2", "passed", "1", "passed"]
    assert table["bob"][1] == "1" and table["bob"][4] == "wrong" and table["bob"][8] == "q1=1"
    assert table["cy"][4] == "error" and table["cy"][6] == "not attempted"


def test_no_cell_of_a_table_is_a_formula(reported):
    for path in reported.glob("*.csv"):
        assert not [cell for row in rows(path) for cell in row if cell.startswith(("=", "+", "@"))]


def test_canvas_and_nbgrader_tables_have_their_columns(reported):
    canvas = rows(reported / "90_small.canvas.csv")
    assert canvas[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Small"]
    assert canvas[1][0].strip() == "Points Possible" and canvas[1][5] == "3"
    theirs = rows(reported / "90_small.nbgrader.csv")
    named = dict(zip(theirs[0], next(row for row in theirs if row[3] == "bob")))
    assert named["assignment"] == "90_small" and named["score"] == "1" == named["raw_score"]


def test_no_page_holds_what_a_student_wrote_as_markup(reported):
    pages = list(reported.rglob("*.html"))
    assert len(pages) == len(STUDENTS) + 1
    for page in pages:
        assert "<script" not in page.read_text("utf-8")


def test_feedback_shows_code_verdict_and_sentence_but_no_hidden_input(reported):
    [page] = [p for p in (reported / "feedback").rglob("bob.html")]
    text = page.read_text("utf-8")
    assert "You double." in text and "a * 2" in text and "You count." in text
    assert "(set by the staff)" in text
    assert "rng" not in text and "_array" not in text
    assert "random" in text and "numbers differ" in text
    assert "1 of 3 points" in text


def test_the_class_page_counts_mistakes_and_names_the_hardest_question(reported):
    text = (reported / "90_small.class.html").read_text("utf-8")
    assert "hardest: q1" in text and "<td>2</td><td>q1</td><td>You double.</td>" in text


def test_the_autograder_zip_holds_what_gradescope_runs_and_no_pictures(tmp_path):
    path = gradescope.autograder_zip(small_spec(), tmp_path / "autograder.zip")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        mode = archive.getinfo("run_autograder").external_attr >> 16
    assert {"setup.sh", "run_autograder", "spec.json", "tinylearn/course/inside/host.py"} <= names
    assert stat.S_IMODE(mode) == 0o755
    again = gradescope.autograder_zip(small_spec(), tmp_path / "again.zip")
    assert path.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("cells", [[HALVE, TOTAL], [DOUBLES, TOTAL], None])
def test_the_autograder_writes_results_for_every_submission(tmp_path, cells):
    path = gradescope.autograder_zip(small_spec(), tmp_path / "autograder.zip")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "source")
    (tmp_path / "submission").mkdir()
    data = b"broken" if cells is None else notebook(*cells)
    (tmp_path / "submission" / "work.ipynb").write_bytes(data)
    users = {"users": [{"email": "ann@example.org"}]}
    (tmp_path / "submission_metadata.json").write_text(json.dumps(users))
    script = "import sys; from pathlib import Path; from tinylearn.course.grade import gradescope; "
    script += "gradescope.main(Path(sys.argv[1]))"
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=tmp_path / "source", check=True
    )
    results = json.loads((tmp_path / "results" / "results.json").read_text())
    expected = {0: 3, 1: 1, 2: 0}[[[HALVE, TOTAL], [DOUBLES, TOTAL], None].index(cells)]
    assert results["score"] == expected == sum(test["score"] for test in results["tests"])
    assert sum(test["max_score"] for test in results["tests"]) == 3
    if cells and cells[0] == DOUBLES:
        assert "You double." in results["tests"][0]["output"]


def test_a_weak_sandbox_is_refused_for_real_submissions(tmp_path, capsys, monkeypatch):
    (tmp_path / "ann.ipynb").write_bytes(notebook(HALVE, TOTAL))
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(small_spec().data))
    words = ["grade", str(tmp_path / "ann.ipynb"), "--spec", str(spec), "--sandbox", "limits"]
    words += ["--out", str(tmp_path / "out"), "--quiet"]
    assert main(words) == 1
    assert "--allow-weak-sandbox" in capsys.readouterr().err
    assert main([*words, "--allow-weak-sandbox"]) == 0
    [record] = (tmp_path / "out" / "journal").rglob("q1.json")
    assert json.loads(record.read_text())["level"] == "limits"


def test_shards_together_are_the_class(tmp_path):
    for name in ("ann", "bob", "cy"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "work.ipynb").write_bytes(notebook(HALVE, TOTAL))
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(small_spec().data))
    for which in ("1/2", "2/2"):
        words = ["grade", str(tmp_path / "in"), "--spec", str(spec), "--shard", which, "--quiet"]
        assert main([*words, "--out", str(tmp_path / "out")]) == 0
    assert [row[1] for row in rows(tmp_path / "out" / "90_small.csv")[1:]] == ["3", "3", "3"]


def test_hidden_inputs_differ_by_student_and_stay_the_same_at_a_regrade():
    from tinylearn.course.spec import plan, seed_for

    question = spec_of("01_one_number")["q1"]

    def inputs(student, answer="return 0"):
        seed = seed_for(SECRET, "01_one_number", student, "q1", [answer])
        return [p.case.args for p in plan(question, seed) if p.check.is_fresh]

    assert inputs("ann") == inputs("ann") != inputs("bob")
    assert inputs("ann", "return 1") != inputs("ann"), "who learned them by heart meets others"
    visible = [[p.case.args for p in plan(question, s) if p.check.is_visible] for s in "ab"]
    assert visible[0] == visible[1]
