"""Every lesson as it is committed: executed, in short cells, with figures that have a text."""

import json
import re
from itertools import pairwise

import pytest

from tests.repository import ROOT

LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
FIGURES = {"05_xor": 5, "06_digits": 5, "07_look_inside": 7, "08_convolution": 10}  # at least


def cells_of(lesson):
    return json.loads((ROOT / "notebooks" / f"{lesson}.ipynb").read_text("utf-8"))["cells"]


def pages_of(lesson):
    outputs = [output for cell in cells_of(lesson) for output in cell.get("outputs", ())]
    return ["".join(output.get("data", {}).get("text/html", "")) for output in outputs]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_is_executed_without_errors_in_cells_of_at_most_15_lines(lesson):
    code = [cell for cell in cells_of(lesson) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert max(len(cell["source"]) for cell in code) <= 15
    outputs = [output for cell in code for output in cell["outputs"]]
    assert all(output["output_type"] != "error" for output in outputs)
    assert all(output.get("name") != "stderr" for output in outputs)


@pytest.mark.parametrize("lesson", LESSONS)
def test_what_a_cell_prints_stands_in_one_piece(lesson):
    """If not: python tools/run_notebook.py"""
    for cell in cells_of(lesson):
        kinds = [output.get("name") for output in cell.get("outputs", ())]
        assert all(a is None or a != b for a, b in pairwise(kinds)), cell["id"]


@pytest.mark.parametrize("lesson", FIGURES)
def test_every_figure_has_a_caption_and_a_text_and_they_are_numbered_in_order(lesson):
    figures = [page for page in pages_of(lesson) if "<figure" in page]
    assert len(figures) >= FIGURES[lesson]
    assert all(re.search(r'(alt|aria-label)="[^"]{20}', page) for page in figures)
    assert all("<figcaption" in page and "Figure " in page for page in figures)
    shown = [number for cell in cells_of(lesson) for number in figures_in(cell)]
    assert shown == list(range(1, len(shown) + 1))


def figures_in(cell):
    """The numbers of the figures that a cell shows, or that its text is the caption of."""
    if cell["cell_type"] == "markdown":
        return [int(n) for n in re.findall(r"^\*Figure (\d+)\.", "".join(cell["source"]), re.M)]
    pages = ["".join(o.get("data", {}).get("text/html", "")) for o in cell["outputs"]]
    return [int(n) for n in re.findall(r"<figcaption[^>]*>Figure (\d+)", "".join(pages))]
