"""Cells of notebooks, the last of which may be the answer: twice x, if all that ran counts."""


def g(two):
    """The answer's cell, with an expression that must be 2."""
    return f"@tl.answer('f')\ndef f(x):\n    return {two}*x\n"


NOTEBOOKS = {
    "star": (["from math import *", g("sqrt(4)")]),
    "star in try": (["try:\n    from math import *\nexcept ImportError: pass", g("sqrt(4)")]),
    "dict": (["K = {}", 'K["two"] = 2', g('K["two"]')]),
    "append in loop": (["K=[]", "for i in range(3):\n    K.append(i)", g("K[2]")]),
    "by call": (["K={}\ndef fill(v):\n    K['a']=v\n", "fill(2)", g("K['a']")]),
    "by call indirectly": (
        [
            "K={}\ndef fill(v):\n    K['a']=v\ndef go():\n    fill(2)\n",
            "def main():\n    go()\nmain()",
            g("K['a']"),
        ]
    ),
    "alias": (["K=[]\nL=K", "L.append(2)", g("K[0]")]),
    "global counter": (["n=0\ndef tick():\n    global n\n    n += 1\n", "tick()\ntick()", g("n")]),
    "global only assigned": (["def init():\n    global q\n    q = 2\n", "init()", g("q")]),
    "closure": (
        [
            "def make():\n    n=0\n    def inc():\n        nonlocal n\n        n+=1\n"
            "        return n\n    return inc\ninc=make()",
            "inc()",
            g("inc()"),
        ]
    ),
    "attr": (["def h(): pass", "h.two = 2", g("h.two")]),
    "attr by fn": (["def h(): pass\ndef mark(q): q.two=2", "mark(h)", g("h.two")]),
    "patched": (["class B: pass", "B.two=lambda s: 2", g("B().two()")]),
    "patch decorator": (
        [
            "class B: pass\ndef patch(c):\n    def d(m):\n"
            "        setattr(c,m.__name__,m)\n        return m\n    return d",
            "@patch(B)\ndef two(self): return 2",
            g("B().two()"),
        ]
    ),
    "register": (
        [
            "R={}\ndef reg(h):\n    R[h.__name__]=h\n    return h",
            "@reg\ndef two(): return 2",
            g("R['two']()"),
        ]
    ),
    "register append": (["R=[]", "@R.append\ndef two(): return 2", g("R[0]()")]),
    "aug": (["n=1", "n+=1", g("n")]),
    "aug loop": (["n=0\nfor _ in range(2):\n    n += 1", g("n")]),
    "del": (["sum=3", "del sum", g("sum([1,1])")]),
    "tryexcept": (
        [
            "try:\n    import nosuch as m\nexcept ImportError:\n    m = None",
            g("(2 if m is None else 3)"),
        ]
    ),
    "with": (
        [
            "import contextlib\n@contextlib.contextmanager\ndef c():\n    yield 2\n"
            "with c() as two: pass",
            g("two"),
        ]
    ),
    "for table": (["T={}\nfor i,n in enumerate('abc'):\n    T[n]=i", g("T['c']")]),
    "hier": (
        [
            "class A:\n    def two(self): return self.one()*2",
            "class B(A):\n    def one(self): return 1",
            g("B().two()"),
        ]
    ),
    "init_subclass": (
        [
            "class A:\n    all={}\n    def __init_subclass__(c):\n        A.all[c.__name__]=c",
            "class B(A):\n    two=2",
            g("A.all['B'].two"),
        ]
    ),
    "dataclass": (
        ["from dataclasses import dataclass", "@dataclass\nclass P:\n    a: int = 2", g("P().a")]
    ),
    "dataclass future": (
        [
            "from __future__ import annotations",
            "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: Undefined = 2",
            g("P().a"),
        ]
    ),
    "namedtuple": (["from collections import namedtuple\nP=namedtuple('P','a b')", g("P(2,1).a")]),
    "enum": (["from enum import Enum, auto\nclass E(Enum):\n    A=1\n    B=2", g("E.B.value")]),
    "lru": (
        [
            "from functools import lru_cache\n@lru_cache(None)\n"
            "def h(n): return n if n<2 else h(n-1)+1",
            g("h(2)"),
        ]
    ),
    "partial": (["from functools import partial\nh=partial(pow,2)", g("h(1)")]),
    "match": (["match (1,2):\n    case (_,two): pass", g("two")]),
    "walrus": (["(two:=2)", g("two")]),
    "walrus in comp": (["[two:=i for i in range(3)]", g("two")]),
    "walrus if": (["if (two:=2): pass", g("two")]),
    "future later cell": (
        ["from __future__ import annotations", "def h(x: Undefined): return 2", g("h(1)")]
    ),
    "main": (["if __name__=='__main__':\n    two=2", g("two")]),
    "main def": (["if __name__=='__main__':\n    " + g("2").replace("\n", "\n    ")]),
    "recursion": (
        [
            "import sys\nsys.setrecursionlimit(20000)\ndef d(n): return 0 if n==0 else d(n-1)",
            g("(2+d(9000))"),
        ]
    ),
    "display": (["display(3)\ntwo=2", g("two")]),
    "get_ipython": (["get_ipython().run_line_magic('matplotlib','inline')\ntwo=2", g("two")]),
    "user_ns": (["get_ipython().user_ns['two']=2", g("two")]),
    "push": (["get_ipython().push({'two':2})", g("two")]),
    "In": (["two=2", g("(2 if 'two' in In[1] else 3)")]),
    "_": (["1+1", "two=_", g("two")]),
    "_1": (["1+1", "two=_1", g("two")]),
    "Out": (["1+1", "two=Out[1]", g("two")]),
    "_ in answer": (["1+1", g("_1")]),
    "help": (["len?\ntwo=2\nlen??\n?len\n??", g("two")]),
    "%%time": (["%%time\ntwo=2", g("two")]),
    "%%time answer": (["%%time\n" + g("2")]),
    "%%capture": (["%%capture out\ntwo=2", g("(two if out.stdout=='' else 0)")]),
    "%%capture nested": (["%%capture\n%%time\ntwo=2", g("two")]),
    "%%bash": (["%%bash\ntwo=3\nls", "two=2", g("two")]),
    "%%writefile": (
        [
            "%%writefile helpers1.py\ntwo=2\ndef f2(): return two",
            "import helpers1",
            g("helpers1.f2()"),
        ]
    ),
    "%%writefile from": (
        [
            "%%writefile helpers2.py\ntwo=2\n",
            "%%writefile -a helpers2.py\nthree=3",
            "from helpers2 import *",
            g("(three-1)"),
        ]
    ),
    "%run": (["%%writefile helpers3.py\ntwo=2\n", "%run helpers3.py", g("two")]),
    "open write": (
        [
            "with open('helpers4.py','w') as fh:\n    fh.write('two=2')",
            "import helpers4",
            g("helpers4.two"),
        ]
    ),
    "path write": (
        [
            "from pathlib import Path\nPath('helpers5.py').write_text('two=2')",
            "from helpers5 import two",
            g("two"),
        ]
    ),
    "files=!ls": (["files = !ls\nn=len(files)+2", g("n")]),
    "t=%timeit": (["t = %timeit -o -n1 1\nbest=t.best+2", g("best")]),
    "indented magic": (["if True:\n    %timeit 1\n    !ls\n    two=2", g("two")]),
    "pip continued": (["!pip install x \\\n   y\ntwo=2", g("two")]),
    "%time stmt": (["%time two=2", g("two")]),
    "x=%time": (["two = %time 1+1", g("two")]),
    "string": ([g('(2 if """\n%d\n!x\n?y\n""" == "\\n%d\\n!x\\n?y\\n" else 0)')]),
    "modulo": ([g("(7\n% 5)"), "!ls"]),
    "modulo with magic": (["!ls\nm = (7\n% 5)", g("m")]),
    "modulo continued": (["!ls\nm = 7 \\\n% 5", g("m")]),
    "string with magic": (["!ls\ns='''\n%a\n'''\ntwo=len(s)-2", g("two")]),
    "await": (["import asyncio\nasync def h(): return 2\ntwo = await h()", g("two")]),
    "await sleep": (["import asyncio\nawait asyncio.sleep(0)\ntwo=2", g("two")]),
    "await gather": (
        [
            "import asyncio\nasync def h(): return 1\ntwo = sum(await asyncio.gather(h(),h()))",
            g("two"),
        ]
    ),
    "async comp": (["async def h():\n    yield 2\ntwo = [i async for i in h()][0]", g("two")]),
    "raises before": (["two=2\nraise ValueError\ntwo=3", g("two")]),
    "1/0 before": (["two=2\n1/0\ntwo=3", g("two")]),
    "assert before": (["two=2\nassert False\ntwo=3", g("two")]),
    "raise systemexit": (["two=2\nimport sys\nsys.exit()\ntwo=3", g("two")]),
    "keyboard": (["two=2\nraise KeyboardInterrupt", g("two")]),
    "lambda": (["f=lambda x: 2*x"]),
    "lambda registered": (["tl.answer('f')(lambda x: 2*x)"]),
    "lambda registered assigned": (["f=tl.answer('f')(lambda x: 2*x)"]),
    "partial answer": (
        [
            "from functools import partial\nimport operator\n"
            "f=tl.answer('f')(partial(operator.mul,2))"
        ]
    ),
    "callable obj": (["class F:\n    def __call__(self,x): return 2*x\nf=F()\ntl.answer('f')(f)"]),
    "instance by name": (["class F:\n    def __call__(self,x): return 2*x\nf=F()"]),
    "below try": (["try:\n    " + g("2").replace("\n", "\n    ") + "\nexcept ValueError: pass"]),
    "below for": (["for k in (3,2):\n    @tl.answer('f')\n    def f(x,k=k): return k*x"]),
    "below with": (
        [
            "import contextlib\nwith contextlib.suppress(ValueError):\n    "
            + g("2").replace("\n", "\n    ")
        ]
    ),
    "from another name": (["def my(x): return 2*x", "f = my"]),
    "registered later": (["def f(x): return 2*x", "tl.answer('f')(f)"]),
    "register other name": (["def my(x): return 2*x", "tl.answer('f')(my)"]),
    "alias decorator": (["q = tl.answer('f')", "@q\ndef whatever(x): return 2*x"]),
    "alias answer": (["from tinylearn import answer as ans", "@ans('f')\ndef f(x): return 2*x"]),
    "alias answer other name": (
        ["from tinylearn import answer as ans", "@ans('f')\ndef g(x): return 2*x"]
    ),
    "course.answer": (["import tinylearn", "@tinylearn.course.answer('f')\ndef f(x): return 2*x"]),
    "course import": (
        [
            "from tinylearn.course import answer, check",
            "@answer('f')\ndef f(x): return 2*x",
            "check('f')",
        ]
    ),
    "dynamic key": (["KEY='f'", "@tl.answer(KEY)\ndef g(x): return 2*x"]),
    "keyword key": (["@tl.answer(key='f')\ndef g(x): return 2*x"]),
    "decorated": (
        [
            "import functools\ndef d(h):\n    @functools.wraps(h)\n"
            "    def w(x): return 2*h(x)\n    return w",
            "@tl.answer('f')\n@d\ndef f(x): return x",
        ]
    ),
    "decorated outer": (["def d(h):\n    return h", "@d\n@tl.answer('f')\ndef f(x): return 2*x"]),
    "lru answer": (["from functools import cache\n@tl.answer('f')\n@cache\ndef f(x): return 2*x"]),
    "hint first": (["tl.hint('f')\n" + g("2")]),
    "check first": (["tl.check('f')\n" + g("2")]),
    "twice": ([g("3"), g("2")]),
    "helper redefined after check": (
        ["def h(): return 2", g("h()"), "tl.check('f')", "def h(a,b): return 3"]
    ),
    "helper in the same cell below": ([g("h()") + "\ndef h(): return 2"]),
    "filled after answer before check": (
        ["K={}", g("K['a']"), "K['a']=2", "tl.check('f')", "K['a']=3"]
    ),
    "shadow builtin": (["def sum(v): return 2", g("sum([5,5])")]),
    "shadow builtin var": (["max = 2", g("max")]),
    "split": (
        [
            "def part1(x): return x",
            "def part2(x): return 2*x",
            g("1") + "\nf0=f",
            "@tl.answer('f')\ndef f(x): return part2(part1(x))",
        ]
    ),
    "split class": (["@tl.answer('f')\nclass f(int):\n    pass", "f.__new__ = lambda c,x: 2*x"]),
    "loop heavy": (["for i in range(10**12): pass", g("2")]),
    "while true": (["while True: pass", g("2")]),
    "while true needed": (["K=[]\nwhile True:\n    K.append(2)\n    while K: pass", g("K[0]")]),
    "exec": (["exec('two=2')", g("two")]),
    "globals": (["for n in ['two']:\n    globals()[n]=2", g("two")]),
    "singledispatch": (
        [
            "from functools import singledispatch\n@singledispatch\ndef h(a): return 3",
            "@h.register\ndef _(a: int): return 2",
            g("h(1)"),
        ]
    ),
    "property": (["class B:\n    @property\n    def two(self): return 2", g("B().two")]),
    "type hints": (
        [
            "from typing import get_type_hints\n@tl.answer('f')\ndef f(x: 'int'):\n"
            "    get_type_hints(f)\n    return 2*x"
        ]
    ),
    "prompts": ([">>> @tl.answer('f')\n... def f(x):\n...     return 2*x\n"]),
    "In prompts": (["In [3]: two=2\n   ...: three=3", g("two")]),
    "leading indent": (["    two=2\n    three=3", g("two")]),
    "crlf": (["two=2\r\n!ls\r\n", g("two").replace("\n", "\r\n")]),
    "tqdm": (
        [
            "from tqdm import tqdm\n@tl.answer('f')\ndef f(x):\n"
            "    return sum(x for _ in tqdm(range(2)))"
        ]
    ),
    "plt": (
        ["import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1])\ntwo=2", g("two")]
    ),
    "ipython display": (
        ["from IPython.display import display, HTML\ndisplay(HTML('x'))\ntwo=2", g("two")]
    ),
    "auto call": (["def fill(a):\n    global two\n    two=a\n", "/fill 2", g("two")]),
    "quote call": (["K={}\ndef put(a):\n    K[a]=2\n", ",put b", g("K['b']")]),
    "magic then percent": (["%matplotlib inline\ntwo = 17 % 5", g("two")]),
    "input": (["try:\n    two=int(input())\nexcept (EOFError, OSError):\n    two=2", g("two")]),
    "mutable default": (
        ["def h(a,seen=[]):\n    seen.append(a)\n    return len(seen)", "h(1)", g("h(1)")]
    ),
    "generator state": (["it=iter(range(5))", "next(it)\nnext(it)", g("next(it)")]),
    "class counter": (
        [
            "class C:\n    n=0\n    def tick(self):\n        C.n+=1",
            "C().tick()\nC().tick()",
            g("C.n"),
        ]
    ),
    "heapq": (["import heapq\nH=[3]", "heapq.heappush(H,2)", g("H[0]")]),
    "update": (["K={}", "K.update(a=2)", g("K['a']")]),
    "list comp effect": (["K=[]", "[K.append(i) for i in range(3)]", g("K[2]")]),
    "map effect": (["K=[]", "list(map(K.append,[2]))", g("K[0]")]),
    "tuple assign": (["one, two = 1, 2", g("two")]),
    "swap": (["a,b=2,1", "a,b=b,a", g("b")]),
    "nested attr": (
        ["import types\nC=types.SimpleNamespace()\nC.d={}", "C.d['x']=2", g("C.d['x']")]
    ),
    "conditional def": (
        [
            "import sys\nif sys.version_info>=(3,):\n    def h(): return 2\nelse:\n"
            "    def h(): return 3",
            g("h()"),
        ]
    ),
    "inspect": (
        [
            "import inspect\ndef h():\n    # two\n    return 2",
            g("(2 if 'two' in inspect.getsource(h) else 0)"),
        ]
    ),
    "unicode": (["π = 2", g("π")]),
    "bom": (["\ufefftwo=2", g("two")]),
    "contextvar": (["import contextvars\nv=contextvars.ContextVar('v')", "v.set(2)", g("v.get()")]),
    "decimal prec": (
        [
            "import decimal",
            "decimal.getcontext().prec=50",
            g("(2 if decimal.getcontext().prec==50 else 0)"),
        ]
    ),
    "environ": (["import os\nos.environ['TWO']='2'", g("int(os.environ['TWO'])")]),
    "setattr": (["class B: pass", "setattr(B,'two',2)", g("B.two")]),
    "pickle": (["import pickle\nclass B:\n    two=2", g("pickle.loads(pickle.dumps(B())).two")]),
    "__main__": (["import __main__\n__main__.two=2", g("two")]),
    "sys.modules": (["import sys\nsys.modules[__name__].two=2", g("two")]),
    "metaclass": (
        [
            "class M(type):\n    def __new__(m,n,b,d):\n        d['two']=2\n"
            "        return super().__new__(m,n,b,d)",
            "class B(metaclass=M): pass",
            g("B.two"),
        ]
    ),
    "thread": (
        [
            "import threading\nK=[]\nt=threading.Thread(target=K.append,args=(2,))\n"
            "t.start()\nt.join()",
            g("K[0]"),
        ]
    ),
    "%%writefile values": (["%%writefile values.py\ntwo=2", "import values", g("values.two")]),
    "comment then cell magic": (["# hello\n%time two=2", g("two")]),
    "semicolon": (["two=2;", g("two")]),
    "type alias stmt": (
        ["from typing import TypeVar\nT=TypeVar('T')\ndef h(a: T) -> T: return a", g("h(2)")]
    ),
    "ellipsis stub helper": (["def h(): ...", "h = lambda: 2", g("h()")]),
}
