"""tl.explore inside a real JupyterLab: dragged, switched, typed at, saved, opened again."""

import json
import re

import pytest

from tests.browser.conftest import shoot
from tests.browser.test_lab import DARK, LIGHT, cell_count, errors_of_ours, no_error_outputs
from tests.repository import ROOT

pytestmark = pytest.mark.browser

CELLS = [
    "import tinylearn as tl\nfrom tinylearn import nn",
    """def f(batch: (1, 512) = 64, width=32):
    model = nn.Sequential(nn.Linear(50, width), nn.ReLU(), nn.Linear(width, 10))
    return model(tl.Tensor.rand(batch, 50)).cross_entropy(tl.Tensor([3] * batch))
knobs = tl.explore(f)
knobs""",
]


def handle(page, number: int):
    """The handle of a slider."""
    return page.locator(".noUi-handle").nth(number)


def value(page, number: int) -> int:
    return int(page.locator(".widget-readout").nth(number).inner_text())


def settled(page, text: str) -> None:
    """Wait until the picture, or the bars, say this."""
    page.locator(".jp-OutputArea").last.get_by_text(text).first.wait_for()


@pytest.mark.parametrize("theme", ["", DARK])
def test_a_slider_that_is_dragged_redraws_the_graph_the_code_and_the_bars(notebook, theme):
    page = notebook(CELLS, theme)
    page.locator(".tlv-live").wait_for()
    settled(page, "6 kernels:")
    knob = handle(page, 0)
    knob.scroll_into_view_if_needed()
    box = knob.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + box["height"] / 2, steps=12)
    page.mouse.up()
    batch = value(page, 0)
    assert batch > 100
    settled(page, f"{batch}×10")
    settled(page, f"batch={batch}, width=32")
    page.wait_for_timeout(500)
    shoot(page, f"lab-explore-{'dark' if theme else 'light'}")
    assert no_error_outputs(page)
    assert errors_of_ours(page) == [] and page.outside == []


@pytest.fixture(scope="module")
def ran(module_notebook):
    """A notebook in which somebody explores."""
    page = module_notebook(CELLS)
    page.locator(".tlv-live").wait_for()
    settled(page, "6 kernels:")
    return page


def test_keys_move_a_slider_and_do_not_reach_the_notebook(ran):
    cells, before = cell_count(ran), value(ran, 0)
    handle(ran, 0).focus()
    for key in ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "a", "b", "d", "d"]:
        ran.keyboard.press(key)
    assert value(ran, 0) == before + 2
    assert cell_count(ran) == cells, "a key reached the notebook"
    settled(ran, f"{before + 2}×10")


def test_a_rule_that_is_switched_off_makes_more_kernels_and_another_row_of_totals(ran):
    box = ran.locator(".widget-checkbox", has_text="compute_where_used").locator("input")
    box.click()
    settled(ran, "without fuse.compute_where_used")
    ran.locator(".tlv-counts", has_text=re.compile(r"^\d\d kernels")).wait_for()
    box.click()
    ran.locator(".tlv-counts", has_text="6 kernels").wait_for()
    assert errors_of_ours(ran) == []


def test_another_device_brings_its_language(ran):
    device = ran.locator(".widget-dropdown select").first
    if "c" not in device.locator("option").all_inner_texts():
        pytest.skip("no C compiler here")
    device.select_option("c")
    ran.locator(".tlv-code", has_text="float *restrict").wait_for()
    settled(ran, "device c")
    shoot(ran, "lab-explore-c")
    assert no_error_outputs(ran)


def test_the_last_state_is_there_without_a_kernel(ran, notebook):
    shown = ran.locator(".tlv-counts").inner_text()
    ran.evaluate("() => jupyterapp.commands.execute('docmanager:save').then(() => null)")
    ran.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    copy = ran.file.with_name("explored.ipynb")
    copy.write_text(ran.file.read_text())
    page = notebook([], name=copy.name)
    page.locator(".tlv-live").wait_for()
    session = "jupyterapp.shell.currentWidget.sessionContext.session"
    assert page.evaluate(f"() => {session}?.kernel ?? null") is None
    assert page.locator(".tlv-counts").inner_text() == shown
    settled(page, "kernels:")
    page.wait_for_timeout(1500)
    assert not page.get_by_text("Error displaying widget").is_visible()
    page.locator(".tlv input[type=range]").focus()
    page.keyboard.press("Home")
    assert page.locator(".tlv-count").inner_text().startswith("0 /")
    shoot(page, "lab-explore-reopened")
    assert errors_of_ours(page) == [] and page.outside == []


def lesson_cells() -> list[str]:
    """Of the lesson on exclusive or, its knobs and what stands before them and is needed there."""
    book = json.loads((ROOT / "notebooks" / "05_xor.ipynb").read_text("utf-8"))
    code = ["".join(c["source"]) for c in book["cells"] if c["cell_type"] == "code"]
    named = ("import tinylearn", "plots.plane(\n    X,\n    Y,", "def picture", "tl.explore(")
    return [next(text for text in code if name in text) for name in named]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_plane_of_the_lesson_is_trained_anew_where_its_knobs_are_dragged(notebook, theme):
    page = notebook(lesson_cells(), theme)
    settled(page, "2 hidden sums, rate 0.20, seed 0")
    knob = handle(page, 0)
    knob.scroll_into_view_if_needed()
    box = knob.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 70, box["y"] + box["height"] / 2, steps=10)
    page.mouse.up()
    width = value(page, 0)
    assert width > 4
    settled(page, f"{width} hidden sums, rate 0.20, seed 0")
    handle(page, 2).focus()
    page.keyboard.press("ArrowRight")
    settled(page, f"{width} hidden sums, rate 0.20, seed 1")
    assert page.locator(".widget-checkbox").count() == 0
    page.wait_for_timeout(300)
    shoot(page, f"lab-lesson-knobs-{'dark' if theme == DARK else 'light'}")
    assert no_error_outputs(page)
    assert errors_of_ours(page) == [] and page.outside == []


def test_the_lesson_as_it_is_committed_shows_the_plane_without_a_kernel(lab, notebook):
    _, folder = lab
    lesson = ROOT / "notebooks" / "05_xor.ipynb"
    (folder / "lesson.ipynb").write_text(lesson.read_text("utf-8"), "utf-8")
    page = notebook([], name="lesson.ipynb")
    says = page.get_by_text("Run this cell, and its knobs stand here.")
    says.scroll_into_view_if_needed()
    cell = page.locator(".jp-CodeCell", has_text="tl.explore(trained)")
    assert cell.locator("figcaption", has_text="Figure 7. 2 hidden sums").is_visible()
    assert "Error displaying" not in cell.inner_text()
    shoot(page, "lab-lesson-committed")
