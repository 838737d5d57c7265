"""Whatever is right in a notebook earns all points, and tl.check accepts the same."""

import json
from functools import cache

import pytest

from tests.course.classroom import grade, spec_data, spec_of
from tests.course.odd_answers import ODD
from tinylearn.course.grade.sandbox import Limits
from tinylearn.course.public import public

ROWS = [
    pytest.param(chapter, place, id=f"{chapter[:2]}.{question} {what}")
    for chapter, rows in ODD.items()
    for place, (question, what, *_) in enumerate(rows)
]


def cells_of(chapter, place):
    question, _, *cells = ODD[chapter][place]
    opened = f'import tinylearn as tl\ntl.course.exercise("{chapter}")'
    return [opened, spec_data(chapter)["setup"], *cells, f'tl.check("{question}")']


@cache
def public_text(chapter):
    return json.dumps(public(spec_of(chapter)))


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """{chapter: {row: results}} of all rows, graded in a sandbox as notebooks are."""
    found = {}
    for chapter, rows in ODD.items():
        students = {str(place): cells_of(chapter, place) for place in range(len(rows))}
        folder = tmp_path_factory.mktemp(chapter)
        found[chapter], summary = grade(spec_of(chapter), students, folder, limits=Limits())
        assert not summary.ungraded
    return found


@pytest.mark.parametrize(("chapter", "place"), ROWS)
def test_an_odd_but_right_answer_earns_everything(graded, chapter, place):
    result = graded[chapter][str(place)][ODD[chapter][place][0]]
    assert (result.points, result.message) == (result.most, "All checks passed.")


@pytest.mark.parametrize(("chapter", "place"), ROWS)
def test_tl_check_accepts_it_and_keeps_a_file_that_stands_alone(
    shell, beside_the_checks, chapter, place
):
    (beside_the_checks / "checks").mkdir()
    path = beside_the_checks / "checks" / f"{chapter}.json"
    path.write_text(public_text(chapter), "utf-8")
    shell.reset()
    for cell in cells_of(chapter, place):
        if not cell.startswith("%matplotlib"):
            result = shell.run_cell(cell, store_history=True)
            assert result.success, result.error_in_exec or result.error_before_exec
    (kept,) = (beside_the_checks / "my_tinylearn").glob("*.py")
    names = {"__name__": "__main__"}
    exec(compile(kept.read_text("utf-8"), str(kept), "exec"), names)
    assert callable(names[spec_of(chapter)[ODD[chapter][place][0]].answer])
