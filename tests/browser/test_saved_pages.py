"""Saved pictures in a real browser: by mouse, by keyboard, dark and light, without scripts."""

import json

import pytest

import tinylearn as tl
from tests.browser.conftest import shoot
from tests.pictures import Named, chain, mlp, mlp_step, multiply_add
from tinylearn import viz
from tinylearn.viz.faces.picture import Picture

pytestmark = pytest.mark.browser


def film(*nodes, **options) -> Picture:
    return viz.explain(*map(Named, nodes), **options)


def step(page) -> int:
    return int(page.locator(".tlv-count").first.inner_text().split("/")[0])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_film_of_a_loss_is_stepped_by_mouse_and_keyboard(opened, scheme):
    page = opened(film(mlp()[0]), scheme)
    assert step(page) == 0
    shoot(page, f"explain-begin-{scheme}")
    slider = page.locator(".tlv-stepper input[type=range]")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    middle = step(page)
    assert middle > 3
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert step(page) == middle + 2
    page.keyboard.press("Home")
    assert step(page) == 0
    page.keyboard.press("End")
    assert step(page) == int(slider.get_attribute("max"))
    page.wait_for_timeout(300)
    shoot(page, f"explain-end-{scheme}")
    page.get_by_label("Previous step").click()
    assert step(page) == int(slider.get_attribute("max")) - 1


def test_positions_never_move_during_the_film(opened):
    page = opened(film(mlp()[0]))
    places = "() => [...document.querySelectorAll('.tlv-node')].map(g => g.getCTM().e - 0)"
    relative = f"() => {{ const p = ({places})(); return p.map(x => Math.round((x - p[0]) * 10)) }}"
    before = page.evaluate(relative)
    page.get_by_label("Next step").click()
    page.keyboard.press("End")
    page.wait_for_timeout(300)
    assert page.evaluate(relative) == before


def test_a_link_opens_the_film_at_its_step(opened):
    assert step(opened(film(mlp()[0]), hash="#step=7")) == 7


def test_a_click_on_a_node_lights_its_inputs_and_readers_and_shows_its_facts(opened):
    page = opened(viz.draw(Named(multiply_add())))
    page.locator('.tlv-node[aria-label*="mul"]').click()
    assert page.locator(".tlv-selected").count() == 1
    assert page.locator(".tlv-input").count() == 2 and page.locator(".tlv-reader").count() == 1
    facts = page.locator(".tlv-node-card").inner_text()
    assert "gradient rule" in facts and "pictures.py" in facts
    shoot(page, "draw-selected")
    page.keyboard.press("Escape")
    assert page.locator(".tlv-selected").count() == 0


def test_the_keyboard_alone_reaches_every_node(opened):
    page = opened(viz.draw(Named(multiply_add())))
    page.locator('.tlv-node[tabindex="0"]').focus()
    seen = set()
    for key in [*["Up"] * 2, *["Left"] * 2, *["Right"] * 3, "Down"] * 2:
        page.keyboard.press(f"Arrow{key}")
        seen.add(page.evaluate("() => document.activeElement.dataset.item"))
    assert len(seen) == page.locator(".tlv-node").count()
    page.keyboard.press("Enter")
    assert page.locator(".tlv-selected").count() == 1


def test_a_closed_group_opens_without_moving_what_is_inside_others(opened):
    page = opened(viz.draw(Named(mlp()[0])))
    before = page.locator(".tlv-node").count()
    page.locator(".tlv-closed").first.click()
    assert page.locator(".tlv-node").count() == before + 1
    shoot(page, "draw-opened")


