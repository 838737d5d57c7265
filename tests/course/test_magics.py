"""Cells as IPython reads them: the same Python comes out, or nothing where nothing may run."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylearn.course.inside import magics

CELLS = [
    "x = 1\n!ls",
    "files = !ls -l\nx = files",
    "a = 7 \\\n% 4\n!ls",
    "s = '''\n%d\n!x\n?\n'''\n%matplotlib inline\ny = (3\n% 2\n)",
    "if True:\n    %timeit f()\n    !ls\n    x = 2\nelse:\n    y = %pwd",
    "!pip install x \\\n   y\nz = 1",
    "len?\nlen??\n?len\nx = {'a?': 1}  # why?",
    "/f 1 2\n,g a b\n;h a b\nx = 1",
    ">>> x = 1\n>>> if x:\n...     y = 2",
    "In [3]: x = 1\n   ...: y = 2",
    "    x = 1\n    !ls",
    'text = "it\'s 5% !"\n%time\nf"{x!r} {y:%d}"',
    "d = {\n  'a': 1, # (\n}\n!ls\nb = d['a'] % 3",
    "x: int = !ls\nf(a=3)\ny = x == !z",
    "# only a comment?\n%pip install a",
    "r'\\'\n%ls\nb = r'''\\'''\nx = 1",
]


def shape(tree):
    """What a cell does, where whatever only IPython understands is one thing."""

    class Plain(ast.NodeTransformer):
        def visit_Call(self, node):
            is_shell = "get_ipython()" in ast.unparse(node)
            return ast.Name("shell", ast.Load()) if is_shell else self.generic_visit(node)

        def visit_Pass(self, node):
            return ast.Expr(ast.Name("shell", ast.Load()))

    return ast.dump(Plain().visit(tree))


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_is_read_as_ipython_reads_it_line_for_line(cell):
    from IPython.core.inputtransformer2 import TransformerManager

    theirs = TransformerManager().transform_cell(cell)
    try:
        right = ast.parse(theirs)
    except SyntaxError:
        with pytest.raises(SyntaxError):
            magics.parse(cell)
        return
    assert shape(magics.parse(cell)) == shape(right)
    assert magics.plain(cell).count("\n") == cell.count("\n")


@given(st.text(alphabet="ab=%!?#()[]{}'\"\\\n \t,;/.0", max_size=40))
def test_any_text_is_read_to_its_end_and_keeps_its_lines(text):
    text = "x\n" + text
    assert magics.plain(text).count("\n") == text.count("\n")


def test_a_large_cell_takes_time_in_step_with_its_size():
    """Each logical line is looked at once: 500,000 characters are read, not 500,000 squared."""
    plain = magics.plain("!ls\n" + "x = (1 +\n 2)\n" * 30_000)
    assert plain.startswith("pass\nx = (1") and len(plain) == 30_000 * 13 + 5


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ("%%bash\nrm -rf /\n", "\n\n"),
        ("%%time\nx = 1\n", "\nx = 1\n"),
        ("%%capture out\nx = 1", "out = get_ipython().getoutput('')\nx = 1"),
        ("%%timeit\nx = 1\n", "\n\n"),
        ("%time x = 1", "x = 1"),
        ("x = %time 1 + 1", "x = 1 + 1"),
        ("%time x = !ls", "pass"),
        ("%%html\n<b>\n", "\n\n"),
    ],
)
def test_magics_run_the_python_behind_them_and_nothing_else(cell, plain):
    assert magics.plain(cell) == plain
