"""What is computed once for a whole class: expected values, given code, an author's warm cell."""

import pytest

from tests.course.small import TEXT, small_data, small_source
from tinylearn.course.author.build import notebook_text
from tinylearn.course.author.source import private_spec
from tinylearn.course.grade.probe import best_level
from tinylearn.course.grade.sandbox import Sandbox
from tinylearn.course.grade.worlds import World, build
from tinylearn.course.spec import Known, from_data, plan

WARM = '\n# %% tags=["warm"]\nnp.warmed = 7\nleft = 8\n'


def counted(question):
    """The question, and a list that gets an entry for each call of its reference."""
    calls, reference = [], question.reference

    def counting(*args):
        calls.append(args)
        return reference(*args)

    question.reference = counting
    return question, calls


def test_what_is_expected_of_everybody_is_computed_once():
    question, calls = counted(from_data(small_data())["q1"])
    known = Known()
    first = plan(question, "ann", known)
    everybodys = sum(len(check.cases("")) for check in question.checks if not check.is_fresh)
    assert len(calls) == len(first)
    second = plan(question, "bob", known)
    assert len(calls) == 2 * len(first) - everybodys
    for planned, alone in zip(second, plan(question, "bob")):
        assert (planned.want == alone.want).all()


def test_no_more_expected_values_are_kept_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(Known, "MOST", 3)
    known = Known()
    plan(from_data(small_data())["q1"], "ann", known)
    assert len(known.values) == 3


def test_a_warm_cell_is_in_the_spec_and_in_no_notebook():
    source = small_source(TEXT + WARM)
    data = private_spec(source)
    assert "np.warmed" in data["warm"]
    for worked in (True, False):
        assert "warmed" not in notebook_text(source, from_data(data), worked)


ANSWER = "def f(): return getattr(np, 'warmed', 0), 'left' in globals(), np.__name__"


@pytest.mark.parametrize(
    ("warm", "comes_back"),
    [
        ("np.warmed = 7\nleft = 8", [7, False, "numpy"]),
        ("np.warmed = 7\nraise ValueError", [7, False, "numpy"]),
        ("", [0, False, "numpy"]),
    ],
)
def test_the_host_runs_setup_and_warm_code_once_for_all_questions(warm, comes_back):
    job = {"cells": [ANSWER], "keys": ["f"], "name": "f", "part": None, "run": "", "calls": [[]]}
    with Sandbox(best_level()[0], build(World("numpy")), None, "import numpy as np", warm) as box:
        for _ in range(2):
            reply = box.ask(job)
            values = [m["value"] for m in reply.messages if "call" in m]
            assert values == [{"tuple": comes_back}], reply
        assert box.starts == 1
