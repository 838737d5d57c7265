"""The words of a lesson as HTML: Markdown with formulas, and code in colours.

    Writer.html("## A *slope*") -> <h2 id="A-slope">A <em>slope</em></h2>      code_html("x = 1")

Nothing in the result asks for anything outside the page: formulas are MathML, colours are classes,
pictures carry their own data.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from .formula import mathml

BLOCK = r"^ {0,3}\$\$(?P<block_formula_text>[^$]+)\$\$[ \t]*(?:\n|$)"
INLINE = (
    r"\$\$(?P<display_text>[^$]+)\$\$|"
    r"\$(?![\s$])(?P<formula_text>(?:[^$\\]|\\.)+?)(?<!\s)\$(?!\d)"
)
TAG = re.compile(r"<[^>]*>")
ABSOLUTE = re.compile(r"[a-z][a-z+.-]*:|#", re.IGNORECASE)  # links that hold wherever a page stands


@dataclass(frozen=True)
class Heading:
    """A heading of the page: `anchor` is its id, `html` what it says."""

    level: int
    anchor: str
    html: str


class Writer:
    """Turns the text of one page into HTML, piece by piece, and remembers its headings.

    folder   where the pictures lie that the text names
    link     gets the address in a link and returns the one to write, or None for words alone
    """

    def __init__(self, folder: Path, link: Callable[[str], str | None] = lambda url: url) -> None:
        import mistune

        self.folder, self.link_to = folder, link
        self.headings: list[Heading] = []
        self.used: set[str] = set()
        self.renderer = mistune.HTMLRenderer(escape=False)
        for name in ("heading", "link", "image", "block_code", "formula", "block_formula"):
            setattr(self.renderer, name, getattr(self, name))
        self.plain_link = mistune.HTMLRenderer(escape=False).link
        plugins: list[Any] = ["table", "strikethrough", formulas]
        self.markdown = mistune.create_markdown(renderer=self.renderer, plugins=plugins)

    def html(self, text: str) -> str:
        """The HTML of a piece of Markdown. Raises ValueError for a wrong formula or picture."""
        return str(self.markdown(text))

    def heading(self, text: str, level: int, **attributes: Any) -> str:
        """A heading with an id as JupyterLab would give it, so that links work in both."""
        anchor = re.sub(r"\s+", "-", unescape(TAG.sub("", text)).strip()) or "section"
        made, number = anchor, 2
        while made in self.used:
            made, number = f"{anchor}-{number}", number + 1
        self.used.add(made)
        self.headings.append(Heading(level, made, text))
        return f'<h{level} id="{escape(made)}">{text}</h{level}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        target = self.link_to(url)
        if target is None:
            return text
        made = self.plain_link(text, target, title)
        return made.replace("<a ", "<a download ", 1) if target.endswith(".ipynb") else made

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture from a file beside the lesson, carried inside the page."""
        path = self.folder / unquote(url)
        kind = mimetypes.guess_type(path.name)[0]
        if not path.is_file() or kind is None:
            raise ValueError(f"the picture {url} is no file in {self.folder}")
        data = base64.b64encode(path.read_bytes()).decode()
        return f'<img alt="{escape(TAG.sub("", text))}" src="data:{kind};base64,{data}">'

    def block_code(self, code: str, info: str | None = None) -> str:
        language = (info or "text").split(None, 1)[0]
        return f"<pre>{code_html(code, language)}</pre>\n"

    def formula(self, text: str) -> str:
        return mathml(text)

    def block_formula(self, text: str) -> str:
        return f'<span class="formula">{mathml(text, "block")}</span>\n'


def formulas(markdown: Any) -> None:
    """Teaches mistune the dollar signs of formulas."""

    def block(parser: Any, found: re.Match[str], state: Any) -> int:
        state.append_token({"type": "block_formula", "raw": found["block_formula_text"]})
        return found.end()

    def inline(parser: Any, found: re.Match[str], state: Any) -> int:
        display, text = found["display_text"], found["formula_text"]
        kind = "block_formula" if display else "formula"
        state.append_token({"type": kind, "raw": display or text})
        return found.end()

    markdown.block.register("block_formula", BLOCK, block, before="list")
    markdown.inline.register("formula", INLINE, inline, before="codespan")


def code_html(code: str, language: str = "python") -> str:
    """Code with its words in classes, which the style sheet colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        lexer = get_lexer_by_name("text", stripnl=False)
    return f"<code>{highlight(code, lexer, HtmlFormatter(nowrap=True)).rstrip()}</code>"


def address(path: str) -> str:
    """A file's name as it stands in a link."""
    return quote(path)
