"""Films in a real browser: two that step together, the memory beside them, figures for paper."""

import re

import numpy as np
import pytest

import tinylearn as tl
from tests.browser.conftest import shoot
from tests.browser.test_saved_pages import CONTRAST
from tests.pictures import Named, mlp, multiply_add
from tinylearn import viz

pytestmark = pytest.mark.browser


def stores(node, readers, homes):
    """Every value is stored."""
    return "store", "this rule stores all"


def count(page, place: str) -> int:
    return int(page.locator(f"{place} .tlv-count").inner_text().split("/")[0])


@pytest.fixture
def pair(opened):
    """Two films of a sum, with and without a rule that stores every value."""
    x, y, z = (tl.Tensor(np.ones((4, 5), np.float32)) for _ in range(3))
    rules = {"fuse.compute_where_used": stores}
    shown = tl.explain(((x * y + z).exp() * z).sum(axis=1), using=rules)
    page = opened(shown)
    page.locator(".tlv-pairbar").wait_for()
    return page, shown


# ---------------------------------------------------------------- two films


def test_one_slider_and_the_keys_move_both_films(pair):
    page, shown = pair
    page.get_by_label("Step of both films").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    steps = [count(page, f"section:nth-of-type({k})") for k in (1, 2)]
    assert tuple(steps) == shown.ticks[3] and count(page, ".tlv-pairbar") == 3
    assert page.locator(".tlv-pairsays").inner_text() == shown.says()[3]
    page.locator("section .tlv-node[tabindex='0']").first.focus()
    page.keyboard.press("PageDown")
    assert count(page, ".tlv-pairbar") == 4
    page.keyboard.press("End")
    assert count(page, ".tlv-pairbar") == len(shown.ticks) - 1
    shoot(page, "pair-together")


def test_a_difference_is_a_link_a_sentence_and_a_mark(pair):
    page, shown = pair
    assert page.locator("text.tlv-differs").count() == 2 * len(shown.differs) > 0
    page.locator(".tlv-goto").first.click()
    assert page.locator(".tlv-pairsays").inner_text().startswith("≠ They differ on")
    assert count(page, ".tlv-pairbar") == shown.tick_of(shown.differs[0])


def test_films_step_apart_when_asked_and_together_again(pair):
    page, shown = pair
    sliders = page.locator("section input[type=range]")
    assert not sliders.first.is_visible()
    apart = page.get_by_role("button", name="step apart")
    apart.click()
    assert apart.get_attribute("aria-pressed") == "true" and sliders.first.is_visible()
    sliders.first.focus()
    page.keyboard.press("End")
    assert count(page, "section:nth-of-type(1)") == len(shown.before.trace["steps"])
    assert count(page, "section:nth-of-type(2)") == 0
    shoot(page, "pair-apart")
    apart.click()
    assert count(page, ".tlv-pairbar") == len(shown.ticks) - 1
    assert count(page, "section:nth-of-type(2)") == len(shown.after.trace["steps"])


def test_a_link_to_a_step_of_one_film_takes_the_other_along(opened):
    x = tl.Tensor(np.ones((4, 5), np.float32))
    shown = tl.explain((x * x + x).exp(), using={"fuse.compute_where_used": stores})
    page = opened(shown, hash="#step=2")
    page.locator(".tlv-pairbar").wait_for()
    steps = tuple(count(page, f"section:nth-of-type({k})") for k in (1, 2))
    assert steps in shown.ticks and max(steps) >= 2


def test_two_films_begin_at_the_step_that_was_asked_for(opened):
    x = tl.Tensor(np.ones((4, 5), np.float32))
    page = opened(tl.explain((x * x + x).exp(), using={"fuse.compute_where_used": stores}, step=2))
    page.locator(".tlv-pairbar").wait_for()
    assert count(page, ".tlv-pairbar") == 2


