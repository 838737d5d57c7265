"""Pictures inside a real JupyterLab: run, step, click, save, reopen without a kernel."""

import json

import pytest

from tests.browser.conftest import shoot
from tests.browser.test_saved_pages import CONTRAST

pytestmark = pytest.mark.browser

GRAPHS = """import tinylearn as tl
from tinylearn import nn
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
images, labels = tl.Tensor.rand(64, 784), tl.Tensor([3] * 64)
loss = model(images).cross_entropy(labels)"""
FILM = "tl.explain(loss)"
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"  # the last one chosen stays


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


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_key_turns_the_picture_dark_or_light_whatever_the_notebook_is(notebook, theme):
    page = notebook(
        ["import tinylearn as tl", "x = tl.Tensor.rand(4, 5)\ntl.explain(x * x, step=1)"], theme
    )
    page.locator(".tlv-live").wait_for()
    page.locator(".tlv input[type=range]").focus()
    colours = []
    for _ in range(2):
        page.keyboard.press("d")
        ground = "e => getComputedStyle(e).backgroundColor"
        colours.append(page.locator(".tlv-live").evaluate(ground))
        assert page.evaluate(CONTRAST) == []
        hint = "e => getComputedStyle(e, '::placeholder').color"
        grey = "rgb(180, 184, 189)" if colours[-1] != "rgb(255, 255, 255)" else "rgb(85, 85, 85)"
        assert page.locator(".tlv input[type=search]").evaluate(hint) == grey
    light, dark = "rgb(255, 255, 255)", "rgb(22, 24, 27)"
    assert colours == ([light, dark] if theme == DARK else [dark, light])
    assert errors_of_ours(page) == []


LOOP = """import time
bar = tl.progress(range(60))
for epoch in range(2):
    for k in bar:
        bar.note(loss=2 / (k + 60 * epoch + 1), accuracy=k / 60)
        time.sleep(0.01)"""


@pytest.fixture(scope="module")
def ran(module_notebook):
    """A notebook with a film and a dashboard, run in JupyterLab."""
    return module_notebook([GRAPHS, FILM, LOOP])


@pytest.fixture(scope="module")
def saved(ran):
    """A copy of that notebook's file as JupyterLab saved it."""
    ran.locator(".tlv-live").first.wait_for()
    ran.evaluate("() => jupyterapp.commands.execute('docmanager:save').then(() => null)")
    ran.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    assert "tlv-data" in ran.file.read_text()
    copy = ran.file.with_name("saved.ipynb")
    copy.write_text(ran.file.read_text())
    return copy


def test_a_node_and_a_code_line_light_each_other(ran):
    root = ran.locator(".tlv").first
    root.locator(".tlv-live").wait_for()
    root.scroll_into_view_if_needed()
    root.locator("input[type=range]").focus()
    ran.keyboard.press("End")
    root.get_by_label("Search nodes").fill("less")
    ran.wait_for_timeout(400)  # the first hit is brought into sight
    root.locator('.tlv-node[aria-label*="less"]').first.click()
    assert "less" in root.locator(".tlv-node-card").inner_text()
    assert root.locator(".tlv-line.tlv-lit").count() >= 1
    root.locator(".tlv-linked").nth(1).hover()
    assert root.locator(".tlv-light").count() >= 1
    shoot(ran, "lab-code")
    cells = cell_count(ran)
    root.locator('.tlv-node[aria-label*="less"]').first.focus()
    ran.keyboard.press("Enter")
    assert cell_count(ran) == cells and errors_of_ours(ran) == []


def test_a_dashboard_draws_curves(ran):
    charts = ran.locator(".jp-OutputArea-output svg polyline")
    charts.first.scroll_into_view_if_needed()
    assert charts.count() == 2
    shoot(ran, "lab-dashboard")
    assert errors_of_ours(ran) == [] and ran.outside == []


