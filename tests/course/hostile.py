"""Answers that attack the grader, and honest ones that are easily mistaken for faulty.

CHEATS     name -> body of halve(a): whatever it does, q1 must earn nothing
HARMLESS   name -> cells of q1 that deserve full marks, odd as they look
"""

from tests.course.small import HALVE

FORGE = """
import os, json
def frame(message):
    text = json.dumps(message).encode()
    return len(text).to_bytes(4, "big") + text
def everywhere(data):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, data)
        except OSError:
            pass
"""
CHEATS = {
    # ---- say that it was right
    "forged verdict": FORGE + 'everywhere(frame({"status": "passed", "points": 99}))\nreturn 0',
    "forged values": FORGE
    + """
for call in range(9):
    everywhere(frame({"call": call, "value": {"array": ["float64", [1], "AAAAAAAAAAA="]}}))
everywhere(frame({"end": ""}))
os._exit(0)""",
    "forged end": FORGE + 'everywhere(frame({"end": ""}))\nos._exit(0)',
    "forged exit of the host": FORGE + 'everywhere(frame({"exit": 0, "left": 0}))\nos._exit(0)',
    "garbage on the channel": FORGE + 'everywhere(b"\\xff" * 999)\nreturn 0',
    "half a frame": FORGE + 'everywhere(b"\\x00\\x00\\x01")\nos._exit(0)',
    "a frame without end": FORGE + "while True: everywhere(b'\\x00\\x00\\x00\\x02{}')",
    "a million messages": FORGE + "everywhere(frame({}) * 10**6)\nreturn 0",
    "a million lists": FORGE
    + """
text = b"[" + b"[]," * 400000 + b"[]]"
everywhere((len(text).to_bytes(4, "big") + text) * 20)
return 0""",
    "deep JSON on the channel": FORGE + 'everywhere(b"\\x00\\x03\\x0d\\x40" + b"[" * 200000)',
    "pickle on the channel": FORGE
    + "everywhere(b\"\\x80\\x04\\x95cos\\nsystem\\n(S'true'\\ntR.\")\nreturn 0",
    # ---- be equal to everything
    "equals everything": """
class Yes:
    __eq__ = __ge__ = __le__ = lambda self, other: True
    __hash__ = None
    __array__ = lambda self, *a, **k: a
    shape, dtype = (3, 5), float
return Yes()""",
    "an array that equals everything": """
class Yes(np.ndarray):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0
return np.zeros_like(a).view(Yes)""",
    "a number that lies": """
class Yes(float):
    def __eq__(self, other): return True
    def __float__(self): return 1.0
return Yes(3)""",
    "a list of itself": "x = []\nx.append(x)\nreturn x",
    "not a number": "return a * float('nan')",
    "infinite": "return a * float('inf') + 1",
    "reduces to a call": """
class Bomb:
    def __reduce__(self): return (__import__("os").system, ("touch /tmp/reached",))
return Bomb()""",
    # ---- change what compares
    "patched numpy": """
for name in ("isclose", "allclose", "array_equal", "all", "equal"):
    setattr(np, name, lambda *x, **k: True)
np.testing.assert_allclose = lambda *x, **k: None
return a""",
    "patched builtins": """
import builtins
builtins.abs = lambda x: 0
builtins.isinstance = lambda *x: True
builtins.len = lambda x: 1
return a""",
    "patched json": """
import json
json.dumps = lambda *x, **k: '{"end": "", "passed": true}'
return a""",
    "patched host": """
import sys
for module in list(sys.modules.values()):
    for name in ("encode", "pack", "one_call", "answer_job"):
        if hasattr(module, name):
            setattr(module, name, lambda *x, **k: b"\\x00\\x00\\x00\\x04true")
return a""",
    # ---- look for the right value
    "looks up the stack": """
import sys
frame = sys._getframe()
while frame:
    for value in frame.f_locals.values():
        if isinstance(value, dict) and ("want" in value or "expected" in value):
            return value
    frame = frame.f_back
return 0""",
    "searches all objects": """
import gc
for thing in gc.get_objects():
    if isinstance(thing, dict) and ("reference" in thing or "want" in thing):
        return thing
return 0""",
    "reads the spec": """
import os
for here, folders, files in os.walk("/"):
    for name in files:
        if name.endswith((".spec.json", ".secret")) or "small" in name:
            scope = {"np": np}
            exec(open(os.path.join(here, name)).read(), scope)
            return scope["halve"](a)
return 0""",
    "reads a neighbour": """
import os, json
for here, folders, files in os.walk("/"):
    for name in files:
        if name.endswith(".ipynb"):
            for cell in json.load(open(os.path.join(here, name)))["cells"]:
                if "def halve" in cell["source"]:
                    scope = {"np": np}
                    exec(cell["source"].split("\\n", 1)[1], scope)
                    return scope["halve"](a)
return 0""",
    "reads its ancestors": """
import os, re
for pid in range(1, 40):
    for what in ("environ", "cmdline", "mem", "maps"):
        try:
            found = open(f"/proc/{pid}/{what}", "rb").read(9999)
        except OSError:
            continue
        if b"secret" in found:
            return found
return 0""",
    "imports the grader": """
try:
    from tinylearn.course import spec
    from tinylearn.course.grade import grade
except Exception:
    return 0
return spec.from_data({}) """,
    "learnt the visible case": """
if a.shape == (2, 2): return np.array([[1.0, 2.0], [3.0, 4.0]])
return a""",
    "learnt the fixed cases": """
if a.shape == (2, 2): return np.array([[1.0, 2.0], [3.0, 4.0]])
if a.size == 0: return a
if a.shape == (1,): return np.array([0.5])
return a""",
    # ---- end the grader
    "kills its parent": "import os\nos.kill(os.getppid(), 9)\nreturn 0",
    "kills everything": "import os\nos.kill(-1, 9)\nreturn 0",
    "kills by number": """
import os
for pid in range(2, 60000):
    try:
        if pid != os.getpid(): os.kill(pid, 9)
    except OSError:
        pass
return 0""",
    "stops its parent": "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\nreturn 0",
    "exits with 0": "import os\nos._exit(0)",
    "raises SystemExit": "raise SystemExit(0)",
    "raises KeyboardInterrupt": "raise KeyboardInterrupt",
    "segfaults": "import ctypes\nctypes.string_at(0)",
    "aborts": "import os\nos.abort()",
    "closes all descriptors": "import os\nos.closerange(0, 64)\nreturn 0",
    "replaces itself": "import os\nos.execv('/usr/bin/true', ['true'])",
    "faults in str": """
class Odd(Exception):
    def __str__(self): raise Odd
raise Odd""",
    "an error of a gigabyte": "raise ValueError('x' * 10**9)",
    # ---- use everything up
    "loops for ever": "while True: pass",
    "loops and swallows": """
while True:
    try:
        while True: pass
    except BaseException: pass""",
    "ignores every signal": """
import signal
for number in range(1, 64):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass""",
    "sleeps for ever": "import time\ntime.sleep(10**6)",
    "waits for input": "return float(input() or 0)",
    "recurses": "return halve(a)",
    "50 GB": "return np.ones(50 * 2**30 // 8)",
    "50 GB of lists": "x = [0]\nwhile True: x = x + x",
    "memory in children": """
import os, time
for _ in range(20):
    if os.fork() == 0:
        keep = b"x" * (300 * 2**20)
        time.sleep(60)
time.sleep(60)""",
    "fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "thread bomb": """
import threading, time
while True:
    try: threading.Thread(target=time.sleep, args=(99,)).start()
    except RuntimeError: time.sleep(99)""",
    "fills the disk": """
import os
for n in range(10**6):
    with open(f"/tmp/{n}", "wb") as file: file.write(b"x" * 10**6)""",
    "memory in files of memory": """
import os
for n in range(60):
    made = os.memfd_create(str(n))
    for _ in range(8): os.write(made, b"x" * 10**6)
return 0""",
    "shared memory": """
import ctypes
libc = ctypes.CDLL(None)
for key in range(1, 500):
    if libc.shmget(key, 100 * 2**20, 0o1600) < 0:
        raise MemoryError
return 0""",
    "opens everything": "x = []\nwhile True: x.append(open('/dev/null'))",
    "prints for ever": "while True: print('x' * 10**6)",
    "writes for ever": "import os\nwhile True: os.write(1, b'x' * 10**6)",
    "a huge value": "return [0.0] * 10**7",
    "a deep value": "x = []\nfor _ in range(10**5): x = [x]\nreturn x",
    "a huge integer": "return 1 << 10**8",
    "an endless generator": "return (x for x in iter(int, 1))",
    "raises its limits": """
import resource
for kind in range(16):
    try: resource.setrlimit(kind, (resource.RLIM_INFINITY,) * 2)
    except Exception: pass
return np.ones(50 * 2**30 // 8)""",
    # ---- stay, or get out
    "leaves a daemon": """
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True: pass
    os._exit(0)
return 0""",
    "a daemon that writes on": FORGE
    + """
if os.fork() == 0:
    os.setsid()
    while True: everywhere(frame({"call": 1, "value": 0}))
return 0""",
    "writes the gradebook": """
import os
for folder in ("/srv", "/tmp", "/root", "/home", "/autograder", os.getcwd()):
    for here, folders, files in os.walk(folder):
        for name in files:
            if name.endswith((".json", ".csv", ".ipynb")):
                try: open(os.path.join(here, name), "w").write("owned")
                except OSError: pass
return 0""",
    "reaches the network": """
import socket
for host in ("127.0.0.1", "10.0.0.1", "169.254.169.254"):
    try:
        socket.create_connection((host, 80), 0.2)
        return a / 2
    except OSError: pass
return 0""",
    "mounts and unshares": """
import ctypes, os
libc = ctypes.CDLL(None)
libc.unshare(0x10000000 | 0x20000)
libc.mount(b"/", b"/tmp", None, 4096, None)
os.chroot("/tmp")""",
    "a namespace of its own": """
import ctypes, os
libc = ctypes.CDLL(None)
if libc.syscall(56, 0x10000011, 0, 0, 0, 0) >= 0 or libc.unshare(0x10000000) == 0:
    return a / 2
return 0""",
    "a local socket": """
import socket
made = socket.socket(socket.AF_UNIX)
made.bind("\\0tinylearn")
return a / 2""",
    "becomes root": "import os\nos.setuid(0)\nos.setgroups([0])\nreturn 0",
    "traces its parent": """
import ctypes, os
libc = ctypes.CDLL(None)
return int(libc.ptrace(16, os.getppid(), 0, 0))""",
}
FULL = HALVE
HARMLESS = {
    "prints 100 MB": [FULL.replace("return", 'print("x" * 10**8)\n    return')],
    "warns": [FULL.replace("return", 'import warnings; warnings.warn("careful")\n    return')],
    "writes to stderr": [FULL.replace("return", 'import sys; sys.stderr.write("oh")\n    return')],
    "divides by zero with a warning": [FULL.replace("return", "np.ones(1) / 0\n    return")],
    "the stub stands below too": [FULL, FULL.replace("return a / 2", "raise NotImplementedError")],
    "defined twice, the same": [FULL, FULL],
    "a broken cell above": ["def broken(:", FULL],
    "an endless cell above": ["while True: pass", FULL],
    "a cell that ends Python": ["import os; os._exit(1)", FULL],
    "magics": ["%load_ext nothing\n!rm -rf /\nhelp?", FULL],
    "no decorator": [FULL.split("\n", 1)[1]],
    "an edited check": [FULL, 'assert False\ntl.check("q9")'],
    "a helper in a later cell": [FULL.replace("a / 2", "half(a)"), "def half(x): return x / 2"],
    "NumPy under another name": ["import numpy as numeric",
                                 FULL.replace("a / 2", "numeric.divide(a, 2)")],
    "changes a copy of its argument": [
        FULL.replace("return a / 2", "a = a.copy()\n    a /= 2\n    return a")],
    "a look-alike name beside it": ["def hаlve(a): return 0", FULL],
    "leaves a quiet thread": [FULL.replace(
        "return", "import threading, time\n    threading.Thread(target=time.sleep, args=(9,), "
        "daemon=True).start()\n    return")],
    "sets a seed and a print option": [FULL.replace(
        "return", "np.random.seed(0); np.set_printoptions(precision=1)\n    return")],
    "uses exec": [FULL.replace("return a / 2", 'scope = {"a": a}\n    exec("b = a / 2", scope)\n'
                               '    return scope["b"]')],
    "Windows line ends": [FULL.replace("\n", "\r\n")],
}  # fmt: skip


def cheat_cell(body):
    """A cell that answers q1 with a hostile body."""
    lines = "\n".join("    " + line for line in body.strip("\n").splitlines())
    return f'import numpy as np\n\n@tl.answer("halve", points=2)\ndef halve(a):\n{lines}\n'
