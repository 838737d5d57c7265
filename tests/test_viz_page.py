"""A saved film in a browser: what stands where, and that nothing covers anything."""

import json
import re
import shutil
import subprocess
from html import unescape

import pytest

import tinylearn as tl
from tests.browser.conftest import FLAGS
from tests.needed import absent, need

LOOK = """<script>setTimeout(() => {
  const find = name => document.querySelector(".tlv-" + name), places = () => Object.fromEntries(
    ["body", "graph", "hint", "side", "code"].map(name => {
      const e = find(name), r = e.getBoundingClientRect();
      return [name, {top: r.top, bottom: r.bottom, height: r.height, inside: e.scrollHeight}];
    }));
  const begin = find("body").getBoundingClientRect().height;
  document.querySelector('[aria-label="Last"]').click();
  const before = places();
  for (const kind of ["pointerover", "pointerenter", "mouseover", "mouseenter", "pointermove"])
    find("node").dispatchEvent(new PointerEvent(kind, {bubbles: true}));
  const told = {begin, before, after: places(), hint: find("hint").textContent};
  document.body.innerHTML = "<pre id=told></pre>";
  document.body.firstChild.textContent = JSON.stringify(told);
}, 500)</script>"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Where things stand at the end of a film of two steps, in two columns."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    program = program or shutil.which("google-chrome") or absent("chromium")
    folder = tmp_path_factory.mktemp("page")
    x, w, b = (tl.Tensor.rand(4, 5) for _ in range(3))
    page = tl.explain(x * w + b).save(folder / "x.html")
    page.write_text(page.read_text(encoding="utf-8") + LOOK, encoding="utf-8")
    options = [*FLAGS, "--headless", f"--user-data-dir={folder}", "--window-size=950,900"]
    options += ["--virtual-time-budget=3000", "--dump-dom", f"file://{page}"]
    run = subprocess.run([program, *options], capture_output=True, text=True, timeout=60)
    found = re.search(r'<pre id="told">(.*?)</pre>', run.stdout)
    assert found, run.stderr[-2000:]
    return json.loads(unescape(found[1]))


@pytest.mark.browser
def test_the_status_line_stands_below_the_graph_and_covers_nothing(told):
    assert "4×5 float32" in told["hint"]
    assert told["after"]["hint"]["top"] >= told["after"]["graph"]["bottom"]
    assert told["after"]["graph"] == told["before"]["graph"], "it must not move under the pointer"


@pytest.mark.browser
def test_reasons_are_as_high_as_their_text_and_ten_lines_of_code_are_seen(told):
    now = told["before"]
    assert now["side"]["inside"] <= now["side"]["height"] + 1
    assert now["code"]["height"] >= 10 * 12.5 * 1.5 + 12
    assert now["side"]["bottom"] <= now["code"]["top"]
    assert now["body"]["height"] == told["begin"], "stepping must not move the page"


@pytest.mark.parametrize(
    "value, outcome",
    [("true", pytest.fail.Exception), ("1", pytest.fail.Exception), ("", pytest.skip.Exception),
     ("false", pytest.skip.Exception), ("0", pytest.skip.Exception)],
)  # fmt: skip
def test_what_is_missing_is_skipped_at_home_and_fails_in_ci(value, outcome, monkeypatch):
    monkeypatch.setenv("CI", value)
    with pytest.raises(outcome, match="a browser"):
        absent("a browser")
    with pytest.raises(outcome, match="no_such_module"):
        need("no_such_module.inside")
