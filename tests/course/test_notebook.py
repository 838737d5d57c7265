"""What a notebook's cells do before the answer counts, as it does in IPython.

Each row: cells, the last of which may be the answer, twice x; everything must be as it would be
after "restart and run all".
"""

import sys

import pytest

from tests.course.notebooks import NOTEBOOKS, g
from tinylearn.course.inside.find import NoAnswer, find
from tinylearn.course.inside.shell import build


def answer(*cells, given=None, setup=""):
    given = dict(given or {})
    return build(find(list(cells), ["f"], "f", set(given), setup), given)


SLOW = {"while true needed"}
IN_ITS_OWN_PROCESS = {"pickle"}  # which looks its class up in __main__ when the answer runs


@pytest.fixture(autouse=True)
def the_same_limit_afterwards():
    """A student may raise the limit of recursion, for this test alone."""
    limit = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.parametrize("name", [n for n in NOTEBOOKS if n not in SLOW | IN_ITS_OWN_PROCESS])
def test_what_ran_before_the_answer_counts(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert answer(*NOTEBOOKS[name])(5) == 10


def test_a_cell_that_runs_too_long_is_stopped_with_a_note_and_the_answer_still_counts():
    cells = NOTEBOOKS["while true needed"]
    chosen = find(cells, ["f"], "f", set())
    assert build(chosen, {})(5) == 10
    assert "cell 1, line 2: stopped after 2 seconds" in chosen.notes[0]


def test_a_cell_that_cannot_matter_is_not_run():
    ran = []
    cells = ["K = 2", "for k in range(3):\n    ran.append(k)", "losses = train(K)", g("K")]
    chosen = find(cells, ["f"], "f", set())
    assert [piece.cell for piece in chosen.pieces] == [0, 3] and not ran


def test_a_students_function_counts_though_its_name_is_given_and_a_copy_of_the_given_does_not():
    setup = "def walk(x): return 3\nclass Value: pass\n"
    given = {}
    exec(setup, given)
    own = answer("def walk(x): return 2", g("walk(x)"), given=given, setup=setup)
    assert own(5) == 10 and given["walk"](5) == 3
    chosen = find([setup, g("walk(x)")], ["f"], "f", {"walk", "Value"}, setup)
    assert [piece.cell for piece in chosen.pieces] == [1]


def test_an_answer_that_raises_while_it_is_defined_says_so():
    with pytest.raises(ZeroDivisionError):
        answer("@tl.answer('f')\ndef f(x, half=1 / 0):\n    return x")
    with pytest.raises(NoAnswer):
        answer("f = 3")