def test_one_of_two_films_on_the_projector_has_its_slider(pair):
    page, _ = pair
    page.locator("section").first.get_by_role("button", name="Large").click()
    page.wait_for_timeout(200)
    assert page.locator("section input[type=range]").first.is_visible()
    before = count(page, "section:nth-of-type(2)")
    page.locator("section").first.get_by_role("button", name="Next step").click()
    shoot(page, "pair-present")
    page.keyboard.press("Escape")
    assert count(page, "section:nth-of-type(2)") == before + 1, "the other film comes along"


# ---------------------------------------------------------------- memory


def test_the_memory_marks_the_steps_kernel_and_leads_to_steps(opened):
    shown = viz.explain(Named(mlp()[0]))
    page = opened(shown)
    page.locator(".tlv-memory summary").click()
    bars = page.locator(".tlv-chart [data-node]")
    node = bars.last.get_attribute("data-node")
    bars.last.click(position={"x": 5, "y": 5})
    number = count(page, ".tlv-live")
    step = shown.trace["steps"][number - 1]
    assert node in step["nodes"] and step["verdict"] == "store"
    seen = page.locator(".tlv-chart [data-column]:visible")
    assert seen.get_attribute("data-column") in step["kernels"] and seen.count() == 1
    assert page.locator(".tlv-membar").count() >= 1
    shoot(page, "explain-memory")


def test_the_memory_is_reached_by_keyboard(opened):
    page = opened(viz.explain(Named(multiply_add())))
    page.locator(".tlv-memory summary").focus()
    page.keyboard.press("Enter")
    assert page.locator(".tlv-memory").get_attribute("open") is not None
    page.keyboard.press("Tab")
    assert page.evaluate("() => !!document.activeElement.dataset.node")
    page.keyboard.press("Enter")
    assert count(page, ".tlv-live") >= 1


# ---------------------------------------------------------------- paper


def test_chosen_steps_become_figures_and_they_alone_are_printed(opened):
    page = opened(viz.explain(Named(mlp()[0])), "dark")
    page.get_by_label("Choose steps and print them").click()
    page.get_by_label("Steps to print").fill("3, 7-9")
    page.get_by_role("button", name="Show them").click()
    captions = page.locator(".tlv-figures figcaption").all_inner_texts()
    assert [text.split(" of ")[0] for text in captions] == ["Step 3", "Step 7", "Step 8", "Step 9"]
    assert count(page, ".tlv-live") == 0, "the film stays where it was"
    page.emulate_media(media="print")
    assert not page.locator(".tlv-stage").is_visible()
    assert not page.locator(".tlv-paper").is_visible()
    assert page.locator(".tlv-figures figure").first.is_visible()
    paper = page.evaluate("() => getComputedStyle(document.querySelector('.tlv')).color")
    assert paper == "rgb(26, 26, 26)", "ink is dark on paper in the dark theme too"
    shoot(page, "print-steps")
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf())) >= 2


@pytest.mark.parametrize("wrong", ["99", "x", "3-1", "2, -4"])
def test_a_step_that_is_not_there_is_refused_in_words(opened, wrong):
    page = opened(viz.explain(Named(multiply_add())))
    page.get_by_label("Choose steps and print them").click()
    page.get_by_label("Steps to print").fill(wrong)
    page.keyboard.press("Enter")
    assert "is no step; there are 0 to" in page.locator(".tlv-told").inner_text()
    assert page.locator(".tlv-figures figure").count() == 0


# ---------------------------------------------------------------- folds


def test_a_fold_opens_and_closes_by_mouse_and_keyboard(opened):
    x, w = (tl.Tensor(np.ones((4, 5), np.float32)) for _ in range(2))
    y = x
    for _ in range(20):
        y = (y * w + x).relu()
    page = opened(tl.draw(y))
    run = page.locator(".tlv-closed")
    assert run.count() == 1 and "20 ×" in run.text_content()
    run.click()
    assert page.locator(".tlv-closed").count() == 20
    page.locator(".tlv-closed").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert page.locator(".tlv-closed").count() == 19
    assert page.locator('.tlv-node[aria-label*="relu"]').count() == 2
    shoot(page, "draw-run-open")
    page.keyboard.press("c")
    assert page.locator(".tlv-closed").count() == 20
    page.keyboard.press("c")
    assert page.locator(".tlv-closed").count() == 1
    assert page.evaluate("() => document.activeElement.textContent").startswith("20 ×")


