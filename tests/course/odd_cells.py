"""Right answers among odd cells: magics, checks in odd places, redefinitions, names, file formats.

CELLS      what is odd -> (question, cells), as in odd_forms.py
"""

from tests.course.odd_forms import BODY, BY_TWO, MARKED, q1

WRONG = MARKED.replace("2 * h", "h")

CELLS = {
    # ---- magics
    "line magics of every kind": q1(
        "%load_ext autoreload\n%autoreload 2\n%config InlineBackend.figure_format = 'retina'\n"
        "%precision 4\n%xmode Minimal\n!!ls\n!echo {two} \\\n   and more\n%who\n?len\nlen??",
        MARKED),
    "magics inside blocks": q1(
        "if True:\n    %time two = 2\n    !ls\nfor k in range(1):\n    %timeit -n1 -r1 k", BY_TWO),
    "magics assigned": q1("files = !ls -la\nhere = %pwd\nt = %timeit -o -q -n1 -r1 1\n"
                          "two = 2 if len(files) >= 0 and here else 0", BY_TWO),
    "a timed answer": q1("%%time\n" + MARKED),
    "a captured answer": q1("%%capture out\n" + MARKED, "out.show()"),
    "a captured answer without output": q1("%%capture --no-stderr\nprint(3)\n" + MARKED),
    "a timed statement": q1("%time two = 2", BY_TWO),
    "cells in other languages": q1("%%bash\nif [ -f x ]; then\n  ls\nfi",
                                   "%%html\n<b>bold</b>", "%%javascript\nalert('%d')", MARKED),
    "per cent signs in texts": q1(
        'text = """\n%d of %s\n!x\n?\n%%time\n"""\nassert text.startswith("\\n%d")\n'
        "n = (7\n% 5)", BY_TWO.replace("two", "n")),
    "a helper file with lines added": q1(
        "%%writefile my_lines.py\none = 1", "%%writefile -a my_lines.py\ntwo = one + one",
        "import importlib, my_lines\nimportlib.reload(my_lines)\nfrom my_lines import *", BY_TWO),
    "magics by the shell": q1(
        "from IPython import get_ipython\nshell = get_ipython()\n"
        "shell.run_line_magic('matplotlib', 'inline') if 0 else None\n"
        "shell.run_cell_magic('time', '', 'two = 2')\nshell.run_line_magic('time', 'three = 3')",
        BY_TWO.replace("two", "(three - 1)")),
    "a magic of one's own": q1(
        "from IPython.core.magic import register_line_magic\n@register_line_magic\n"
        "def twice(line):\n    return 2 * int(line)", "%twice 3\ntwo = %twice 1", BY_TWO),
    "a cell magic of one's own": q1(
        "from IPython.core.magic import register_cell_magic\n@register_cell_magic\n"
        "def kept(line, cell):\n    globals()[line] = int(cell)", "%%kept two\n2\n", BY_TWO),
    "a hook of the shell": q1(
        "def hook(*a): pass\nget_ipython().events.register('pre_run_cell', hook)\n"
        "get_ipython().events.unregister('pre_run_cell', hook)", MARKED),
    "everything that shows": q1(
        "from IPython.display import display, HTML, Markdown, clear_output\n"
        "display(HTML('<b>x</b>'), Markdown('*x*'))\nclear_output(wait=True)\ndisplay(3)\n"
        "handle = display('x', display_id=True)\nhandle.update('y')", MARKED),
    "a prompt from the terminal": q1(
        "".join((">>> " if n in (0,) else "... ") + line for n, line in
                enumerate(MARKED.splitlines(True)))),
    # ---- checks and hints in odd places
    "hint, answer and check in one cell": q1('tl.hint("q1")\n' + MARKED + 'tl.check("q1")'),
    "begins with a check": q1(MARKED.replace("2 * h", "h + h"), 'tl.check("q1")\n' + MARKED),
    "a check that fails first": q1(
        'try: tl.check("q1")\nexcept AssertionError as error: print(error)\n' + MARKED),
    "a helper after a hint": q1('tl.hint("q1")\ntwo = 2', BY_TWO),
    "the card in the middle": q1("tl.course.card()\ntwo = 2", BY_TWO),
    "parts looked at": q1("tl.parts()\ntl.hint('q1'); tl.hint('q1')\n" + MARKED),
    # ---- defined again
    "defined again": q1(WRONG, MARKED),
    "defined again in one cell": q1(WRONG + "\n" + MARKED),
    "an unfinished one below": q1(MARKED, MARKED.replace(BODY, "    raise NotImplementedError\n")),
    "a broken one below": q1(MARKED, 'tl.check("q1")', MARKED.replace(" / (2 * h)", " /")),
    "an empty one below": q1(MARKED, 'tl.check("q1")', MARKED.replace(BODY, "    ...\n")),
    "one with pass below": q1(
        MARKED, 'tl.check("q1")', MARKED.replace(BODY, '    """Try again."""\n    pass\n')),
    "another use of the name below": q1(MARKED, 'tl.check("q1")', "slope = 0.5"),
    "a test beside it": q1(MARKED, "def test_slope():\n    assert slope(abs, 1.0) > 0\n"
                           "test_slope()\nimport unittest\nclass T(unittest.TestCase):\n"
                           "    def test(self): self.assertTrue(slope)\n"
                           "unittest.main(argv=['x'], exit=False)"),
    "its examples run": q1(
        MARKED.replace(BODY, '    """Two.\n\n    >>> slope(lambda x: 2 * x, 1.0) > 1\n    True\n'
                       '    """\n' + BODY),
        "import doctest\ndoctest.run_docstring_examples(slope, globals())"),
    "given cells repeated below": q1("import math\nmath = math", MARKED, "import math"),
    # ---- names and texts
    "names in many alphabets": q1("größe = 2\nΔ = 1", BY_TWO.replace("two", "größe * Δ")),
    "one name in two forms": q1("ﬁve = 2", BY_TWO.replace("two", "five")),
    "tabs": q1(MARKED.replace("    ", "\t")),
    "old line ends": q1(MARKED.replace("\n", "\r\n"), "two = 2\r\nthree = 3\r\n"),
    "a form feed": q1("\x0c\n" + MARKED),
    "an indented cell": q1("".join("    " + line for line in MARKED.splitlines(True))),
    "a semicolon at the end": q1(MARKED, "slope(lambda x: x, 1.0);"),
    "the whole on one line": q1('tl.answer("slope")(lambda f, x, h=1e-5: (f(x + h) - f(x - h)) \\\n'
                                "   / (2 * h));"),
    "unknown names in annotations": q1(
        "from __future__ import annotations", MARKED.replace("f, x", "f: Function, x: Real")),
    "unknown names inside": q1(MARKED.replace("    return", "    y: Unknown\n    return")),
    "names of Python's own": q1("list = [2]\nsum = list[0]\nprint = max", BY_TWO.replace(
        "two", "sum")),
    "names of the grader's": q1(
        "%%writefile values.py\ntwo = 2", "import values\nfrom values import two as run\n"
        "answer = case = question = run\nhost = find = shell = watch = None",
        BY_TWO.replace("two", "answer")),
    "words of the grader in texts": q1(
        "text = '''\ntl.check(\"q1\")\n@tl.answer(\"slope\")\ndef slope(): pass\n'''", MARKED),
    "star imports": q1("from math import *\nfrom operator import *\nfrom itertools import *",
                       BY_TWO.replace("two * h", "mul(2, h)")),
    "a module that is not there": q1("try:\n    import scipy.optimize\nexcept ImportError:\n"
                                     "    scipy = None\nimport os, sys, json, re", MARKED),
    "the recursion limit": q1(
        "import sys\nsys.setrecursionlimit(30_000)\ndef count(n): return n and 1 + count(n - 1)",
        BY_TWO.replace("two", "(count(5000) - 4998)")),
    "if main": q1("if __name__ == '__main__':\n    two = 2", BY_TWO),
    "an error above": q1("two = 2\n1 / 0\ntwo = 3", BY_TWO),
    "an error in its own cell, below it": q1(MARKED + "\nprint(undefined_name)"),
    "warnings and logging": q1(
        "import logging, warnings\nwarnings.simplefilter('ignore')\n"
        "logging.basicConfig(level=logging.INFO)\nlogging.getLogger('x').warning('hm')", MARKED),
    "Value patched": ("q2", (
        "Value.__add__ = lambda x, y: Value(x.data + y.data, (x, y), (1, 1))",
        "@tl.answer('add')\ndef add(x, y):\n    return x + y")),
    "Value written anew": ("q2", (
        "from dataclasses import dataclass\n@dataclass(eq=False)\nclass Value:\n"
        "    data: float\n    inputs: tuple = ()\n    local: tuple = ()\n    grad: float = 0.0",
        "@tl.answer('add')\ndef add(x, y):\n"
        "    return Value(x.data + y.data, (x, y), (1.0, 1.0))")),
    "Value extended": ("q3", (
        "class Value(Value):\n    def times(self, y):\n"
        "        return Value(self.data * y.data, (self, y), (y.data, self.data))",
        "@tl.answer('mul')\ndef mul(x, y):\n    return x.times(y)")),
    "a recursive helper named like the answer": ("q5", (
        "def order(value, seen=None, out=None):\n    if value not in seen:\n"
        "        seen.add(value)\n        for x in value.inputs: order(x, seen, out)\n"
        "        out.append(value)\n    return out",
        "_order = order\n@tl.answer('order')\ndef order(result):\n    import sys\n"
        "    sys.setrecursionlimit(100_000)\n    global order\n"
        "    return walked(result)",
        "def walked(result):\n    seen, out, waiting = set(), [], [(result, 0)]\n"
        "    while waiting:\n        value, done = waiting.pop()\n"
        "        if done: out.append(value)\n        elif value not in seen:\n"
        "            seen.add(value)\n            waiting += [(value, 1)]\n"
        "            waiting += [(x, 0) for x in value.inputs]\n    return out")),
}  # fmt: skip
