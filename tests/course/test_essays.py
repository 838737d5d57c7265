"""Questions answered in words: from the author's cell to a student's total, by way of a person."""

import csv
import json
import re

import pytest

from tests.course.classroom import SECRET
from tests.course.small import HALVE, TEXT, TOTAL, small_source
from tinylearn.course.author.build import notebook_text
from tinylearn.course.author.release import secret_lines
from tinylearn.course.author.source import private_spec
from tinylearn.course.grade.batch import Options, grade_class
from tinylearn.course.grade.journal import Journal
from tinylearn.course.grade.probe import best_level
from tinylearn.course.grade.report import write_reports
from tinylearn.course.grade.review import key_of, merge_review, review_page
from tinylearn.course.grade.submissions import find
from tinylearn.course.spec import from_data

ESSAY = """
# %% [markdown]
# ## e1. Why halve?
# %% tags=["question"]
from tinylearn.course.essay import essay
e1 = essay("e1", points=3, title="Why halve?", rubric={"names the array": 1, "gives a reason": 2})
# %% [markdown] tags=["essay:e1"]
# Because half of an array is smaller than the whole array is.
"""
HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=alert(1)> **bold** ann"


def spec_with_essay():
    return from_data(private_spec(small_source(TEXT + ESSAY)))


def handed_in(folder, **texts):
    """A class in which everybody solves q1 and q2 and writes a text; None leaves it as given."""
    source, spec = small_source(TEXT + ESSAY), spec_with_essay()
    for student, text in texts.items():
        notebook = json.loads(notebook_text(source, spec, worked=False))
        for cell in notebook["cells"]:
            if cell["id"] == "e1-essay" and text is not None:
                cell["source"] = text
            for name, answer in (("halve", HALVE), ("total", TOTAL)):
                if f"def {name}(" in "".join(cell["source"]):
                    cell["source"] = answer
        (folder / student).mkdir(parents=True, exist_ok=True)
        (folder / student / "90_small.ipynb").write_text(json.dumps(notebook))
    return folder


def graded(folder, out, spec=None, **options):
    spec = spec or spec_with_essay()
    journal = Journal(out, spec.assignment)
    options = Options(best_level()[0], 2, quiet=True, **options)
    grade_class(spec, find(folder, spec), journal, SECRET, options)
    looks = []
    write_reports(spec, out, looks)
    return looks


def table(out, name="90_small"):
    with (out / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file) if "student" in row}