def test_thousands_of_nodes_can_be_searched_and_panned(opened):
    x = tl.Tensor(np.ones((4, 5), np.float32))
    y = x
    for _ in range(1200):
        y = (y * x + x).relu()
    page = opened(tl.draw(y))
    page.get_by_label("Search nodes").fill("relu")
    assert page.locator(".tlv-found").inner_text() == "2400 found"
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.locator(".tlv-selected").count() == 1
    assert page.evaluate(PAN) == ["svg.tlv-svg", "rect.tlv-seen"], "a pan moves the view"
    shoot(page, "draw-thousands")


PAN = """async () => {
  const host = document.querySelector('.tlv-graph'), r = host.getBoundingClientRect();
  const changed = new Set(), watch = new MutationObserver(all => all.forEach(
    m => changed.add(m.target.nodeName + '.' + m.target.getAttribute('class'))));
  watch.observe(host, {subtree: true, childList: true, attributes: true, characterData: true});
  const send = (kind, x) => host.dispatchEvent(new PointerEvent(kind,
    {bubbles: true, clientX: x, clientY: r.top + 50, button: 0}));
  send('pointerdown', r.left + 50);
  for (let k = 0; k < 10; k++) {
    send('pointermove', r.left + 60 + 10 * k);
    await new Promise(requestAnimationFrame);
  }
  send('pointerup', r.left + 160);
  await new Promise(requestAnimationFrame);
  return [...changed];
}"""


# ---------------------------------------------------------------- for every reader


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_around_two_films_contrast_with_what_is_behind_them(pair, scheme):
    page, _ = pair
    page.emulate_media(color_scheme=scheme)
    for k, label in enumerate(["Choose steps and print them"] * 2):
        page.get_by_label(label).nth(k).click()
    page.locator(".tlv-memory summary").first.click()
    page.locator(".tlv-goto").first.click()
    assert page.evaluate(CONTRAST) == []
    shoot(page, f"pair-{scheme}")


def test_who_asked_for_less_motion_sees_none(opened):
    page = opened(viz.explain(Named(mlp()[0])))
    page.emulate_media(reduced_motion="reduce")
    look = "() => document.querySelector('.tlv-svg').getAttribute('viewBox')"
    page.locator("input[type=range]").first.focus()
    page.keyboard.press("Home")
    page.keyboard.press("End")
    at_once = page.evaluate(look)
    page.wait_for_timeout(400)
    assert page.evaluate(look) == at_once


def test_space_opens_the_memory_and_does_not_play(opened):
    page = opened(viz.explain(Named(multiply_add())))
    page.locator(".tlv-memory summary").focus()
    page.keyboard.press(" ")
    assert page.locator(".tlv-memory").get_attribute("open") is not None
    assert page.get_by_label("Play", exact=True).count() == 1, "it still offers to play"


def test_hostile_names_are_text_in_the_memory_and_in_two_films(opened):
    hostile = '</svg><img src=x onerror="window.hacked=1">'
    shown = viz.explain(Named(mlp()[0]))
    for node in shown.trace["nodes"]:
        node["name"], node["call"] = hostile, hostile
    for kernel in shown.trace["kernels"]:
        kernel["title"] = hostile
    page = opened(shown)
    page.locator(".tlv-memory summary").click()
    page.wait_for_timeout(200)
    assert page.evaluate("() => window.hacked") is None
    assert page.locator(".tlv-chart title", has_text="<img").count() > 0
    assert page.locator(".tlv-chart img").count() == 0
