"""Large graphs in a real browser: they fill the window, are searched, shown on paper and walls."""

import numpy as np
import pytest

import tinylearn as tl
from tests.browser.conftest import shoot
from tests.pictures import Named, mlp
from tests.test_viz_layers import Recurrent, tensor
from tinylearn import nn, viz

pytestmark = pytest.mark.browser
SCALE = "() => document.querySelector('.tlv').tlvFace.graph.view.scale"
SIZES = [(1440, 900), (1024, 768)]


class Block(nn.Module):
    """Two convolutions with norms, and the way around them."""

    def __init__(self):
        self.one, self.two = (nn.Conv2d(4, 4, 3, padding=1) for _ in range(2))
        self.first, self.second = nn.BatchNorm2d(4), nn.BatchNorm2d(4)

    def forward(self, x):
        return (self.second(self.two(self.first(self.one(x)).relu())) + x).relu()


class ResNet(nn.Module):
    """A small residual network."""

    def __init__(self):
        self.stem, self.head = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(4, 3)
        self.blocks = nn.Sequential(*(Block() for _ in range(4)))

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


def recurrent():
    """The loss of twenty steps and all gradients."""
    rnn = Recurrent()
    loss = rnn([tensor(5, 4) for _ in range(20)]).sum()
    loss.backward()
    return tl.draw(loss, *[w.grad for w in rnn.parameters()], by="modules")


def residual():
    """The loss of a residual network and all gradients."""
    net = ResNet()
    loss = net(tensor(2, 1, 6, 6)).cross_entropy(tl.Tensor([1, 2]))
    loss.backward()
    return tl.draw(loss, *[w.grad for w in net.parameters()], by="modules")


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("make, block", [(recurrent, "20 × (Cell)"), (residual, "4 × (Block)")])
def test_what_repeats_can_be_read_from_first_sight(opened, page, make, block, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    opened(make())
    assert page.evaluate(SCALE) >= 0.7, "smaller cannot be read"
    box = page.locator(".tlv-closed", has_text=block).first.bounding_box()
    stage = page.locator(".tlv-graph").bounding_box()
    assert stage["x"] <= box["x"] and box["x"] + box["width"] <= stage["x"] + stage["width"]
    assert stage["y"] <= box["y"] and box["y"] + box["height"] <= stage["y"] + stage["height"]
    shoot(page, f"large-{make.__name__}-{size[0]}")


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("show", [viz.draw, viz.explain])
def test_a_saved_page_fills_the_window_and_does_not_scroll(opened, page, show, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    opened(show(Named(mlp()[0])))
    live = page.locator(".tlv-live").bounding_box()
    assert size[1] * 0.88 < live["height"] < size[1]
    assert page.evaluate("document.documentElement.scrollHeight") <= size[1] + 20


def test_a_search_zooms_to_its_hits(opened):
    page = opened(tl.draw(residual_film()))
    before = page.evaluate(SCALE)
    page.get_by_label("Search nodes").fill("cross_entropy")
    page.get_by_label("Search nodes").press("Enter")
    assert page.evaluate(SCALE) > before
    hit = page.locator(".tlv-selected").bounding_box()
    stage = page.locator(".tlv-graph").bounding_box()
    middle = hit["y"] + hit["height"] / 2 - stage["y"] - stage["height"] / 2
    assert abs(middle) < 3, "the hit is in the middle"


def residual_film():
    """The loss alone."""
    return ResNet()(tensor(2, 1, 6, 6)).cross_entropy(tl.Tensor([1, 2]))


def test_the_map_shows_what_is_out_of_sight_and_leads_there(opened):
    page = opened(recurrent())
    little = page.locator(".tlv-minimap")
    assert little.is_visible()
    place = "() => document.querySelector('.tlv').tlvFace.graph.view.x"
    before = page.evaluate(place)
    little.click(position={"x": 3, "y": 10})
    assert page.evaluate(place) < before - 100
    page.get_by_label("Fit the whole graph").click()
    assert not little.is_visible()


@pytest.mark.parametrize("make", [recurrent, lambda: viz.explain(Named(mlp()[0]))])
def test_the_projector_never_makes_the_text_smaller(opened, make):
    page = opened(make())
    before = page.evaluate(SCALE)
    page.get_by_label("Large, for a projector").click()
    page.wait_for_timeout(400)
    assert page.evaluate(SCALE) > before


def test_after_a_click_on_a_node_the_arrow_keys_still_step(opened):
    shown = viz.explain(Named(mlp()[0]))
    page = opened(shown)
    page.locator(f"[data-item={shown.trace['results'][0]}]").click()
    page.keyboard.press("ArrowRight")
    assert page.locator(".tlv-count").inner_text().startswith("1 /")
    page.locator(".tlv-linked").first.click()
    page.keyboard.press("ArrowRight")
    assert page.locator(".tlv-count").inner_text().startswith("2 /")


def test_a_link_scrolls_to_its_film(opened, page):
    def stores(node, readers, homes):
        """Every value is stored."""
        return "store", "this rule stores all"

    page.set_viewport_size({"width": 700, "height": 500})
    x = tl.Tensor(np.ones((4, 5), np.float32))
    shown = tl.explain((x * 2 + 1).exp(), using={"fuse.compute_where_used": stores})
    second = shown.after._repr_html_().split('id="')[1].split('"')[0]
    opened(shown, hash=f"#{second}&step=1")
    page.wait_for_timeout(300)
    assert -5 < page.locator(f"#{second}").bounding_box()["y"] < 400


def test_on_paper_no_column_of_the_code_and_of_the_memory_is_lost(opened, page):
    page.set_viewport_size({"width": 700, "height": 900})
    opened(viz.explain(Named(mlp()[0]), step=4))
    page.locator(".tlv-memory summary").click()
    page.emulate_media(media="print")
    for part in (".tlv-code", ".tlv-chart"):
        wide = page.locator(part).evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide[0] <= wide[1] + 1, part
