"""What is derived from a source: notebooks, specs, the students' bundle."""

import json
import re

import nbformat
import numpy as np
import pytest

from tests.course.classroom import CHAPTERS, spec_of
from tests.repository import ROOT
from tinylearn.course.author.build import BuildError, build, is_current
from tinylearn.course.author.release import leaks, release
from tinylearn.course.author.source import stub_of, worked
from tinylearn.course.author.template import new_chapter
from tinylearn.course.command import main
from tinylearn.course.inside.values import encode

SCHEMA_3 = {"grade", "grade_id", "locked", "schema_version", "solution", "task"}


@pytest.fixture(scope="module", params=CHAPTERS)
def built(request):
    source = ROOT / "solutions" / f"{request.param}.py"
    return request.param, build(source, ROOT, run=False)


def test_the_committed_files_are_what_the_source_gives(built):
    _, texts = built
    stale = [path.name for path, text in texts.items() if not is_current(path, text)]
    assert stale == [], "run: tinylearn course build"


def test_a_built_file_is_current_if_only_the_last_digits_of_its_numbers_differ(tmp_path):
    path = tmp_path / "checks.json"
    path.write_text('{"a": [1, 0.3333333], "b": "x"}', "utf-8")
    assert is_current(path, '{"a": [1, 0.3333334], "b": "x"}')
    for other in ('{"a": [1, 0.334], "b": "x"}', '{"a": [2, 0.3333333], "b": "x"}', '{"a": [1]}'):
        assert not is_current(path, other)
    assert not is_current(path, '{"a": [1, 0.3333333], "b": "y"}')
    assert not is_current(tmp_path / "none.json", "{}")


def test_a_built_array_is_current_if_only_its_last_digits_differ(tmp_path):
    path, one = tmp_path / "checks.json", np.array([1.0, 2.0], np.float32)
    path.write_text(json.dumps(encode([one, 1])), "utf-8")
    assert is_current(path, json.dumps(encode([one * np.float32(1.000001), 1])))
    for other in (one * 1.1, one[:1], one.astype(np.float64), np.array([1, 2])):
        assert not is_current(path, json.dumps(encode([other.astype(other.dtype), 1])))


def test_exercises_hold_stubs_that_say_not_attempted_and_no_solution(built):
    chapter, texts = built
    text = texts[ROOT / "exercises" / f"{chapter}.ipynb"]
    notebook = nbformat.reads(text, as_version=4)
    answers = [c for c in notebook.cells if c.metadata.get("tinylearn", {}).get("role") == "answer"]
    assert len(answers) == len(spec_of(chapter).questions)
    assert all("not attempted yet" in cell.source for cell in answers)
    assert "SOLUTION" not in text and "HIDDEN" not in text


def test_notebooks_are_valid_for_nbgrader_schema_3(built):
    chapter, texts = built
    for folder in ("solutions", "exercises"):
        notebook = nbformat.reads(texts[ROOT / folder / f"{chapter}.ipynb"], as_version=4)
        nbformat.validate(notebook)
        ids = [cell.id for cell in notebook.cells]
        assert len(set(ids)) == len(ids) and all(
            re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", i) for i in ids
        )
        graded = [
            cell.metadata["nbgrader"] for cell in notebook.cells if "nbgrader" in cell.metadata
        ]
        assert sum(meta.get("points", 0) for meta in graded) == spec_of(chapter).points
        for meta in graded:
            assert set(meta) - {"points", "cell_type"} == SCHEMA_3
            assert meta["grade"] == meta["locked"] == ("points" in meta) != meta["solution"]
        assert len({meta["grade_id"] for meta in graded}) == len(graded)


def test_an_edit_of_one_cell_leaves_all_other_ids_alone(tmp_path):
    first = new_chapter("05_x", tmp_path)
    before = notebook_ids(build(first, tmp_path, run=False))
    first.write_text(
        first.read_text().replace("# %%\nimport", "# %% [markdown]\n# New\n\n# %%\nimport")
    )
    after = notebook_ids(build(first, tmp_path, run=False))
    assert [id for id in after if id in before] == before and len(after) == len(before) + 1


def notebook_ids(texts):
    text = next(t for path, t in texts.items() if path.match("exercises/*.ipynb"))
    return [cell["id"] for cell in json.loads(text)["cells"]]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("return 2 * x\n    ### END", "return 2 * x + 0\n    ### END", None),
        ('q1.mistake("You return x itself.", replace="2 * x", by="x")', "", "three wrong answers"),
        ("points=1)\ndef _(rng)", "points=2)\ndef _(rng)", "worth 1 points, not 2"),
        ('by="2 + x"', 'by="x + x"', "no hidden check refuses edit_1 for sure"),
        ('answer="double"', 'answer="triple"', "no cell answers it with triple"),
        ('"The third all but says it."', "", "three staged hints"),
        ("(rng):\n    for _ in range(5):\n        yield case(\"a number\", rng.randint(-99, 99))",
         "():\n    yield case('a', 7)", "takes rng"),
    ],
)  # fmt: skip
def test_a_question_that_breaks_a_promise_is_not_built(tmp_path, old, new, says):
    path = new_chapter("05_x", tmp_path)
    texts = [path, path.parent / "mistakes" / path.name]
    [file] = [file for file in texts if old in file.read_text("utf-8")]
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    if says is None:  # the solution is its own reference: only its wrong answers can disagree
        build(path, tmp_path, run=False)
        return
    with pytest.raises(BuildError, match=re.escape(says)):
        build(path, tmp_path, run=False)


