"""tl.explore inside a real JupyterLab: dragged, switched, typed at, saved, opened again."""

import pytest

from tests.browser.conftest import shoot
from tests.browser.test_lab import DARK, cell_count, errors_of_ours, no_error_outputs

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
    boxes = ran.locator(".widget-checkbox input")
    box = ran.locator(".widget-checkbox", has_text="compute_where_used").locator("input")
    assert boxes.count() == 23
    box.click()
    settled(ran, "without fuse.compute_where_used")
    assert int(ran.locator(".tlv-counts").inner_text().split()[0]) > 6
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
