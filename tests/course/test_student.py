"""Beside a student: instant checks, plain messages, hints, and a framework that becomes theirs."""

import io
import itertools
import json
import re
import subprocess
import sys

import nbformat
import pytest

import tinylearn as tl
from tests.course.classroom import CHAPTERS, bodies, grade, model_answers, spec_of
from tests.repository import ROOT
from tinylearn.course.student import calls, mine
from tinylearn.course.student import session as student
from tinylearn.course.student.session import CheckFailed

EXERCISES = ROOT / "exercises"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Every test begins without answers, and leaves the framework as it was."""
    monkeypatch.setenv("TINYLEARN_MINE", str(tmp_path / "my_tinylearn"))
    monkeypatch.setattr(student, "_session", student.Session())
    yield
    tl.use({name: None for name in tl.parts().yours})


def open_chapter(name):
    tl.course.exercise(name, EXERCISES)


def define(source, **names):
    namespace = {"tl": tl, **names}
    exec(source, namespace)


def test_a_right_answer_passes_and_says_that_the_grader_has_more(capsys):
    open_chapter("01_one_number")

    @tl.answer("slope", points=2)
    def slope(f, x, h=1e-5):
        return (f(x + h) - f(x - h)) / (2 * h)

    tl.check("q1")
    assert "4 of 4 visible checks passed" in capsys.readouterr().out
    assert slope(abs, 1.0) == pytest.approx(1)


def test_a_wrong_answer_shows_the_call_expected_and_got_and_the_known_mistake():
    open_chapter("01_one_number")

    @tl.answer("slope")
    def slope(f, x, h=1e-5):
        return (f(x + h) - f(x - h)) / h

    with pytest.raises(CheckFailed) as caught:
        tl.check("q1")
    text = str(caught.value)
    assert "called   slope(lambda x: x * x, 3.0)" in text
    assert "expected 6" in text and "got 12" in text
    assert "2 * h apart" in text and "0 of 4" in text
    assert "Traceback" not in "".join(caught.value._render_traceback_())


def test_an_error_names_the_line_of_the_student(tmp_path):
    open_chapter("02_shapes")
    path = tmp_path / "cell.py"
    path.write_text("def strides(shape):\n    step = 1\n    return shape.strides\n")
    namespace = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    tl.answer("strides")(namespace["strides"])
    with pytest.raises(CheckFailed, match=r"line 3: return shape\.strides"):
        tl.check("q1")


def test_shapes_are_compared_before_numbers():
    import numpy as np

    open_chapter("02_shapes")

    @tl.answer("unbroadcast")
    def unbroadcast(g, shape):
        return np.asarray(g).T

    with pytest.raises(CheckFailed, match=r"expected shape \(3,\), got \(3, 2\)"):
        tl.check("q4")


@pytest.mark.parametrize(
    ("key", "says"),
    [("q1", "Run the cell"), ("q99", "no question"), ("slop", "did you mean 'slope'")],
)
def test_what_is_missing_is_said_plainly(key, says):
    open_chapter("01_one_number")
    with pytest.raises(CheckFailed, match=says):
        tl.check(key)


def test_a_check_before_the_exercise_is_opened_says_what_to_run():
    with pytest.raises(CheckFailed, match="Run the cell with"):
        tl.check("q1")


def test_an_answer_defined_before_the_exercise_is_opened_counts(capsys):
    tl.answer("offset")(
        lambda index, strides, start=0: start + sum(map(int.__mul__, index, strides))
    )
    open_chapter("02_shapes")
    tl.check("q2")
    assert "3 of 3" in capsys.readouterr().out


def test_a_stub_says_that_it_is_not_attempted():
    open_chapter("03_twelve_ops")
    define(bodies("03_twelve_ops")["q1"]["stub"])
    with pytest.raises(CheckFailed, match="not attempted"):
        tl.check("q1")


# ---------------------------------------------------------------- what a check shows


def test_a_passed_question_shows_its_points_its_cases_and_what_is_left(capsys):
    open_chapter("02_shapes")
    tl.answer("offset")(
        lambda index, strides, start=0: start + sum(map(int.__mul__, index, strides))
    )
    tl.check("q2")
    out = capsys.readouterr().out
    assert "\u2713 q2. Where a number lies, 1 point\n" in out
    for case in student._session.find("q2").data["cases"]:
        assert f"\u2713 {case['label']}\n" in out
    assert "Passed here: 1 of 9 points. Left: q1, q3, q4." in out
    assert "Passed here: 1 of 9 points" in repr(tl.course.card())


def test_a_screen_without_a_tick_gets_a_word(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    assert student.tick() == "ok"


@pytest.mark.parametrize("ask", [tl.hint, tl.check])
def test_without_a_question_it_says_which_there_are(ask, capsys):
    with pytest.raises(CheckFailed, match="No exercise is open"):
        ask()
    open_chapter("02_shapes")
    capsys.readouterr()
    ask()
    out = capsys.readouterr().out
    assert out.startswith(f'Say for which question: tl.{ask.__name__}("q1").')
    assert "q3. Which shapes go together, 3 points" in out


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_call_that_a_failed_check_shows_can_be_pasted(chapter):
    open_chapter(chapter)
    for asked in student._session.asked:
        asked.answer = model_answers(chapter)[asked.question.answer]
        for number, body in enumerate(asked.data["cases"], 1):
            shown = calls.called(asked, body, number).partition("\n")[0]
            name, _, rest = re.sub(r"\[.*?\]\(", "(", shown, count=1).partition("(")  # a launch
            assert name == asked.question.answer
            given = eval(f"arguments({rest}", asked.given | {"tl": tl, "arguments": lambda *a: a})
            called = calls.first_arguments(asked, body)
            assert [*map(calls.described, given)] == [*map(calls.described, called)], shown


def test_arguments_of_a_case_that_is_not_there_are_refused_with_those_that_are():
    open_chapter("02_shapes")
    assert tl.course.arguments("q1", 2) == ((4, 2, 5),)
    with pytest.raises(CheckFailed, match="q1 has 4 visible cases: 1 to 4, not 5"):
        tl.course.arguments("q1", 5)


# ---------------------------------------------------------------- a loop that never ends


def stops_once(shape):
    try:
        while True:
            pass
    except KeyboardInterrupt:
        while True:
            pass


@pytest.mark.parametrize("endless", [stops_once, lambda shape: [1 for _ in itertools.count()]])
def test_a_call_that_never_ends_is_ended_with_the_line_where_it_was(endless):
    open_chapter("02_shapes")
    tl.answer("strides")(endless)
    with pytest.raises(CheckFailed) as caught:
        tl.check("q1", seconds=0.2)
    text = str(caught.value)
    assert re.search(r"no answer after 0\.2 s, in line \d+: \S", text)
    assert 'tl.check("q1", seconds=1.2) waits longer' in text and "called   strides((2, 3))" in text


def test_the_students_own_interrupt_is_no_time_limit():
    def interrupted(shape):
        raise KeyboardInterrupt

    open_chapter("02_shapes")
    tl.answer("strides")(interrupted)
    with pytest.raises(KeyboardInterrupt):
        tl.check("q1")


# ---------------------------------------------------------------- hints, files, the framework


def test_hints_come_one_after_the_other_and_the_last_stays(capsys):
    open_chapter("01_one_number")
    for _ in range(4):
        tl.hint("q1")
    out = capsys.readouterr().out
    assert [f"Hint {n} of 3" in out for n in (1, 2, 3)] == [True] * 3
    assert out.count("Hint 3 of 3") == 2


def test_the_checks_are_found_after_the_notebook_was_moved_into_a_folder_below(monkeypatch):
    monkeypatch.chdir(EXERCISES / "checks")
    tl.course.exercise("01_one_number")


def test_missing_checks_are_told_with_a_way_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckFailed, match="folder `checks`"):
        tl.course.exercise("01_one_number")


def test_the_framework_runs_the_answer_after_its_check_and_not_before(capsys):
    import numpy as np

    calls = []

    @tl.answer("gradient.mul", points=1)
    def mul_gradient(g, node):
        calls.append(node)
        x, y = node.inputs
        return g * y, g * x

    open_chapter("03_twelve_ops")
    assert tl.parts().yours == []
    tl.check("q1")
    assert tl.parts().yours == ["gradient.mul"]
    calls.clear()
    x = tl.Tensor(np.array([2.0, 3.0]), requires_grad=True)
    (x * x).sum().backward()
    assert x.grad.tolist() == [4.0, 6.0] and calls


def test_a_wrong_rule_does_not_get_into_the_framework():
    open_chapter("03_twelve_ops")

    @tl.answer("gradient.mul")
    def mul_gradient(g, node):
        x, y = node.inputs
        return g * x, g * y

    with pytest.raises(CheckFailed, match="OTHER input"):
        tl.check("gradient.mul")
    assert tl.parts().yours == []


def walk_through(folder):
    """A student: every exercise notebook in order, answers written in, run as a notebook."""
    import nbclient

    for chapter in CHAPTERS:
        notebook = nbformat.read(EXERCISES / f"{chapter}.ipynb", as_version=4)
        for cell in notebook.cells:
            ours = cell.metadata.get("tinylearn", {})
            if ours.get("role") == "answer":
                cell.source = bodies(chapter)[ours["question"]]["solution"]
        nbformat.write(notebook, folder / f"renamed {chapter}.ipynb")
        client = nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(folder)}})
        client.execute()
        yield chapter, notebook


def test_a_student_walks_through_all_chapters_and_the_framework_becomes_theirs(
    tmp_path, monkeypatch
):
    import shutil

    monkeypatch.delenv("TINYLEARN_MINE")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    shutil.copytree(EXERCISES / "checks", tmp_path / "checks")
    grown = []
    for _, _ in walk_through(tmp_path):
        grown.append(len(list((tmp_path / "my_tinylearn").glob("*.py"))))
    assert grown == sorted(set(grown)) and grown[0] == 6
    script = (
        "import tinylearn as tl; card = tl.course.load_mine(); print(tl.parts().yours);"
        "x = tl.Tensor([3.0], requires_grad=True); (x * x).backward(); print(x.grad.tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    for part in ("gradient.mul", "gradient.max", "graph.walk", "graph.gradient"):
        assert part in done.stdout
    assert "[6.0]" in done.stdout and "not loaded" not in done.stdout


def test_a_saved_answer_that_no_longer_holds_is_refused_and_named(tmp_path, capsys):
    folder = tmp_path / "my_tinylearn"
    folder.mkdir()
    about = {"assignment": "03", "question": "q1", "answer": "f", "part": "gradient.mul"}
    (folder / "03_f.py").write_text(
        f"{mine.HEADER}{json.dumps(about)}\ndef f(g, node):\n    return g, g\n"
    )
    tl.course.load_mine()
    assert "03_f.py was not loaded: ContractError" in capsys.readouterr().out
    assert tl.parts().yours == []


def test_the_progress_card_shows_what_is_yours_and_escapes_what_it_shows():
    open_chapter("01_one_number")
    card = tl.course.card()
    assert "0 of" in repr(card) and "<script" not in card._repr_html_()
    assert "open" in repr(card)


def test_what_a_question_rules_out_is_told_by_the_check_and_refused_by_the_grader(tmp_path):
    import numpy as np

    cell = "def broadcast_shape(a, b):\n    return (np.empty(a) + np.empty(b)).shape\n"
    open_chapter("02_shapes")
    namespace = {"np": np}
    exec(cell, namespace)
    tl.answer("broadcast_shape")(namespace["broadcast_shape"])
    with pytest.raises(CheckFailed, match="without numpy"):
        tl.check("q3")
    sly = "import numpy as np\n" + cell
    indirect = cell.replace("np.", "__import__('numpy').")
    students = {"sly": [sly], "indirect": [indirect]}
    results, _ = grade(spec_of("02_shapes"), students, tmp_path)
    assert [r["q3"].points for r in results.values()] == [0, 0]
