"""Right answers in forms that IPython accepts: `course grade` gives all points, tl.check passes."""

import json
import sys

import pytest

from tests.course.classroom import spec_data, spec_of
from tests.course.graded_by_command import by_command, notebook_of
from tests.course.odd_cells import CELLS
from tests.course.odd_forms import FORMS
from tinylearn.course.public import public

CHAPTER = "01_one_number"
ALL = FORMS | CELLS
STOPS = {"an error above", "an error in its own cell, below it", "a broken one below"}

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sandboxes are Linux")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    students = {
        f"s{place}": notebook_of(CHAPTER, {question: cells})
        for place, (question, cells) in enumerate(ALL.values())
    }
    results, _, _ = by_command(folder, spec_data(CHAPTER), students)
    return results


@pytest.mark.parametrize("name", ALL)
def test_an_odd_form_earns_everything(graded, name):
    result = graded[f"s{list(ALL).index(name)}"][ALL[name][0]]
    assert (result.points, result.message) == (result.most, "All checks passed."), result.notes


@pytest.mark.parametrize("name", ALL)
def test_tl_check_accepts_the_same(shell, beside_the_checks, name):
    question, cells = ALL[name]
    (beside_the_checks / "checks").mkdir()
    path = beside_the_checks / "checks" / f"{CHAPTER}.json"
    path.write_text(json.dumps(public(spec_of(CHAPTER))), "utf-8")
    shell.reset()
    opened = f'import tinylearn as tl\ntl.course.exercise("{CHAPTER}")'
    for cell in [opened, spec_data(CHAPTER)["setup"], *cells]:
        result = shell.run_cell(cell, store_history=True)
        assert result.success or name in STOPS, result.error_in_exec or result.error_before_exec
    result = shell.run_cell(f'tl.check("{question}")')
    assert result.success, result.error_in_exec
