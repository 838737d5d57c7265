"""Makes the README's pictures, light and dark: docs/pictures/.

    python tools/pictures.py

The graph is what `.save("x.svg")` writes. The others are pages in a browser: the stepper and the
dashboard as a notebook shows them, the feedback as a student opens it. It needs the extras
[course] and [test] and Chromium. Each file stays below 100 kB.
"""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np

import tinylearn as tl
from tinylearn.course.command import main as course
from tinylearn.nn import Linear, ReLU, Sequential, datasets, optim
from tinylearn.nn.progress import Tick
from tinylearn.viz.faces.html import page
from tinylearn.viz.training.dashboard import CurvesFace

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "pictures"
WIDTH, SCALE, COLOURS = 830, 2, 96  # the README is 830 pixels wide; screens show two dots for each
LARGEST = 100_000
DARK = (
    "@media(prefers-color-scheme:dark){text{fill:#ececec}.s{fill:#b4b8bd}.e{stroke:#b4b8bd}"
    ".h{fill:#b4b8bd}rect,path[fill='#fff']{fill:#16181b}rect{stroke:#ececec}"
    ".i{fill:#26313d}}"
)
AROUND = """names => {
  const boxes = [...document.querySelectorAll(names)].map(e => e.getBoundingClientRect());
  const left = Math.min(...boxes.map(b => b.left)), top = Math.min(...boxes.map(b => b.top));
  const right = Math.max(...boxes.map(b => b.right)), end = Math.max(...boxes.map(b => b.bottom));
  return {x: left - 8, y: top - 8, width: right - left + 16, height: end - top + 16};
}"""  # a little more than all the elements that are named
WRONG = '''
@tl.answer("strides", points=2)
def strides(shape):
    """How many places one step along each axis moves, as a tuple."""
    steps, step = [], 1
    for size in shape:
        steps.append(step)
        step *= size
    return tuple(steps)
'''


def graph() -> str:
    """A layer, drawn; the picture follows the reader's theme by itself."""
    x, w, b = tl.Tensor.rand(64, 784), tl.Tensor.rand(784, 10), tl.Tensor.rand(10)
    y = x @ w + b
    with tempfile.TemporaryDirectory() as folder:
        text = tl.draw(y).save(Path(folder) / "x.svg").read_text("utf-8")
    return text.replace("</style>", f"{DARK}</style>", 1)


def stepper() -> str:
    """The film of A * B + C, where the product is fused into the sum."""
    A, B, C = (tl.Tensor.rand(100, 100) for _ in range(3))
    result = A * B + C
    return page("stepper", f"<div>{tl.explain(result, step=2)._repr_html_()}</div>")


class Kept:
    """Keeps what a notebook would show."""

    def __init__(self) -> None:
        self.face: CurvesFace | None = None
        self.html = ""

    def show(self, tick: Tick) -> None:
        if self.face:
            self.html = self.face.html(tick)


def dashboard() -> str:
    """A training on the digits, with the model watched."""
    tl.manual_seed(0)
    data, kept = datasets.digits(flat=True), Kept()
    model = Sequential(Linear(784, 256), ReLU(), Linear(256, 10))
    batches = datasets.batches(data.x_train, data.y_train, size=64, seed=0)
    optimizer = optim.Adam([model], lr=3e-3)
    bar = tl.progress(total=10 * len(batches), label="training", watch=model, face=kept)
    kept.face = CurvesFace(bar.history, bar.watched)
    with bar:
        for _ in range(10):
            for x, y in batches:
                optimizer.zero_grad()
                answers = model(x)
                loss = answers.cross_entropy(y)
                loss.backward()
                optimizer.step()
                right = answers.argmax(1).numpy() == np.asarray(y.tolist())
                bar.note(loss=loss.item(), accuracy=right.mean().item())
                bar.advance()
    return page("dashboard", f'<div class="shown">{kept.html}</div>')


def feedback() -> str:
    """What a student reads who walks through the axes from the wrong end."""
    book = json.loads((ROOT / "exercises" / "02_shapes.ipynb").read_text("utf-8"))
    for cell in book["cells"]:
        if '@tl.answer("strides"' in "".join(cell["source"]):
            cell["source"] = WRONG.strip()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        student = folder / "submissions" / "ann"
        student.mkdir(parents=True)
        (student / "02_shapes.ipynb").write_text(json.dumps(book), "utf-8")
        spec = ROOT / "solutions" / "02_shapes.spec.json"
        words = ["grade", folder / "submissions", "--spec", spec, "--out", folder / "out"]
        if course([*map(str, words), "--quiet"]):
            raise SystemExit("the submission was not graded")
        return next((folder / "out" / "feedback").rglob("ann.html")).read_text("utf-8")


def photographs(pages: dict[str, tuple[str, str]]) -> dict[str, bytes]:
    """PNG files of pages in a browser; a page is its text and the elements that are shown."""
    from playwright.sync_api import sync_playwright

    found = {}
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as started, tempfile.TemporaryDirectory() as folder:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            for name, (text, shown) in pages.items():
                path = Path(folder) / f"{name}.html"
                path.write_text(text, "utf-8")
                view = {"width": WIDTH, "height": 1000}
                sheet = browser.new_page(
                    viewport=view, device_scale_factor=SCALE, color_scheme=scheme
                )
                sheet.goto(path.as_uri())
                sheet.wait_for_timeout(500)
                sheet.add_style_tag(content=".tlv-rest { display: none }")
                box = sheet.evaluate(AROUND, shown)
                found[f"{name}-{scheme}.png"] = small(sheet.screenshot(clip=box))
        browser.close()
    return found


def small(photograph: bytes) -> bytes:
    """The same picture in the colours that it holds most of."""
    from PIL import Image

    pixels = np.asarray(Image.open(io.BytesIO(photograph)).convert("RGB"), dtype=np.int64)
    codes, place, count = np.unique(
        pixels @ [1 << 16, 1 << 8, 1], return_inverse=True, return_counts=True
    )
    found = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    kept = found[np.argsort(-count, kind="stable")[:COLOURS]]
    nearest = ((found[:, None] - kept) ** 2).sum(-1).argmin(1).astype(np.uint8)
    few = Image.fromarray(nearest[place].reshape(pixels.shape[:2]))
    few.putpalette(kept.astype(np.uint8).tobytes())
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    files = {"graph.svg": graph().encode()}
    files |= photographs(
        {
            "stepper": (stepper(), ".tlv-live"),
            "dashboard": (dashboard(), ".shown *"),
            "feedback": (feedback(), "h1, section:first-of-type > *"),
        }
    )
    for name, data in files.items():
        if len(data) > LARGEST:
            raise SystemExit(f"{name} has {len(data)} bytes")
        (OUT / name).write_bytes(data)
        print(f"{OUT / name} {len(data) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
