"""Right answers to the first chapter in forms that IPython accepts: each is worth all points.

FORMS      what is odd -> (question, the cells that stand in the place of the question's own)
"""

BODY = "    return (f(x + h) - f(x - h)) / (2 * h)\n"
DEF = "def slope(f, x, h=1e-5):\n" + BODY
MARKED = '@tl.answer("slope", points=2)\n' + DEF
BY_TWO = MARKED.replace("2 * h", "two * h")


def inside(head, text=MARKED, tail=""):
    return head + "\n" + "".join("    " + line for line in text.splitlines(True)) + tail


def q1(*cells):
    return "q1", cells


FORMS = {
    # ---- below a block
    "below if": q1(inside("if True:")),
    "below else": q1(inside("if not tl:\n    slope = None\nelse:")),
    "below try": q1(inside("try:", tail="except ValueError: pass\nfinally: done = True\n")),
    "below except": q1(inside("try:\n    import no_such_module\nexcept ImportError:")),
    "below with": q1(inside("import contextlib\nwith contextlib.suppress(OSError):")),
    "below for": q1(inside("for two in (1, 2):", BY_TWO)),
    "below while": q1(inside("two = 2\nwhile True:", BY_TWO, "    break\n")),
    "below match": q1("match 3:\n" + "".join("    " + line + "\n" for line in
                                             inside("case 3:").splitlines())),
    "below two blocks": q1(inside("if 1:", inside("with open('x', 'w') as file:"))),
    "a lambda below if": q1("if True:\n    slope = lambda f, x, h=1e-5: "
                            "(f(x + h) - f(x - h)) / (2 * h)"),
    "without a mark below try": q1(inside("try:", DEF, "except Exception: raise\n")),
    # ---- how it is handed over
    "a mark kept under a name": q1('mark = tl.answer("slope")', "@mark\n" + DEF),
    "a mark made by partial": q1(
        "from functools import partial\nanswers = partial(tl.answer, points=2)",
        '@answers("slope")\n' + DEF.replace("slope", "mine")),
    "a loop over answers": q1(
        DEF.replace("slope", "mine") + 'for key, f in {"slope": mine}.items(): tl.answer(key)(f)'),
    "a key by its word": q1('@tl.answer(key="slope", points=2)\n' + DEF),
    "answer imported": q1("from tinylearn import answer, check",
                          MARKED.replace("tl.", ""), 'check("q1")'),
    "answer under another name": q1("from tinylearn import answer as mine",
                                    MARKED.replace("tl.answer", "mine")),
    "a class whose call gives a number": q1(
        '@tl.answer("slope")\nclass slope:\n    def __new__(cls, f, x, h=1e-5):\n    ' + BODY),
    "a bound method": q1(
        "class Tools:\n    two = 2\n    def slope(self, f, x, h=1e-5):\n"
        "        return (f(x + h) - f(x - h)) / (self.two * h)",
        'tl.answer("slope")(Tools().slope)'),
    "a static method": q1(
        "class Tools:\n    @staticmethod\n    " + DEF.replace("\n", "\n    "),
        'slope = tl.answer("slope")(Tools.slope)'),
    "one of several targets": q1(
        DEF.replace("slope", "mine"), 'slope, other = tl.answer("slope")(mine), 3'),
    "run by exec": q1(f"exec({MARKED!r})"),
    "run by the shell": q1(f"get_ipython().run_cell({MARKED!r})"),
    "in a module that a cell writes": q1(
        "%%writefile my_answers.py\nimport tinylearn as tl\n" + MARKED,
        "from my_answers import slope"),
    "in a file that a cell runs": q1("%%writefile my_run.py\n" + DEF, "%run -i my_run.py",
                                     'tl.answer("slope")(slope)'),
    "in a package that cells write": q1(
        "!mkdir -p my_package", "%%writefile my_package/__init__.py\nfrom .two import two",
        "%%writefile my_package/two.py\ntwo = 2\n", "import my_package as p",
        BY_TWO.replace("two", "p.two")),
    "a factory with a cell of its own": q1(
        "def made(two):\n    calls = 0\n    def slope(f, x, h=1e-5):\n        nonlocal calls\n"
        "        calls += 1\n        return (f(x + h) - f(x - h)) / (two * h)\n    return slope",
        'slope = made(2)\ntl.answer("slope")(slope)'),
    # ---- decorators
    "a decorator above": q1(
        "import functools\ndef counted(f):\n    @functools.wraps(f)\n    def call(*a, **k):\n"
        "        call.count += 1\n        return f(*a, **k)\n    call.count = 0\n    return call",
        "@counted\n" + MARKED),
    "a decorator below": q1(
        "def halved(f):\n    return lambda *a, **k: f(*a, **k) / 2",
        '@tl.answer("slope")\n@halved\n' + DEF.replace("2 * h", "h")),
    "a cache": q1('import functools\n@tl.answer("slope")\n@functools.lru_cache(maxsize=None)\n'
                  + DEF),
    "one function for each kind": q1(
        "import functools\n@functools.singledispatch\ndef width(h):\n    return 2 * h",
        "@width.register(float)\ndef _(h):\n    return h + h", MARKED.replace("2 * h", "width(h)")),
    "a registering class": q1(
        "class Base:\n    known = {}\n    def __init_subclass__(cls):\n"
        "        Base.known[cls.__name__] = cls", "class Two(Base):\n    value = 2",
        BY_TWO.replace("two", "Base.known['Two'].value")),
    # ---- state of the notebook
    "a walrus": q1("print(two := 2)", BY_TWO),
    "a global statement": q1("def set_up():\n    global two\n    two = 2", "set_up()", BY_TWO),
    "the name of a loop": q1("for two in range(3):\n    pass", BY_TWO),
    "a name that is deleted": q1("tmp = 2\ntwo = tmp\ndel tmp", BY_TWO),
    "globals()": q1("globals()['two'] = 2", BY_TWO),
    "the main module": q1("import __main__\n__main__.two = 2", BY_TWO),
    "the shell's names": q1("get_ipython().user_ns['two'] = 2", BY_TWO),
    "pushed names": q1("get_ipython().push({'two': 2})", BY_TWO),
    "the last result": q1("1 + 1", "two = _", BY_TWO),
    "a result by its number": q1("1 + 1", "two = [v for v in Out.values() if v == 2][-1]", BY_TWO),
    "side effects of a comprehension": q1("two = 0\nkept = []",
                                          "[kept.append(k) for k in (1, 1)]", "two = sum(kept)",
                                          BY_TWO),
    "an attribute of the answer": q1(BY_TWO.replace("two", "slope.two"), "slope.two = 2"),
    "a file between cells": q1(
        "import json\nwith open('t.json', 'w') as file: json.dump({'two': 2}, file)",
        "with open('t.json') as file: two = json.load(file)['two']", BY_TWO),
    "an environment variable": q1("%env TWO=2\nimport os\nos.environ['TWO'] = '2'",
                                  BY_TWO.replace("two", "float(os.environ['TWO'])")),
    "a table of a thread": q1(
        "import threading\ntable = {}\nt = threading.Thread(target=table.update, args=[{'two': 2}])"
        "\nt.start()\nt.join()", BY_TWO.replace("two", "table['two']")),
    "async cells": q1(
        "import asyncio\nasync def two_later():\n    await asyncio.sleep(0)\n    return 2",
        "two = await two_later()", BY_TWO),
    "async blocks": q1(
        "class Two:\n    async def __aenter__(self): return 2\n"
        "    async def __aexit__(self, *_): pass\n"
        "    async def __aiter__(self):\n        yield 2",
        "async with Two() as one: pass", "async for two in Two(): pass\n" + BY_TWO),
    "tasks": q1("import asyncio\nasync def give(x): return x",
                "two = sum(await asyncio.gather(give(1), give(1)))", BY_TWO),
    "a pickled class": q1(
        "import pickle\nclass Two:\n    def __init__(self): self.value = 2",
        "two = pickle.loads(pickle.dumps(Two())).value", BY_TWO),
    "its own source": q1("import inspect\ndef number(): return 2",
                         "two = int(inspect.getsource(number).split()[-1])", BY_TWO),
    "typing, enum, dataclass": q1(
        "import enum, typing, dataclasses\nclass N(enum.IntEnum):\n    TWO = 2\n"
        "@dataclasses.dataclass(frozen=True, slots=True)\nclass Box:\n    n: N = N.TWO",
        BY_TWO.replace("two", "Box().n")),
}  # fmt: skip
