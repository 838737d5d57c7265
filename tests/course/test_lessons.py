"""Every lesson as it is committed: executed, in short cells, with figures that have a text."""

import json
import re
import subprocess
import sys
from itertools import pairwise

import pytest

from tests.repository import ROOT
from tinylearn.course.lessons.claims import claims_in, wrong_claims

LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
FIGURES = {
    "01_one_number": 3,
    "02_shapes": 3,
    "05_xor": 5,
    "06_digits": 2,
    "06_training": 5,
    "07_look_inside": 7,
    "08_convolution": 6,
    "08_lenet": 4,
    "13_when_not": 1,
    "15_loops": 1,
    "16_capture": 1,
    "17_threads": 4,
    "18_memory": 2,
}  # at least


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


# ---------------------------------------------------------------- where a lesson stands, and claims

STRIP = ["number", "array", "graph", "network", "kernel", "machine"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_begins_with_where_it_stands_and_ends_with_a_question(lesson):
    texts = ["".join(c["source"]) for c in cells_of(lesson) if c["cell_type"] == "markdown"]
    line = texts[0].splitlines()[2]
    assert line.startswith("*Where are we:* ")
    words = line.removeprefix("*Where are we:* ").split(" · ")
    assert [word.strip("*") for word in words] == STRIP
    here = [word for word in words if word.startswith("**")]
    assert len(here) == (6 if lesson == "00_tour" else 1)
    if lesson != "00_tour":  # which has no exercise
        assert sum("## A question to take along" in text for text in texts) == 1


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_number_in_the_text_is_what_the_cells_computed(lesson):
    """If not, mend the text or run it: python tools/run_notebook.py notebooks/NN_topic.ipynb"""
    assert wrong_claims(cells_of(lesson)) == []


def told(text, **noted):
    return wrong_claims(
        [{"cell_type": "markdown", "source": [text], "metadata": {"claims": noted}}]
    )


def test_a_claim_is_compared_with_as_many_digits_as_the_text_shows():
    assert told("It is 2.72<!--= e -->.", e=2.7183) == []
    assert told("It is 96.4%<!--= share -->.", share=0.9641) == []
    assert told("The text says −3<!--= x -->.", x=-3.2) == []
    assert told("It is 2.71<!--= e -->.", e=2.7183) == ["the text says 2.71, e is 2.72"]
    assert told("10,000<!--= n --> times", n=1e5) == ["the text says 10,000, n is 100,000"]
    assert told("It is 5<!--= n -->.") == ["n has not been run"]
    with pytest.raises(ValueError, match="a claim is written"):
        claims_in("It is five<!--= n -->.")


def test_a_lesson_whose_text_says_another_number_is_not_saved(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    cells = [
        nbformat.v4.new_code_cell("x = 2"),
        nbformat.v4.new_markdown_cell("It is 4<!--= x * x -->."),
        nbformat.v4.new_code_cell("x + 1"),
    ]
    path = tmp_path / "a.ipynb"
    run = [sys.executable, str(ROOT / "tools" / "run_notebook.py"), str(path)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    subprocess.run(run, check=True, capture_output=True)
    saved = nbformat.read(path, as_version=4).cells
    assert saved[1].metadata.claims == {"x * x": 4.0}
    assert [cell.get("execution_count") for cell in saved] == [1, None, 2]  # asking counts for none
    cells[1].source = "It is 5<!--= x * x -->."
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    before = path.read_text()
    done = subprocess.run(run, capture_output=True, text=True)
    assert "the text says 5, x * x is 4" in done.stderr and path.read_text() == before
