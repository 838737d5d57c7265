"""What a question asks for is absent where its answer runs, and what counts is measured outside."""

import sys
from types import SimpleNamespace

import pytest

from tests.course.classroom import bodies, grade, spec_data, spec_of
from tests.course.shortcuts import SHORTCUTS
from tinylearn.course.grade import levels as on_level
from tinylearn.course.grade.grade import world_of
from tinylearn.course.grade.probe import trouble_with
from tinylearn.course.grade.replay import composite_called
from tinylearn.course.grade.sandbox import Limits, Sandbox
from tinylearn.course.grade.worlds import World, build, without
from tinylearn.course.inside.values import BadValue

LEVELS = ["bubblewrap", "landlock", "user"]
TIGHT = Limits(call=0.5, cpu=3, wall=20.0)

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sandboxes are Linux")
needs = {level: pytest.mark.skipif(bool(trouble_with(level)), reason=f"no {level} here")
         for level in LEVELS}  # fmt: skip
levels = pytest.mark.parametrize("level", [pytest.param(k, marks=needs[k]) for k in LEVELS])


@levels
@pytest.mark.parametrize("chapter", SHORTCUTS)
def test_a_shortcut_earns_nothing(chapter, level, tmp_path):
    held = bodies(chapter)
    students = {"model": [body["solution"] for body in held.values()]}
    for name, (question, cell) in SHORTCUTS[chapter].items():
        head, _, rest = cell.rpartition(f"def {held[question]['name']}(")
        mark = f'@tl.answer("{held[question]["name"]}")\n'
        others = [body["solution"] for key, body in held.items() if key < question]
        students[name] = [*others, f"{head}{mark}def {held[question]['name']}({rest}"]
    results, summary = grade(spec_of(chapter), students, tmp_path, 2, TIGHT, level)
    assert not summary.ungraded
    earned = {
        name: (question, results[name][question].points)
        for name, (question, _) in SHORTCUTS[chapter].items()
        if results[name][question].points > 0
    }
    assert earned == {}
    assert all(result.status == "passed" for result in results["model"].values())


@levels
@pytest.mark.parametrize("kind", ["python", "numpy"])
def test_every_notebook_may_import_what_the_others_begin_with(kind, level):
    cell = (
        "import numpy as np\nimport tinylearn as tl\nfrom tinylearn import Tensor\n"
        "from tinylearn.nn.functional import linear\ntl.course.exercise('01')\n"
        "def f(a):\n    import tinylearn as tl\n    return a + 1\n"
    )
    job = {"cells": [cell + "tl.check('q1')"], "keys": ["f"], "name": "f", "part": None}
    job |= {"run": "", "calls": [[1]]}
    with Sandbox(level, build(World(kind)), setup=cell) as box:
        reply = box.ask(job)
    assert [m["value"] for m in reply.messages if "call" in m] == [2], reply


def test_a_world_holds_no_body_that_is_absent_from_it():
    removed = "tinylearn.graph.primitives.MUL"
    whole, holed = build(World()), build(World("tinylearn", (removed,)))
    held = {}
    for hole in (whole, holed):
        files = [path for path in hole.folder.rglob("*") if path.suffix in (".py", ".pyc")]
        held[hole] = sum(b"each input gets g times the other" in f.read_bytes() for f in files)
        assert not list(hole.folder.rglob("*.spec.json"))
    text = (holed.package / "tinylearn" / "graph" / "primitives.py").read_text("utf-8")
    assert held[whole] == held[holed] > 0  # the sentence stays
    assert "return g * y, g * x" not in text
    assert "return g * y, g * x" in (whole.package / "tinylearn/graph/primitives.py").read_text()


def test_equal_worlds_are_one_folder_and_another_hole_is_another_key():
    a = World("tinylearn", ("tinylearn.graph.primitives.MUL",))
    b = World("tinylearn", ("tinylearn.graph.primitives.EXP",))
    assert build(a).folder == build(World("tinylearn", a.absent)).folder
    assert len({a.key, b.key, World().key, World("numpy").key, World("python").key}) == 5


def test_a_name_without_a_body_fails_the_build(monkeypatch):
    from tinylearn.course.author.absent import places

    with pytest.raises(ValueError, match="no function of tinylearn has its body"):
        places("tinylearn.nn.functional.conv2d")
    with pytest.raises(ValueError, match="course build"):
        build(World("tinylearn", ("tinylearn.graph.nowhere",)))


def test_a_hole_keeps_every_other_line_in_its_place():
    import ast

    text = 'def f(x):\n    """Says."""\n    y = x\n    return y\n\n\ndef g():\n    return 1\n'
    made = without(text, [ast.parse(text).body[0]])
    assert len(made.splitlines()) == len(text.splitlines())
    assert "y = x" not in made and '"""Says."""' in made and "return 1" in made


def test_a_description_may_name_a_composite_but_not_one_that_is_absent():
    name = "tinylearn.tensor.bends.softplus"
    assert composite_called(name, ()).name == "softplus"
    for made_up in (name, "os.system", "tinylearn.tensor.bends.nothing", "tinylearn.parts.use"):
        with pytest.raises(BadValue):
            composite_called(made_up, (name,))


def test_a_grade_depends_on_its_world():
    spec = spec_of("03_twelve_ops")
    keys = {world_of(spec, question).key for question in spec.questions}
    assert len(keys) == len(spec.questions)
    assert all(body["absent"] for body in spec_data("03_twelve_ops")["questions"].values())


def test_nothing_is_laid_over_a_link_to_what_is_not_there(tmp_path, monkeypatch):
    """Debian's Python has such links to /etc: bubblewrap cannot start on one."""
    python = tmp_path / "python3"
    python.mkdir()
    outside, inside = python / "outside.py", python / "inside.py"
    (tmp_path / "real.py").write_text("")
    (python / "kept.py").write_text("")
    outside.symlink_to(tmp_path / "real.py")
    inside.symlink_to(python / "kept.py")
    masked = [str(outside), str(inside), str(python / "kept.py")]
    shown = SimpleNamespace(folders=[str(python)], others=[], masked=masked)
    monkeypatch.setattr(on_level, "library", lambda numpy: shown)
    command = on_level.bubblewrap_command(build(World("numpy")), 0)
    assert str(outside) not in command
    assert str(inside) in command and str(python / "kept.py") in command