def test_new_build_check_and_release_from_the_command_line(tmp_path, capsys):
    root = ["--root", str(tmp_path)]
    assert main(["new", "05_xor", *root]) == 0
    assert main(["build", "--check", "--no-run", *root]) == 1
    assert main(["build", *root]) == 0  # runs the solution in a kernel
    assert main(["build", "--check", "--no-run", *root]) == 0
    (tmp_path / "exercises" / "05_xor.ipynb").write_text("{}")
    assert main(["build", "--check", "--no-run", *root]) == 1
    assert main(["build", "--no-run", *root]) == 0
    assert main(["release", "--out", str(tmp_path / "bundle"), *root]) == 0
    names = sorted(path.name for path in (tmp_path / "bundle").rglob("*") if path.is_file())
    assert names == ["05_xor.ipynb", "05_xor.json", "README.md"]
    assert main(["new", "05_xor", *root]) == 1 and main(["new", "xor", *root]) == 1
    capsys.readouterr()


def test_a_solution_that_does_not_run_is_not_built(tmp_path):
    path = new_chapter("05_x", tmp_path)
    path.write_text(path.read_text("utf-8") + "\n# %%\n1 / 0\n", "utf-8")
    with pytest.raises(BuildError, match="ZeroDivisionError"):
        build(path, tmp_path, run=True)


def test_the_students_bundle_of_this_course_leaks_nothing(tmp_path):
    files = release(ROOT, tmp_path / "bundle")
    assert {path.name for path in files} >= {f"{chapter}.ipynb" for chapter in CHAPTERS}
    assert leaks(tmp_path / "bundle", ROOT) == []


@pytest.mark.parametrize("leak", ["solution", "spec", "notebook", "hidden"])
def test_the_leak_test_finds_what_was_planted(tmp_path, leak):
    out = tmp_path / "bundle"
    release(ROOT, out)
    chapter = CHAPTERS[0]
    body = spec_of(chapter).data["questions"]["q5"]
    exercise = out / "exercises" / f"{chapter}.ipynb"
    if leak == "solution":
        data = json.loads(exercise.read_text())
        data["cells"][3]["source"] = body["solution"].splitlines(keepends=True)
        exercise.write_text(json.dumps(data))
    elif leak == "spec":
        (out / "x.spec.json").write_text("{}")
    elif leak == "notebook":
        (out / "notes.txt").write_text((ROOT / "solutions" / f"{chapter}.ipynb").read_text())
    else:
        (out / "more.py").write_text(body["cell"])
    assert leaks(out, ROOT)


def test_markers_are_replaced_at_their_own_indentation():
    cell = (
        "class A:\n    def f(self):\n        ### BEGIN SOLUTION give it\n        return 1\n"
        "        ### END SOLUTION\n    def g(self):\n        return 2"
    )
    stub, full = stub_of(cell), worked(cell)
    assert "        raise NotImplementedError('not attempted yet: give it')\n    def g" in stub
    assert "return 1" not in stub and "return 1" in full and "SOLUTION" not in stub + full
    compile(stub, "stub", "exec")
    compile(full, "full", "exec")


def test_a_bundle_of_some_chapters_says_how_to_install(tmp_path):
    out = tmp_path / "bundle"
    release(ROOT, out, ["02", "05_xor"], install="pip install ./tinylearn.whl")
    assert {p.name for p in out.rglob("*.ipynb")} == {"02_shapes.ipynb", "05_xor.ipynb"}
    text = (out / "README.md").read_text("utf-8")
    assert "pip install ./tinylearn.whl" in text and "02_shapes" in text and "01_one" not in text
    with pytest.raises(ValueError, match="no chapter '99'"):
        release(ROOT, tmp_path / "other", ["99"])


@pytest.mark.parametrize("fault", ["old checks", "no checks", "no stub", "no check"])
def test_a_bundle_that_would_not_work_is_not_made(tmp_path, fault):
    for path in ("exercises", "exercises/checks", "solutions"):
        (tmp_path / path).mkdir()
    for path in ("exercises/02_shapes.ipynb", "exercises/checks/02_shapes.json",
                 "solutions/02_shapes.spec.json"):  # fmt: skip
        (tmp_path / path).write_bytes((ROOT / path).read_bytes())
    checks, book = (tmp_path / "exercises" / name for name in ("checks/02_shapes.json",
                                                               "02_shapes.ipynb"))  # fmt: skip
    if fault == "old checks":
        checks.write_text(checks.read_text("utf-8").replace("By hand", "").replace("Strides", "S"))
    elif fault == "no checks":
        checks.unlink()
    else:
        data = json.loads(book.read_text("utf-8"))
        role = "answer" if fault == "no stub" else "check"
        cell = next(
            c for c in data["cells"] if c["metadata"].get("tinylearn", {}).get("role") == role
        )
        cell["source"] = "pass"
        cell["metadata"].pop("tinylearn") if role == "check" else None
        book.write_text(json.dumps(data))
    with pytest.raises(ValueError, match="would not work"):
        release(tmp_path, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
