"""What tests of notebooks share: IPython itself, and a student's folder with the public checks."""

import os
import sys
from types import SimpleNamespace

import pytest

import tinylearn as tl
from tinylearn.course.student import session as student


@pytest.fixture(scope="module")
def shell():
    from IPython.core.interactiveshell import InteractiveShell

    main = sys.modules["__main__"]
    made = InteractiveShell.instance()
    yield made
    InteractiveShell.clear_instance()
    sys.modules["__main__"] = main


@pytest.fixture
def beside_the_checks(tmp_path, monkeypatch):
    """A student's folder with the public checks, and a framework that is as it was afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("TINYLEARN_MINE", str(tmp_path / "my_tinylearn"))
    monkeypatch.setattr(student, "_session", student.Session())
    monkeypatch.setattr(os, "system", lambda _: 0)  # what !pip would start
    monkeypatch.setitem(sys.modules, "tqdm", SimpleNamespace(tqdm=lambda items: items))
    limit = sys.getrecursionlimit()
    yield tmp_path
    sys.setrecursionlimit(limit)
    tl.use({name: None for name in tl.parts().yours})
