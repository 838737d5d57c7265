"""A notebook's cell as plain Python: what only IPython understands is made harmless.

    parse(cell, filename) -> ast.Module      plain(cell) -> str, with the same number of lines

A cell that is Python already stays as it is. Otherwise it is read as IPython reads it: prompts
and a common indent go, and each logical line is looked at once, so that a % inside a string or
in the middle of an expression is nobody's magic. Magics and shell lines run nothing; %time and
%%capture run the Python behind them, %%writefile writes its file.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Container

AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # IPython allows it in every cell
RUN = ("time", "prun")  # magics that run a statement in the notebook's own names
CELL_RUN = (*RUN, "capture", "debug")

PROMPTS = (  # (how a first line looks that has one, what goes from every line)
    (re.compile(r"\s*>>>( |$)"), re.compile(r"^\s*(>>>|\.\.\.)( |$)")),
    (re.compile(r"((\[nav\]|\[ins\])? )?In \[\d+\]: "),
     re.compile(r"^(((\[nav\]|\[ins\])? )?In \[\d+\]: |\s*\.{3,}: ?)")),
)  # fmt: skip
TOKEN = re.compile(
    r"""(?P<long>\"\"\"|''')
    | (?P<text>"(?:[^"\\\n]|\\.)*"? | '(?:[^'\\\n]|\\.)*'?)
    | (?P<comment>\#[^\n]*)
    | (?P<open>[(\[{]) | (?P<close>[)\]}])
    | (?P<continued>\\\n)
    | (?P<other>[-+*/%@&|^<>=!:]=)
    | (?P<assign>=)
    | (?P<end>\n)""",
    re.VERBOSE | re.DOTALL,
)
LONG_END = {quotes: re.compile(rf"\\.|{quotes}", re.DOTALL) for quotes in ('"""', "'''")}
DEFINED = re.compile(r"@register_(?:line|cell|line_cell)_magic\b[^\n]*\n\s*def (\w+)")
ESCAPE = re.compile(r"[ \t]*(?=[%!?,;/])")
TO_LINE_END = re.compile(r"(?:[^\n]*\\\n)*[^\n]*\n?")  # with the lines that \ continues
MAGIC = re.compile(r"[ \t]*(?=!|%[ \t]*[^\W\d])")
HELP = re.compile(r"%{0,2}(?!\d)[\w*]+(\.(?!\d)[\w*]+|\[-?[0-9]+\])*\?\??$")


def parse(cell: str, filename: str = "<cell>", own: Container[str] = ()) -> ast.Module:
    """The statements of a cell. Raises SyntaxError where IPython would not run it either.

    own   the magics that the notebook itself defines: functions, which are called
    """
    return read(cell, filename, own)[1]


def read(cell: str, filename: str = "<cell>", own: Container[str] = ()) -> tuple[str, ast.Module]:
    """The text that Python reads in a cell, and its statements. Raises as `parse` does."""
    text = cell.replace("\x00", "").lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        return text, as_tree(text, filename)
    except SyntaxError:
        text = plain(text, own)
        return text, as_tree(text, filename)


def own_magics(cells: list[str]) -> set[str]:
    """The names of the magics that these cells define."""
    return {name for cell in cells if "_magic" in cell for name in DEFINED.findall(cell)}


def as_tree(text: str, filename: str) -> ast.Module:
    tree = compile(text, filename, "exec", ast.PyCF_ONLY_AST | AWAIT, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def plain(cell: str, own: Container[str] = ()) -> str:
    """A cell with IPython's own lines replaced by Python that does as little as possible.

    >>> plain("files = !ls\\n%matplotlib inline\\nx = 7 \\\\\\n%3\\n")
    "files = get_ipython().getoutput('ls')\\npass\\nx = 7 \\\\\\n%3\\n"
    """
    text = without_prompts(dedented(cell))
    start = len(text) - len(text.lstrip("\n\t "))
    if text.startswith("%%", start) and not re.match(r"%%\w+\?", text[start:]):
        return text[:start].count("\n") * "\n" + cell_magic(text[start:], own)
    out, place = [], 0
    while place < len(text):
        piece, place = logical_line(text, place, own)
        out.append(piece)
    return "".join(out)


def dedented(text: str) -> str:
    first = next((line for line in text.split("\n") if line.strip()), "")
    return textwrap.dedent(text) if first[:1] in (" ", "\t") else text


def without_prompts(text: str) -> str:
    """A cell pasted from a terminal, without `>>>` or `In [1]:`."""
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    for begins, prompt in PROMPTS:
        if begins.match(first):
            return "\n".join(prompt.sub("", line, count=1) for line in lines)
    return text


def cell_magic(text: str, own: Container[str] = ()) -> str:
    """A cell that begins with %%name: its body where that runs here, else blank lines."""
    head, newline, body = text.partition("\n")
    name, _, rest = head[2:].strip().partition(" ")
    if name in CELL_RUN:
        words = [word for word in rest.split() if word.isidentifier()]
        kept = f"{words[0]} = {shell('getoutput', '')}" if name == "capture" and words else ""
        return kept + newline + plain(body, own)
    if name in own:
        return call(name, rest, body) + newline * (1 + body.count("\n"))
    if name in ("writefile", "file"):
        return shell("run_cell_magic", name, rest, body) + newline * (1 + body.count("\n"))
    return newline * (1 + body.count("\n"))


def shell(method: str, *arguments: str) -> str:
    return call(f"get_ipython().{method}", *arguments)


def call(name: str, *arguments: str) -> str:
    return f"{name}({', '.join(map(repr, arguments))})"


# ---------------------------------------------------------------- one logical line


def logical_line(text: str, start: int, own: Container[str]) -> tuple[str, int]:
    """One logical line, made plain, and the place where the next one begins."""
    if found := ESCAPE.match(text, start):
        end = end_of(TO_LINE_END, text, start)
        return found[0] + padded(
            escaped(joined(text[found.end() : end]), own=own), text[start:end]
        ), end
    depth, place, last, assigned = 0, start, start, False
    while found := TOKEN.search(text, place):
        place = found.end()
        kind = found.lastgroup
        if kind == "end" and depth == 0:
            break
        if kind == "long":
            pieces = LONG_END[found[0]].finditer(text, place)
            place = next((m.end() for m in pieces if m[0] == found[0]), len(text))
        depth = max(0, depth + (kind == "open") - (kind == "close"))
        if kind == "assign" and depth == 0 and not assigned:
            assigned = True
            if magic := MAGIC.match(text, place):
                end = end_of(TO_LINE_END, text, magic.end())
                value = escaped(joined(text[magic.end() : end]), True, own)
                return text[start:place] + padded(" " + value, text[place:end]), end
        if kind in ("text", "long", "comment"):
            last = place
    else:
        place = len(text)
    line = text[start:place]
    content = line.rstrip()
    if content.endswith("?") and last < start + len(content) and HELP.search(content):
        return line[: len(line) - len(line.lstrip())] + padded("pass", line), place
    return line, place


def end_of(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    assert found is not None, "the pattern matches the empty text, too"
    return found.end()


def joined(text: str) -> str:
    """Lines that end in a backslash as one line."""
    return re.sub(r"[ \t]*\\\n", " ", text).strip()


def padded(new: str, old: str) -> str:
    """New text that takes as many lines as the old."""
    return new + "\n" * old.count("\n")


def escaped(text: str, value: bool = False, own: Container[str] = ()) -> str:
    """What stands for a line that begins with one of IPython's own signs.

    value   the line is the right side of an assignment: something must come out
    """
    sign, content = text[:1], text[1:]
    name, _, rest = content.partition(" ")
    if sign == "%" and name in RUN and is_python(rest, value):
        return rest.strip()
    if sign == "%" and name in own:
        return call(name, rest)
    if sign == "%" and name == "run":
        return shell("run_line_magic", name, rest)
    if value:
        return shell("getoutput", content) if sign == "!" else shell("run_line_magic", name, rest)
    if sign in (",", ";", "/") and name:
        arguments = {
            ",": ", ".join(map(repr, rest.split())),
            ";": repr(rest),
            "/": ", ".join(rest.split()),
        }
        return f"{name}({arguments[sign]})"
    return "pass"


def is_python(text: str, value: bool) -> bool:
    """Whether a text is a statement (or an expression) that may stand in a line of its own."""
    try:
        tree = as_tree(text.strip(), "<line>")
    except (SyntaxError, ValueError):
        return False
    one = len(tree.body) == 1 and (isinstance(tree.body[0], ast.Expr) or not value)
    return one and "\n" not in text.strip()
