"""Pictures inside a real JupyterLab: run, step, click, save, reopen without a kernel."""

import json

import pytest

from tests.browser.conftest import shoot

pytestmark = pytest.mark.browser

GRAPHS = """import tinylearn as tl
from tinylearn import nn
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
images, labels = tl.Tensor.rand(64, 784), tl.Tensor([3] * 64)
loss = model(images).cross_entropy(labels)"""
FILM = "tl.explain(loss)"
DARK = "JupyterLab Dark"


def step(page) -> int:
    return int(page.locator(".tlv-count").first.inner_text().split("/")[0])


def cell_count(page) -> int:
    return page.evaluate("() => jupyterapp.shell.currentWidget.model.cells.length")


def no_error_outputs(page) -> bool:
    kinds = ["application/vnd.jupyter.stderr", "application/vnd.jupyter.error"]
    return not any(page.locator(f'[data-mime-type="{kind}"]').count() for kind in kinds)


def errors_of_ours(page) -> list[str]:
    """Console errors, without those that JupyterLab itself makes with any notebook."""
    theirs = ("404", "favicon", "/static/lab/", "/lab/extensions/")
    return [e for e in page.errors if not any(mark in e for mark in theirs)]


@pytest.mark.parametrize("theme", ["", DARK])
def test_the_stepper_works_in_jupyterlab(notebook, theme):
    page = notebook([GRAPHS, FILM], theme)
    root = page.locator(".tlv").first
    root.locator(".tlv-live").wait_for()
    root.scroll_into_view_if_needed()
    slider = root.locator("input[type=range]")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 6, box["y"] + box["height"] / 2, steps=10)
    page.mouse.up()
    assert slider.input_value() == slider.get_attribute("max")
    cells = cell_count(page)
    for key in ["ArrowLeft", "ArrowLeft", "Home", "ArrowRight", "ArrowDown", "PageDown", "a", "b"]:
        page.keyboard.press(key)
    assert step(page) == 3
    assert cell_count(page) == cells, "a key reached the notebook"
    assert page.evaluate("() => document.activeElement.type") == "range"
    page.wait_for_timeout(400)
    shoot(page, f"lab-explain-{'dark' if theme else 'light'}")
    assert no_error_outputs(page)
    assert errors_of_ours(page) == [] and page.outside == []


def test_a_node_and_a_code_line_light_each_other(notebook):
    page = notebook([GRAPHS, FILM])
    root = page.locator(".tlv").first
    root.locator(".tlv-live").wait_for()
    root.scroll_into_view_if_needed()
    root.locator("input[type=range]").focus()
    page.keyboard.press("End")
    page.wait_for_timeout(400)
    root.locator('.tlv-node[aria-label*="less"]').first.click()
    assert "less" in root.locator(".tlv-node-card").inner_text()
    assert root.locator(".tlv-line.tlv-lit").count() >= 1
    root.locator(".tlv-linked").nth(1).hover()
    assert root.locator(".tlv-light").count() >= 1
    shoot(page, "lab-code")
    cells = cell_count(page)
    root.locator('.tlv-node[aria-label*="less"]').first.focus()
    page.keyboard.press("Enter")
    assert cell_count(page) == cells and errors_of_ours(page) == []


def saved_notebook(notebook):
    """The file of a notebook that was run and saved in JupyterLab."""
    page = notebook([GRAPHS, FILM])
    page.locator(".tlv-live").first.wait_for()
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save').then(() => null)")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    assert "tlv-data" in page.file.read_text()
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    return page.file


def test_what_was_saved_lives_on_without_a_kernel(notebook):
    page = notebook([], name=saved_notebook(notebook).name)
    page.locator(".tlv-live").first.wait_for()
    assert (
        page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel ?? null")
        is None
    )
    page.locator(".tlv input[type=range]").first.focus()
    page.keyboard.press("End")
    assert step(page) > 5
    shoot(page, "lab-reopened")
    assert errors_of_ours(page) == []


def test_a_notebook_that_is_not_trusted_shows_image_and_text(notebook):
    file = saved_notebook(notebook)
    book = json.loads(file.read_text())
    book["metadata"]["edited"] = "elsewhere"  # so that the signature no longer fits
    file.write_text(json.dumps(book))
    page = notebook([], name=file.name)
    page.locator(".jp-OutputArea-output img").first.wait_for()
    assert page.locator(".tlv-live").count() == 0
    page.locator(".jp-OutputArea-output summary").first.click()
    assert "FUSE" in page.locator(".jp-OutputArea-output pre").first.inner_text()
    shoot(page, "lab-untrusted")


def test_a_dashboard_draws_curves_while_it_runs(notebook):
    loop = (
        "import time\nfor epoch in range(2):\n    bar = bar if epoch else tl.progress(range(60))\n"
        "    for k in bar:\n        bar.note(loss=2 / (k + 60 * epoch + 1), accuracy=k / 60)\n"
        "        time.sleep(0.01)"
    )
    page = notebook([GRAPHS, loop])
    charts = page.locator(".jp-OutputArea-output svg polyline")
    charts.first.wait_for()
    assert charts.count() == 2
    shoot(page, "lab-dashboard")
    assert errors_of_ours(page) == []
