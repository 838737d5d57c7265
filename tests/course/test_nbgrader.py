"""nbgrader's own tools on the built files. Needs nbgrader: make test-nbgrader."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.course.classroom import CHAPTERS
from tests.repository import ROOT

pytest.importorskip("nbgrader", reason="make test-nbgrader installs it")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """An nbgrader course whose source notebooks are ours, and its environment."""
    folder = tmp_path_factory.mktemp("nbgrader")
    for chapter in CHAPTERS:
        (folder / "source" / chapter).mkdir(parents=True)
        shutil.copy(ROOT / "solutions" / f"{chapter}.ipynb", folder / "source" / chapter)
    own = {name: str(folder / name) for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR",
                                                 "JUPYTER_CONFIG_DIR", "IPYTHONDIR")}  # fmt: skip
    ours = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # its alembic
        "PYTHONPATH": str(ROOT),
        "TINYLEARN_EXERCISES": str(ROOT / "exercises"),
        "TINYLEARN_SPECS": str(ROOT / "solutions"),
        "TINYLEARN_MINE": str(folder / "my_tinylearn"),
    }
    return folder, os.environ | own | ours


def nbgrader(course, *words):
    folder, env = course
    command = [sys.executable, "-m", "nbgrader", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_generate_assignment_accepts_the_built_solution(course, chapter):
    done = nbgrader(course, "generate_assignment", chapter, f"--course-dir={course[0]}")
    assert done.returncode == 0, done.stderr
    released = (course[0] / "release" / chapter / f"{chapter}.ipynb").read_text()
    assert "BEGIN SOLUTION" not in released and "BEGIN HIDDEN" not in released
    points = [c["metadata"]["nbgrader"].get("points", 0)
              for c in json.loads(released)["cells"] if "nbgrader" in c["metadata"]]  # fmt: skip
    assert sum(points) > 0


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_validate_passes_the_solution_and_not_the_stubs(course, chapter):
    solution = nbgrader(course, "validate", f"source/{chapter}/{chapter}.ipynb")
    assert "Success" in solution.stdout, solution.stdout + solution.stderr
    stubs = nbgrader(course, "validate", str(ROOT / "exercises" / f"{chapter}.ipynb"))
    assert "not attempted" in stubs.stdout and "Success" not in stubs.stdout