def test_search_finds_nodes_and_says_how_many(opened):
    page = opened(viz.draw(*map(Named, mlp_step())))
    page.get_by_label("Search nodes").fill("sum")
    assert page.locator(".tlv-found").inner_text() == "12 found"
    assert page.locator(".tlv-light").count() > 2
    page.keyboard.press("Enter")
    assert page.locator(".tlv-found").inner_text() == "1 of 12"
    page.wait_for_timeout(300)
    shoot(page, "draw-search")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_training_step_is_drawn_and_fits(opened, scheme):
    page = opened(viz.draw(*map(Named, mlp_step())), scheme)
    shoot(page, f"draw-step-{scheme}")
    page.get_by_label("Fit the whole graph").click()
    shoot(page, f"draw-step-fit-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_present_mode_is_large_and_left_by_escape(opened, scheme):
    page = opened(film(mlp()[0], step=5), scheme)
    page.get_by_label("Large, for a projector").click()
    page.wait_for_timeout(600)
    assert page.locator(".tlv-present").count() == 1
    page.keyboard.press("ArrowRight")
    assert step(page) == 6
    page.wait_for_timeout(300)
    shoot(page, f"present-{scheme}")
    page.keyboard.press("Escape")
    page.wait_for_timeout(200)
    assert page.locator(".tlv-present").count() == 0


def test_a_line_of_code_lights_its_node_and_a_node_its_line(opened):
    shown = film(multiply_add(), step=2)
    mul = next(n["id"] for n in shown.trace["nodes"] if n["op"] == "mul")
    code = {"text": "a line\nx = a * b\n", "lines": [[], [mul]]}
    shown.trace["kernels"][0]["code"] = {"numpy": code}
    page = opened(shown)
    assert page.locator(".tlv-line.tlv-lit").inner_text() == "x = a * b"
    page.locator(".tlv-linked").hover()
    assert page.locator(".tlv-light").get_attribute("data-item") == mul
    shoot(page, "explain-code")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_way_of_a_nan_is_lit_from_its_maker_to_the_result(opened, scheme):
    x = tl.Tensor([1.0, -1.0])
    with pytest.raises(FloatingPointError) as caught, tl.trace_nan():
        (x.log() * 2 + 1).numpy()
    page = opened(caught.value.draw(), scheme)
    lit = page.locator(".tlv-node.tlv-way > text:first-of-type").all_text_contents()
    assert [text.split()[0] for text in lit] == ["log", "×", "+"]
    assert page.locator(".tlv-edge.tlv-way").count() == 2
    assert page.locator(".tlv-made").text_content() == "✗ the first NaN"
    assert "log made 1 NaN among its 2 numbers" in page.locator(".tlv-report").inner_text()
    shoot(page, f"nan-{scheme}")


def test_before_a_fusion_there_are_two_texts_and_after_it_one(opened):
    page = opened(film(multiply_add()))
    code = page.locator(".tlv-code")
    assert code.inner_text().count("def kernel") == 2
    page.keyboard.press("Tab")
    page.locator(".tlv-stepper input").focus()
    page.keyboard.press("End")
    assert code.inner_text().count("def kernel") == 1
    assert "multiply(" in code.inner_text() and "add(" in code.inner_text()
    page.get_by_label("Kernel", exact=True).select_option("before")
    assert code.inner_text().count("def kernel") == 2


def test_keys_and_a_list_jump_to_the_next_store_refusal_and_rule(opened):
    shown = film(chain(200))
    steps = shown.trace["steps"]
    page = opened(shown)
    page.locator(".tlv-stepper input").focus()
    page.keyboard.press("x")
    refused = step(page)
    assert next(k for k, s in enumerate(steps, 1) if s["refused"]) == refused
    assert page.locator(".tlv-step-card p").first.inner_text().startswith("⊘ Refused: the kernel")
    page.keyboard.press("Shift+S")
    assert steps[step(page) - 1]["verdict"] == "store" and step(page) < refused
    page.keyboard.press("x")
    page.keyboard.press("x")
    assert step(page) == refused and "no further refusal" in page.locator(".tlv-hint").inner_text()
    page.keyboard.press("Home")
    page.get_by_label("Jump to the next").select_option("fuse.compute_where_used")
    assert steps[step(page) - 1]["rule"] == "fuse.compute_where_used"


def test_kernels_and_bytes_are_always_in_sight(opened):
    shown = film(multiply_add())
    page = opened(shown)
    counts = page.locator(".tlv-counts")
    assert counts.inner_text() == "2 kernels · 480 B"
    page.locator(".tlv-stepper input").focus()
    page.keyboard.press("End")
    assert counts.inner_text() == "1 kernel · 320 B"
    page.locator(".tlv-node").first.click()
    assert counts.inner_text() == "1 kernel · 320 B" and counts.is_visible()


def test_a_bar_stands_below_what_is_stored_and_below_nothing_else(opened):
    shown = film(multiply_add(), step=2)
    page = opened(shown)
    barred = """all => all.filter(e => getComputedStyle(e).display !== 'none')
        .map(e => e.parentElement.dataset.item)"""
    assert page.locator(".tlv-stored").evaluate_all(barred) == shown.trace["results"]


def test_a_pinned_moment_becomes_a_figure(opened):
    page = opened(film(multiply_add(), step=1))
    page.get_by_label("Keep this moment").click()
    assert page.locator(".tlv-figures figure").count() == 1
    page.emulate_media(media="print")
    shoot(page, "print")


def test_hostile_text_is_shown_and_never_run(opened):
    hostile = '</script><img src=x onerror="window.hacked=1">'
    shown = film(multiply_add(), step=1)
    trace = json.loads(json.dumps(shown.trace))
    for node in trace["nodes"]:
        node["face"], node["name"] = [hostile, "张量 \"'&"], hostile
    trace["title"] = trace["steps"][0]["because"] = hostile
    page = opened(Picture(trace, "explain", step=1))
    assert page.evaluate("() => window.hacked") is None
    assert hostile in page.locator(".tlv-title").inner_text()


def test_without_scripts_the_image_and_the_text_are_there(browser, tmp_path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{film(mlp()[0]).save(tmp_path / 'x.html')}")
    assert page.locator(".tlv-still img").is_visible()
    page.locator("summary").first.click()
    assert page.locator(".tlv-still pre").first.is_visible()
    shoot(page, "without-scripts")
    context.close()


def test_text_contrasts_with_what_is_behind_it(opened):
    for scheme in ("light", "dark"):
        page = opened(film(mlp()[0], step=4), scheme)
        low = page.evaluate(CONTRAST)
        assert low == [], (scheme, low)


CONTRAST = """() => {
  const light = c => {
    const v = c.map(x => x / 255).map(x => x < 0.04 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
  };
  const rgb = s => (s.match(/[\\d.]+/g) || []).map(Number);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0.5) return c.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const e of document.querySelectorAll('.tlv-live *')) {
    const text = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.textContent.trim());
    const style = getComputedStyle(e), drawn = e instanceof SVGElement;
    if (!text.join('') || (drawn && !e.closest('.tlv-node'))) continue;
    const box = drawn && e.parentElement.querySelector('rect');
    const back = drawn ? rgb(getComputedStyle(box).fill).slice(0, 3) : behind(e);
    const front = rgb(drawn ? style.fill : style.color).slice(0, 3);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) low.push([e.tagName, text.join(' ').slice(0, 20), ratio.toFixed(2)]);
  }
  return low;
}"""


def test_kernels_that_join_at_the_end_are_outlined_one_by_one_until_then(opened):
    model, x = tl.nn.Linear(8, 4), tl.Tensor.rand(16, 8)
    loss = (model(x).relu() ** 2).mean()
    loss.backward()
    shown = tl.explain(loss, *[w.grad for w in model.parameters()])
    joins = [k for k, s in enumerate(shown.trace["steps"], 1) if s["verdict"] == "join"]
    assert joins, "this graph has kernels that join"
    page = opened(shown, hash=f"#step={joins[0] - 1}")
    before = page.locator(".tlv-part").count()
    shoot(page, "explain-before-join")
    page.locator("input[type=range]").focus()
    page.keyboard.press("End")
    page.wait_for_timeout(300)
    shoot(page, "explain-after-join")
    assert page.locator(".tlv-part").count() <= before


@pytest.mark.parametrize(
    "make", [lambda: tl.Tensor([1.0, 2.0]), lambda: tl.Tensor.zeros(3), lambda: tl.Tensor(2.0) + 0]
)
def test_what_needs_no_kernel_is_shown_all_the_same(opened, make):
    page = opened(tl.explain(make()))
    assert "Nothing has to be computed" in page.locator(".tlv-side").inner_text()
    page.goto("about:blank")
    opened(tl.draw(make()))
