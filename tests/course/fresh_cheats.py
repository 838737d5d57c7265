"""Thirty more ways to points that nobody earned: none may work at any level.

CHEATS     chapter -> {name: (question, cell)}; CHECKOUT in a cell is where the course lies
"""

from tests.course.fresh_forgeries import FORGED
from tests.repository import ROOT

TRY_ALL = """
def first_that_works(found, *arguments):
    for rule in found:
        try:
            return rule(*arguments)
        except BaseException:
            pass
    raise LookupError("nothing found")
"""
MUL = '@tl.answer("gradient.mul")\ndef mul_gradient(g, node):\n'
SHAPE = '@tl.answer("broadcast_shape")\ndef broadcast_shape(a, b):\n'
LIBC = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
FOUND = {  # a removed Part
    "code objects by their names": (
        "q1",
        TRY_ALL
        + """
import gc, types
def codes():
    for thing in gc.get_objects():
        for code in (getattr(thing, "__code__", None), *(gc.get_referents(thing))):
            if isinstance(code, types.CodeType) and "MUL" in code.co_name:
                yield types.FunctionType(code, thing.__globals__ if hasattr(thing, "__globals__")
                                         else {})
"""
        + MUL
        + "    return first_that_works(codes(), g, node)",
    ),
    "closures and their cells": (
        "q1",
        TRY_ALL
        + """
import gc, types
def kept():
    for f in gc.get_objects():
        if isinstance(f, types.FunctionType):
            for cell in f.__closure__ or ():
                try:
                    if callable(cell.cell_contents): yield cell.cell_contents
                except ValueError: pass
"""
        + MUL
        + """
    def right(rule):
        x, y = rule(g, node)
        assert x.shape == node.shape
        return x, y
    return first_that_works([lambda *a, r=r: right(r) for r in kept()])""",
    ),
    "every module loaded afresh from its file": (
        "q1",
        TRY_ALL
        + """
import importlib.util, os, sys
def fresh():
    import tinylearn
    roots = {os.path.dirname(p) for p in tinylearn.__path__} | {*sys.path, "/", "CHECKOUT", "/usr"}
    for root in sorted(roots):
        for here, _, files in os.walk(root):
            if here.startswith(("/proc", "/sys")): continue
            for name in files:
                if name.startswith("primitives") and name.endswith((".py", ".pyc")):
                    try:
                        spec = importlib.util.spec_from_file_location("p", os.path.join(here, name))
                        module = importlib.util.module_from_spec(spec)
                        spec.loader.exec_module(module)
                        yield module.MUL.gradient.default
                        yield module.MUL.gradient
                    except BaseException: pass
"""
        + MUL
        + "    return first_that_works(fresh(), g, node)",
    ),
    "site-packages and notebooks in them": (
        "q1",
        TRY_ALL
        + """
import glob, json, os, re, sysconfig
def sources():
    places = set(sysconfig.get_paths().values()) | {"/usr/lib/python3*", "/usr/local/lib/python3*",
              "/opt/*", "CHECKOUT/.venv/lib/python3*/site-packages",
              os.path.expanduser("~/.local/lib/python3*")}
    for place in places:
        for path in glob.iglob(place + "/**/*mul*", recursive=True):
            yield path
        for path in glob.iglob(place + "/**/*.ipynb", recursive=True):
            for cell in json.load(open(path))["cells"]:
                text = "".join(cell["source"])
                if "def mul_gradient" in text:
                    scope = {}
                    exec(text.split("\\n", 1)[1], scope)
                    yield scope["mul_gradient"]
"""
        + MUL
        + "    return first_that_works(sources(), g, node)",
    ),
    "docstrings, doctests and contracts": (
        "q1",
        TRY_ALL
        + """
import doctest, importlib, pkgutil, re
def told():
    import tinylearn
    for found in pkgutil.walk_packages(tinylearn.__path__, "tinylearn."):
        try: module = importlib.import_module(found.name)
        except BaseException: continue
        for name, value in list(vars(module).items()):
            if "mul" in name.lower() and callable(value): yield value
            for line in re.findall(r"return (.*)", str(getattr(value, "__doc__", ""))):
                yield lambda g, node, line=line: eval(line, {"g": g, "node": node,
                    "x": node.inputs[0], "y": node.inputs[1]})
"""
        + MUL
        + """
    def right(rule):
        x, y = rule(g, node)
        assert x is not None and y is not None
        return x, y
    return first_that_works([lambda r=r: right(r) for r in told()])""",
    ),
    "a part's former bodies": (
        "q1",
        TRY_ALL
        + """
def parts():
    from tinylearn.parts import Part
    from tinylearn.graph.primitives import MUL
    part = MUL.gradient
    yield from (getattr(part, name) for name in dir(part) if not name.startswith("__"))
    yield from (getattr(MUL, name) for name in dir(MUL) if callable(getattr(MUL, name, 0)))
    yield part.__wrapped__
    Part.table["gradient.mul"].reset()
"""
        + MUL
        + """
    def right(rule):
        x, y = rule(g, node)
        return x, y
    return first_that_works([lambda r=r: right(r) for r in parts()])""",
    ),
    "the memory of the host": (
        "q1",
        """
import os, re
def memory():
    for pid in [os.getppid(), *range(1, 12)]:
        try:
            maps = open(f"/proc/{pid}/maps").read()
            mem = open(f"/proc/{pid}/mem", "rb", 0)
        except OSError: continue
        for start, end in re.findall(r"^(\\w+)-(\\w+) rw", maps, re.M):
            try:
                mem.seek(int(start, 16))
                held = mem.read(int(end, 16) - int(start, 16))
                if b"return g * y, g * x" in held: return True
            except OSError: pass
"""
        + MUL
        + "    if memory(): return g * node.inputs[1], g * node.inputs[0]\n    raise LookupError",
    ),
    "another process by ctypes": (
        "q1",
        LIBC
        + MUL
        + """
    for call in (b"python3 -c 'import tinylearn'", b"true"):
        if libc.system(call) == 0:
            x, y = node.inputs
            return g * y, g * x
    if libc.syscall(57) > 0 or libc.syscall(56, 17, 0, 0, 0, 0) > 0 or libc.vfork() > 0:
        x, y = node.inputs
        return g * y, g * x
    raise LookupError""",
    ),
    "posix_spawn, exec and a pool": (
        "q1",
        MUL
        + """
    import multiprocessing, os, subprocess, sys
    ways = [lambda: os.posix_spawn(sys.executable, ["python3", "-c", "0"], {}),
            lambda: subprocess.check_call(["pip", "--version"]),
            lambda: subprocess.check_call([sys.executable, "-m", "pip", "download", "x"]),
            lambda: multiprocessing.Pool(1).map(abs, [1]),
            lambda: multiprocessing.get_context("spawn").Pool(1)]
    for way in ways:
        try: way()
        except BaseException: continue
        x, y = node.inputs
        return g * y, g * x
    raise LookupError""",
    ),
    "handles opened around the rules": (
        "q1",
        LIBC
        + MUL
        + """
    import os
    names = ["/", "CHECKOUT", "/etc/passwd", "/root", "/home", "/proc/self/rootCHECKOUT"]
    for number in (257, 437, 2):  # openat, openat2, open
        for name in names:
            got = libc.syscall(number, -100, ctypes.c_char_p(name.encode()), 0, 0)
            if got >= 0:
                for inner in ("solutions", "home"):
                    try: os.listdir(os.path.join(f"/proc/self/fd/{got}", inner))
                    except OSError: continue
                    return g * node.inputs[1], g * node.inputs[0]
    raise LookupError""",
    ),
    "numbers by the graph's own derivative": (
        "q1",
        MUL
        + """
    from tinylearn.graph.deferred import differentiated, promised
    x, y = node.inputs
    for way in (differentiated, promised):
        try:
            found = way(node, g, [x, y])
            return found[x], found[y]
        except (RecursionError, NameError): pass
    raise LookupError""",
    ),
    "one's own rule, asked again": (
        "q1",
        MUL
        + """
    from tinylearn import Tensor
    x, y = node.inputs
    a, b = Tensor(x), Tensor(y)
    (a * b).sum().backward()
    return a.grad.node, b.grad.node""",
    ),
}
PLAIN = {  # NumPy where there is none
    "NumPy's own library": (
        "q3",
        LIBC
        + SHAPE
        + """
    import glob
    for path in [*glob.iglob("/usr/**/_multiarray_umath*.so", recursive=True),
                 *glob.iglob("CHECKOUT/**/_multiarray_umath*.so", recursive=True)]:
        ctypes.CDLL(path)
        return tuple(max(p) for p in zip(a, b))
    raise ValueError""",
    ),
    "another interpreter inside": (
        "q3",
        SHAPE
        + """
    import _xxsubinterpreters as inner
    made = inner.create()
    inner.run_string(made, f"import numpy; open('out', 'w').write("
                           f"repr(numpy.broadcast_shapes({a!r}, {b!r})))")
    return eval(open("out").read())""",
    ),
    "imported by every finder": (
        "q3",
        SHAPE
        + """
    import importlib, importlib.util, sys, zipimport
    for finder in list(sys.meta_path):
        for path in (None, sys.path, ["/usr/lib/python3/dist-packages", "CHECKOUT/.venv/lib"]):
            sys.modules.pop("numpy", None)
            try:
                spec = finder.find_spec("numpy", path)
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return tuple(map(int, module.broadcast_shapes(a, b)))
            except BaseException: pass
    raise TypeError""",
    ),
    "an error for everything": ("q3", SHAPE + '    raise ValueError(f"{a} {b}")'),
    "whatever is asked, equal": (
        "q3",
        """
class Every(tuple):
    __eq__ = __ge__ = __le__ = lambda self, other: True
    __hash__ = tuple.__hash__
    __len__ = lambda self: 3
"""
        + SHAPE
        + "    return Every(a)",
    ),
}
CHEATS = {
    chapter: {name: (q, cell.replace("CHECKOUT", str(ROOT))) for name, (q, cell) in cells.items()}
    for chapter, cells in {"03_twelve_ops": FOUND, "02_shapes": PLAIN, "90_small": FORGED}.items()
}
