"""The README's pictures: each is there, small, in light and dark, and told to who cannot see it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.repository import ROOT

README = (ROOT / "README.md").read_text("utf-8")
FOLDER = Path("docs/pictures")
LARGEST = 100_000  # bytes


class Images(HTMLParser):
    """The images of a text, and the files that stand in for them in the dark."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.shown, self.dark = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.shown.append(dict(attributes))
        elif tag == "source":
            self.dark.append(dict(attributes)["srcset"])


IMAGES = Images(README)
NAMES = [image["src"] for image in IMAGES.shown]


def test_graph_stepper_dashboard_and_feedback_are_shown():
    for what in ("graph", "stepper", "dashboard", "feedback"):
        assert any(what in name for name in NAMES), what


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_there_in_light_and_dark_and_small(name):
    path = ROOT / name
    assert path.parent == ROOT / FOLDER
    if path.suffix == ".svg":
        assert "prefers-color-scheme:dark" in path.read_text("utf-8")
        files = [path]
    else:
        assert "-light" in name and name.replace("-light", "-dark") in IMAGES.dark
        files = [path, path.with_name(path.name.replace("-light", "-dark"))]
    assert [file.stat().st_size < LARGEST for file in files] == [True] * len(files)


@pytest.mark.parametrize("image", IMAGES.shown, ids=NAMES)
def test_a_picture_is_told_in_words_and_has_a_caption_below(image):
    assert len(image["alt"].split()) > 15
    below = README.partition(image["src"])[2].partition("\n\n")[2]
    assert re.match(r"\*\S.*\S\*$", below.partition("\n\n")[0], re.DOTALL), "a caption in italics"
    assert int(image["width"]) <= 830, "the README is 830 pixels wide"


def test_no_picture_lies_unused():
    stored = {path.relative_to(ROOT).as_posix() for path in (ROOT / FOLDER).iterdir()}
    assert stored == {*NAMES, *IMAGES.dark}