def feedback(out, student):
    return (out / "feedback" / "90_small" / f"{student}.html").read_text("utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("essays")
    handed_in(folder / "IN", ann="Half is less.", bob=HOSTILE, cy=None)
    return folder


@pytest.fixture
def out(place, tmp_path):
    graded(place / "IN", tmp_path)
    return tmp_path


def test_a_student_finds_an_empty_cell_and_no_word_of_the_answer():
    source, spec = small_source(TEXT + ESSAY), spec_with_essay()
    texts = {worked: notebook_text(source, spec, worked) for worked in (True, False)}
    assert "smaller than the whole" in texts[True]
    assert "smaller than the whole" not in texts[False]
    assert not re.search("gives a reason|because-half", texts[False])
    [cell] = [c for c in json.loads(texts[False])["cells"] if c["id"] == "e1-essay"]
    assert "".join(cell["source"]) == spec.essay("e1").placeholder
    assert cell["metadata"]["nbgrader"] | {"grade_id": ""} == {
        "grade": True, "grade_id": "", "locked": False, "points": 3, "schema_version": 3,
        "solution": True, "task": False,
    }  # fmt: skip
    assert any("smaller than the whole" in line for line in secret_lines(spec))


WRONG = [
    ('"gives a reason": 2', '"gives a reason": 1', "its rubric 2"),
    ('tags=["essay:e1"]', 'tags=["essay:e2"]', 'needs a Markdown cell tagged "essay:e1"'),
    ('essay("e1"', 'essay("q1"', "two questions are called q1"),
    (', rubric={"names the array": 1, "gives a reason": 2}', ", rubric={}", "needs a rubric"),
]


@pytest.mark.parametrize(("old", "new", "says"), WRONG, ids=[says for _, _, says in WRONG])
def test_an_essay_that_does_not_fit_together_is_refused(old, new, says):
    assert ESSAY.count(old) == 1
    with pytest.raises(ValueError, match=re.escape(says)):
        private_spec(small_source(TEXT + ESSAY.replace(old, new)))


def test_an_essay_changes_no_grade_of_the_questions_beside_it():
    plain, more = from_data(private_spec(small_source())), spec_with_essay()
    assert [plain.digest(q) for q in plain.questions] == [more.digest(q) for q in more.questions]
    assert (plain.points, more.points) == (3, 6)


def test_until_it_is_read_an_answer_has_no_points_and_the_total_is_incomplete(place, tmp_path):
    looks = graded(place / "IN", tmp_path)
    assert looks == ["e1: 2 of 3 answers are to be read; tinylearn course review --question e1"]
    rows = table(tmp_path)
    assert (rows["ann"]["e1"], rows["ann"]["e1 status"]) == ("", "to be read")
    assert rows["ann"]["state"] == "incomplete: e1 to be read"
    assert (rows["cy"]["e1"], rows["cy"]["e1 status"], rows["cy"]["state"]) == (
        "0",
        "unanswered",
        "",
    )
    with (tmp_path / "90_small.canvas.csv").open(encoding="utf-8", newline="") as file:
        canvas = {row["Student"]: row["Small"] for row in csv.DictReader(file)}
    assert (canvas["ann"], canvas["cy"]) == ("", "3")
    page = feedback(tmp_path, "ann")
    assert "to be read: no points yet" in page and "0 of 3" not in page
    assert "unanswered: 0 of 3" in feedback(tmp_path, "cy")
    assert "2 to be read, 1 unanswered" in (tmp_path / "90_small.class.html").read_text("utf-8")


def test_what_a_student_wrote_stays_a_text(out):
    for text in (
        feedback(out, "bob"),
        review_page(spec_with_essay(), out, "e1").read_text("utf-8"),
    ):
        assert "&lt;script&gt;document.title" in text and "<img" not in text
        assert "<script>document" not in text and "**bold**" in text


def test_an_anonymous_page_names_nobody(out):
    text = review_page(spec_with_essay(), out, "e1", anonymous=True).read_text("utf-8")
    assert "bob" not in text and "cy" not in re.findall(r"\bcy\b", text)
    assert text.count("<section") == 2 and "1 wrote nothing." in text


def said_of(points, comment="", met=(), read=""):
    mark = {"comment": comment, "met": list(met), "read": read}
    return {"overrides": {"e1": points}, "marks": {"e1": mark}}


def merged(out, students, anonymous=False):
    saved = {"assignment": "90_small", "anonymous": anonymous, "students": students}
    (out / "review.json").write_text(json.dumps(saved))
    return merge_review(out / "review.json", out)


def test_points_by_hand_count_everywhere_and_no_regrade_loses_them(place, out):
    met = ["names the array"]
    anon = {key_of("90_small", "ann"): said_of(1.5, "Say <b>why</b>.", met)}
    assert merged(out, anon, anonymous=True) == 1
    assert merged(out, {"bob": said_of(0, "Nothing to the point.")}) == 1
    for options in ({}, {"regrade": ("all",)}):
        assert graded(place / "IN", out, **options) == []
        rows = table(out)
        assert (rows["ann"]["e1"], rows["ann"]["e1 status"]) == ("1.5", "read")
        assert (rows["ann"]["total"], rows["ann"]["state"]) == ("4.5", "")
        assert (rows["bob"]["e1"], rows["bob"]["e1 status"]) == ("0", "read")
        page = feedback(out, "ann")
        assert "1.5 of 3 points" in page and "Say &lt;b&gt;why&lt;/b&gt;." in page
        assert "<td>yes</td><td>names the array</td>" in page
        assert "<td>no</td><td>gives a reason</td>" in page
        whole = (out / "90_small.class.html").read_text("utf-8")
        assert "2 read, 1 unanswered" in whole and "mean 0.50 of 3" in whole
    again = review_page(spec_with_essay(), out, "e1").read_text("utf-8")
    assert 'value="1.5"' in again and 'value="names the array" checked' in again


def test_points_can_be_taken_back_and_a_second_question_keeps_its_own(out):
    before = {"ann": {"90_small": {"overrides": {"q1": 1}}}}
    (out / "adjust.json").write_text(json.dumps({"students": before}))
    merged(out, {"ann": said_of(2)})
    merged(out, {"ann": {"overrides": {"e1": None}, "marks": {"e1": None}}})
    assert json.loads((out / "adjust.json").read_text())["students"] == before


def test_a_text_that_changed_after_it_was_read_is_told(place, out, tmp_path):
    first = Journal(out, "90_small").read("ann", "e1").digest
    merged(out, {"ann": said_of(3, read=first), "bob": said_of(1)})
    assert graded(place / "IN", out) == []
    handed_in(tmp_path / "IN", ann="Another text.", bob=HOSTILE, cy=None)
    assert graded(tmp_path / "IN", out) == ["ann: e1 was read, and then changed"]
    assert table(out)["ann"]["e1"] == "3"
    assert "came after the points" in review_page(spec_with_essay(), out, "e1").read_text("utf-8")


REFUSED = [
    ({"nobody": said_of(1)}, True, "stands for nobody"),
    ({"ann": said_of(-1)}, False, "0 or more"),
    ({"ann": {"marks": {"e1": {"comment": 3}}}}, False, "must hold texts"),
    ({"ann": {"marks": {"e1": {"points": 3}}}}, False, "has no 'points'"),
]


@pytest.mark.parametrize(("students", "anonymous", "says"), REFUSED)
def test_a_file_that_makes_no_sense_changes_nothing(out, students, anonymous, says):
    with pytest.raises(ValueError, match=says):
        merged(out, students, anonymous)
    assert not (out / "adjust.json").exists()


def test_a_long_text_is_cut_and_says_so(tmp_path):
    handed_in(tmp_path / "IN", ann="x" * 30_000)
    graded(tmp_path / "IN", tmp_path / "OUT")
    text = Journal(tmp_path / "OUT", "90_small").read("ann", "e1").code
    assert len(text) < 20_100 and text.endswith("[cut here: it has 30,000 characters]")


@pytest.mark.parametrize("change", ["no metadata", "another id", "two cells", "older format"])
def test_an_answer_is_found_whatever_a_program_did_to_its_cell(tmp_path, change):
    path = handed_in(tmp_path / "IN", ann="One.") / "ann" / "90_small.ipynb"
    notebook = json.loads(path.read_text())
    [cell] = [c for c in notebook["cells"] if c["id"] == "e1-essay"]
    if change == "no metadata":
        cell["metadata"] = {}
    elif change == "another id":
        cell["id"] = "f00"
    elif change == "two cells":
        notebook["cells"].append(cell | {"source": ["Two", "."], "id": "f00"})
    else:
        del cell["id"]
    path.write_text(json.dumps(notebook))
    graded(tmp_path / "IN", tmp_path / "OUT")
    text = Journal(tmp_path / "OUT", "90_small").read("ann", "e1").code
    assert text == ("One.\n\nTwo." if change == "two cells" else "One.")
