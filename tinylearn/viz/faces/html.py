"""Packs a trace into one self-contained piece of HTML: picture, script, fallback and data.

Nothing is loaded from outside. With scripts the live picture replaces the fallback; without them
(JavaScript off, an untrusted notebook, a site that strips scripts) the fallback is what is seen:
an image of the graph and, behind `<details>`, everything as text.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from html import escape, unescape
from pathlib import Path
from typing import Any

from tinylearn.viz.faces.assets import script, style, text_of
from tinylearn.viz.faces.svg import alternative, svg
from tinylearn.viz.faces.text import graph_text, source_text, steps_text
from tinylearn.viz.layout.views import overview

Data = dict[str, Any]
IN_ADDRESS = str.maketrans({"%": "%25", "#": "%23", "<": "%3C", "&": "%26", "\n": " "})
START = "start.js"  # the only script that stands in the page as it is
MOST_LINES = 12  # of a kernel's text in a film; tl.source shows them all
UNSEEN = "position:absolute;width:1px;height:1px;margin:0;overflow:hidden;clip-path:inset(50%)"
READABLE = 1800  # pixels; a still image that is longer shows its kernels closed
LARGEST_IMAGE = 300  # boxes; a larger still image cannot be read and weighs too much
DRAWING = re.compile(r'<svg [^>]*aria-label="([^"]*)".*?</svg>', re.DOTALL)
OPEN = """(function () {
  var box = document.getElementById("%s");
  if (!box) return;
  box.removeAttribute("id"); // the same drawing may be shown twice
  box.querySelectorAll("img").forEach(function (image) {
    image.outerHTML = decodeURIComponent(image.src.slice(image.src.indexOf(",") + 1));
  });
})();"""


def safe_json(data: Any) -> str:
    """JSON that can stand inside a script element: no text in it can close that element."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def image(picture: str, alt: str) -> str:
    """An SVG text as an image that carries its own data."""
    packed = picture.replace('"', "'").translate(IN_ADDRESS)
    return (
        f'<img alt="{escape(alt)}" src="data:image/svg+xml;charset=utf-8,{packed}" '
        'style="max-width:100%;max-height:900px;background:#fff">'
    )


def stilled(body: str) -> str:
    """The body with its drawings as images: an untrusted notebook drops inline SVG."""
    return DRAWING.sub(lambda found: image(found[0], unescape(found[1])), body)


def themed(tag: str, style: str, body: str) -> str:
    """An element whose images a script opens up, so that they take on the colours of the page.

    body   holds no other images than those made by `image`
    """
    name = "tlp" + hashlib.sha256(body.encode()).hexdigest()[:10]
    return f'<{tag} id="{name}" style="{style}">{body}<script>{OPEN % name}</script></{tag}>'


def fragment(trace: Data, options: Data) -> str:
    """The piece of HTML that a notebook keeps in its output.

    options   {"mode": "draw" | "explain" | "source", "step", "view", "language", ...}
    """
    if options["mode"] == "explain":
        trace = shortened(trace, options.get("most_lines", MOST_LINES))
    data = {
        "trace": trace,
        "options": options,
        "style": style(),
        "script": script("differs" in options),
    }
    plain = safe_json(data)
    name = "tlv" + hashlib.sha256(plain.encode()).hexdigest()[:10]
    return (
        f'<div class="tlv" id="{name}" data-tlv="{name}">'
        f'<div class="tlv-still">{fallback(trace, options)}</div>'
        f'<script type="application/zlib" class="tlv-data">{packed(plain)}</script>'
        f"<script>{text_of(START).replace('NAME', name)}</script></div>"
    )


def shortened(trace: Data, most: int) -> Data:
    """The trace with the begin of each long text: a film shows what runs together."""
    kernels = [
        k | {"code": begins(k["code"], most)} if "code" in k else k for k in trace["kernels"]
    ]
    texts = {k: text | {"code": begins(text["code"], most)} for k, text in trace["texts"].items()}
    return trace | {"kernels": kernels, "texts": texts}


def begins(code: Data, most: int) -> Data:
    """The first lines of a kernel's text in each language."""
    found = {}
    for language, whole in code.items():
        rows = whole["text"].splitlines()
        if (more := len(rows) - most) > 0:
            rows = [*rows[:most], f"... {more} lines more: tl.source(..., {language!r})"]
            whole = {"text": "\n".join(rows), "lines": [*whole["lines"][:most], []]}
        found[language] = whole
    return found


def packed(text: str) -> str:
    """The text compressed, in letters that can stand in HTML; browsers unpack it themselves."""
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def fallback(trace: Data, options: Data) -> str:
    """What is seen where no script runs."""
    alt = alternative(trace)
    view = options["view"] if options["view"] in trace["views"] else next(iter(trace["views"]))
    plan = trace["views"][view]
    if view == "kernels" and max(plan["levels"][""]["size"]) > READABLE and "lit" not in options:
        plan = overview(trace)
    drawing = f"<p>{escape(alt)}.</p>"
    if seen_boxes(plan) <= LARGEST_IMAGE:
        drawing = image(svg(trace, marks=options, plan=plan), alt)
    parts = [drawing] if options["mode"] in ("draw", "explain") else []
    if options["mode"] == "source":
        parts.append(f"<pre>{escape(source_text(trace, options['language']))}</pre>")
    elif trace["steps"]:
        parts.append(details("The decisions, as text", steps_text(trace)))
        if "memory" in options:
            parts.append(details("The memory, as text", options["memory"]["text"]))
    if options["mode"] != "explain":
        parts.append(details("The graph, as text", graph_text(trace)))
    return "".join(parts)


def seen_boxes(view: Data, group: str = "") -> int:
    """How many boxes a still image has: those in groups that are not closed."""
    items = view["levels"][group]["items"]
    open_groups = [i for i in items if i in view["levels"] and i not in view["closed"]]
    return len(items) + sum(seen_boxes(view, i) for i in open_groups)


def details(summary: str, text: str) -> str:
    return (
        f"<details><summary>{escape(summary)}</summary>"
        f'<pre style="white-space:pre-wrap">{escape(text)}</pre></details>'
    )


def file_of(path: str | Path, endings: Sequence[str]) -> Path:
    """The path, if its ending is one of those that can be written.

    Raises   ValueError for another ending
    """
    path = Path(path)
    if path.suffix.lower() not in endings:
        raise ValueError(f"cannot save this as {path.suffix!r}; use {' or '.join(endings)}")
    return path


def page(title: str, body: str) -> str:
    """A whole document around a fragment, for `.save("x.html")`."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title></head>'
        '<body class="tlv-page" style="margin:12px;font-family:system-ui,sans-serif">'
        f'<main><h1 style="{UNSEEN}">{escape(title)}</h1>{body}</main></body></html>'
    )
