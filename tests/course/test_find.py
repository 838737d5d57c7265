"""An answer is found wherever it stands, with what it uses and nothing else."""

import ast

import pytest

from tinylearn.course.inside import magics
from tinylearn.course.inside.find import NoAnswer, find, pieces_of
from tinylearn.course.inside.shell import build
from tinylearn.course.inside.uses import Piece

STUB = "@tl.answer('f')\ndef f(x):\n    'What f does.'\n    raise NotImplementedError('no')\n"
GOOD = "@tl.answer('f', points=2)\ndef f(x):\n    return 2 * x\n"


def answer(*cells, name="f", given=()):
    namespace = {}
    return build(find(list(cells), [name], name, set(given)), namespace)


@pytest.mark.parametrize(
    "cells",
    [
        (GOOD,),
        ("def f(x): return 2 * x",),
        (STUB, GOOD),
        (GOOD, STUB),  # the stub's cell copied below the answer
        ("this is not python (", GOOD),
        ("%matplotlib inline\n!ls\nimport math", GOOD),
        ("%%timeit\nf(3)", GOOD),
        ("while True: pass", GOOD),
        ("raise SystemExit", GOOD),
        ("def f(x): return 3 * x", GOOD),
        ("\ufeff" + GOOD,),
        (GOOD.replace("tl.answer", "answer"),),
        (GOOD.replace("tl.", "tinylearn."),),
    ],
    ids=range(13),
)
def test_the_answer_is_found_whatever_stands_around_it(cells):
    assert answer(*cells)(4) == 8


def test_helpers_come_along_from_any_cell_in_any_order():
    cells = [
        GOOD.replace("2 * x", "helper(x) + K"),
        "from math import floor as down\nK = M = 1",
        "def helper(x):\n    return down(twice(x))",
        "K = K + 1",
        "twice = lambda x: 2 * x",
        "unused = 1 / 0",
    ]
    assert answer(*cells)(4.5) == 11


def test_a_cell_that_only_shares_a_name_with_a_variable_of_the_answer_is_not_run():
    ran = []
    cells = [
        "total = ran.append('total') or 9",
        "scale = 3",
        "def twice(x, scale=scale):\n    total = [total for total in (x, x)]\n    return total",
        "def f(x):\n    total = sum(twice(x))\n    return total * scale",
    ]
    namespace = {"ran": ran}
    assert build(find(cells, ["f"], "f", {"ran"}), namespace)(2) == 12
    assert ran == []
    cells[3] = "def f(x):\n    global total\n    return total * sum(twice(x))"
    assert build(find(cells, ["f"], "f", {"ran"}), namespace)(2) == 36


def test_a_class_can_be_the_answer():
    cells = ["class Base:\n    k = 2", "@tl.answer('f')\nclass f(Base):\n    def g(self): return 1"]
    assert answer(*cells).k == 2


@pytest.mark.parametrize("cells", [(), (STUB,), (STUB, STUB), ("g = 1",)])
def test_no_attempt_is_told_as_such(cells):
    with pytest.raises(NoAnswer):
        answer(*cells)


def test_a_stub_with_a_first_line_filled_in_is_still_a_stub():
    with pytest.raises(NoAnswer):
        answer("@tl.answer('f')\ndef f(g, node):\n    x, y = node\n    raise NotImplementedError\n")


@pytest.mark.parametrize(
    "cell", [GOOD + "    return (", "@tl.answer('f')\ndef f(x):\nreturn 2", GOOD + "(" * 5000]
)
def test_a_cell_that_is_not_python_is_a_syntax_error_with_its_line(cell):
    with pytest.raises(SyntaxError):
        answer(cell)


ODD_STATEMENTS = """\
a = b; c = 'ä' + d; e = (f,
    g)
@one
@two(x,
     y)
class K(
    Base): z = a
@(
three)
def h(p=q): return r + \\
    s
@\\
four
async def i(): return await t
for u, v in w: (l := v)
return_ = [n for m in o if m]
"""


def test_a_statement_as_it_stands_in_its_cell_has_the_names_of_the_statement():
    read = magics.read(ODD_STATEMENTS)
    for piece in pieces_of([(0, *read)]):
        alone = Piece.of(0, piece.node, source="")  # read as Python itself writes it
        assert piece.names == alone.names, ast.unparse(piece.node)
        assert any(piece.names)