def test_what_was_saved_lives_on_without_a_kernel(saved, notebook):
    page = notebook([], name=saved.name)
    page.locator(".tlv-live").first.wait_for()
    session = "jupyterapp.shell.currentWidget.sessionContext.session"
    assert page.evaluate(f"() => {session}?.kernel ?? null") is None
    page.locator(".tlv input[type=range]").first.focus()
    page.keyboard.press("End")
    assert step(page) > 5
    shoot(page, "lab-reopened")
    assert errors_of_ours(page) == [] and page.outside == []


def test_a_notebook_that_is_not_trusted_shows_image_and_text(saved, notebook):
    book = json.loads(saved.read_text())
    book["metadata"]["edited"] = "elsewhere"  # so that the signature no longer fits
    edited = saved.with_name("edited.ipynb")
    edited.write_text(json.dumps(book))
    page = notebook([], name=edited.name)
    page.locator(".jp-OutputArea-output img").first.wait_for()
    assert page.locator(".tlv-live").count() == 0
    page.locator(".jp-OutputArea-output summary").first.click()
    assert "FUSE" in page.locator(".jp-OutputArea-output pre").first.inner_text()
    shoot(page, "lab-untrusted")


TWO_FILMS = """def stores(node, readers, homes):
    'Every value is stored.'
    return "store", "this rule stores all"
a, b, c = (tl.Tensor.rand(4, 5) for _ in range(3))
tl.explain((a * b + c).exp(), using={"fuse.compute_where_used": stores})"""


def test_two_films_and_the_memory_keep_their_keys_from_the_notebook(notebook):
    page = notebook(["import tinylearn as tl", TWO_FILMS])
    bar = page.locator(".tlv-pairbar")
    bar.wait_for()
    bar.scroll_into_view_if_needed()
    cells = cell_count(page)
    page.locator(".tlv-goto").first.focus()
    page.keyboard.press("Enter")
    assert "They differ on" in page.locator(".tlv-pairsays").inner_text()
    page.get_by_label("Step of both films").focus()
    for key in ["Home", "ArrowRight", "a", "b", "d", "d", "ArrowRight", "ArrowRight"]:
        page.keyboard.press(key)
    assert page.locator(".tlv-pairbar .tlv-count").inner_text() == "3 / 3"
    summary = page.locator(".tlv-memory summary").first
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    for key in ["Enter", "a", "b", " "]:
        page.keyboard.press(key)
    page.get_by_label("Choose steps and print them").first.click()
    page.get_by_label("Steps to print").first.fill("")
    page.keyboard.type("1-2, 3")
    page.keyboard.press("Enter")
    assert page.locator(".tlv-figures figure").count() == 3
    assert cell_count(page) == cells, "a key reached the notebook"
    shoot(page, "lab-two-films")
    assert errors_of_ours(page) == [] and page.outside == []


FIGURES = """from IPython.display import display
from tinylearn.viz import plots
line = lambda k: plots.lines({"x": ([0, 1], [0, k])}, alt="a line", caption=f"step {k}")
figure = display(line(1), display_id=True)
for k in range(2, 40):
    figure.update(line(k))"""


def test_cells_that_run_again_and_again_leave_no_error(notebook):
    """Outputs are replaced while their scripts run, while a slider has the focus, and plays."""
    page = notebook([GRAPHS, FILM, FIGURES])
    again = "jupyterapp.commands.execute('notebook:run-all-cells').then(() => null)"
    for wait in (50, 300, 900):
        page.locator(".tlv-live").first.wait_for()
        page.get_by_label("Play").first.click()
        page.locator(".tlv input[type=range]").first.focus()
        page.evaluate(f"() => {again}")
        page.wait_for_timeout(wait)
        page.evaluate(f"() => {{ {again} }}")
        page.evaluate("() => { jupyterapp.commands.execute('notebook:clear-all-cell-outputs') }")
        page.evaluate(f"() => {again}")
    page.locator("figcaption", has_text="step 39").wait_for()
    page.wait_for_timeout(1500)
    assert page.locator(".tlv").count() == 1 and page.locator("[data-error]").count() == 0
    assert [e for e in page.errors if "removeChild" in e] == []
    assert errors_of_ours(page) == [] and page.outside == []
