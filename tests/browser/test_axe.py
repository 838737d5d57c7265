"""What axe-core finds wrong for those who hear a picture or use it without a mouse: nothing."""

import pytest

import tinylearn as tl
from tests.browser.conftest import violations
from tests.browser.test_film_pages import stores
from tests.pictures import Named, mlp, mlp_step, multiply_add
from tinylearn import viz

pytestmark = pytest.mark.browser
SHOWN = {
    "explainer": lambda: viz.explain(Named(mlp()[0]), step=5),
    "graph": lambda: viz.draw(*map(Named, mlp_step())),
    "source": lambda: viz.source(Named(multiply_add())),
    "memory": lambda: viz.draw(Named(mlp()[0]), by="memory"),
    "pair": lambda: tl.explain(
        tl.Tensor([1.0, 2.0]) * 2 + 1, using={"fuse.compute_where_used": stores}
    ),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", SHOWN)
def test_a_saved_picture_breaks_no_rule(page, tmp_path, name, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"file://{SHOWN[name]().save(tmp_path / 'x.html')}")
    page.wait_for_timeout(400)
    assert violations(page) == []
    if page.locator(".tlv-memory summary").count():
        page.locator(".tlv-memory summary").first.click()
        page.locator(".tlv-node").last.dispatch_event("click")
        assert violations(page) == []
