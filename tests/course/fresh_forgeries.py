"""Cheats that forge a verdict or escape a limit; fresh_cheats.py has them all in one table."""

HALVE = '@tl.answer("halve", points=2)\ndef halve(a):\n'
HOST = """
import sys
def everywhere():
    frame = sys._getframe()
    while frame:
        yield from (frame.f_locals, frame.f_globals)
        frame = frame.f_back
    for module in list(sys.modules.values()):
        yield vars(module)
"""
FORGE = """
import json, os
def say(message):
    text = json.dumps(message).encode()
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, len(text).to_bytes(4, "big") + text)
        except OSError:
            pass
"""

FORGED = {  # a verdict, or a limit
    "stand-ins for operators and builtins": (
        "q1",
        HALVE
        + """
    import builtins, math, operator
    operator.eq = math.isclose = lambda *a, **k: True
    builtins.all = builtins.float = lambda *a, **k: True
    builtins.__import__ = lambda *a, **k: None
    return a""",
    ),
    "the host's functions": (
        "q1",
        HOST
        + HALVE
        + """
    for names in everywhere():
        for name, value in list(names.items()):
            if name in ("encode", "pack", "write_all", "one_call", "expected", "difference"):
                try: names[name] = lambda *x, **k: b"\\0\\0\\0\\4true"
                except TypeError: pass
    return a""",
    ),
    "what was asked, sent back as right": (
        "q1",
        HOST
        + FORGE
        + HALVE
        + """
    for names in everywhere():
        job = names.get("job")
        if isinstance(job, dict) and "calls" in job:
            for number, arguments in enumerate(job["calls"]):
                say({"call": number, "value": arguments[0], "want": arguments[0], "passed": True})
    say({"end": "All checks passed."})
    os._exit(0)""",
    ),
    "an exit later": (
        "q1",
        FORGE
        + HALVE
        + """
    import atexit, threading, time
    atexit.register(say, {"call": 0, "value": 1.0, "status": "passed"})
    def late():
        time.sleep(0.05)
        for number in range(6): say({"call": number, "points": 2})
    threading.Thread(target=late).start()
    return a""",
    ),
    "the host, exited for": (
        "q1",
        FORGE
        + HALVE
        + """
    say({"ready": 1}); say({"exit": 0, "left": 0, "files": False, "status": "passed"})
    import os; os.kill(os.getpid(), 9)""",
    ),
    "arrays that lie": (
        "q1",
        HALVE
        + """
    class Lie(np.ndarray):
        dtype = property(lambda self: np.dtype("O"))
        shape = property(lambda self: a.shape)
        def tobytes(self, *x): return b""
        def __array__(self, *x, **k): return np.asarray(a) / 4
        __array_ufunc__ = None
    return np.ndarray.view(a, Lie)""",
    ),
    "numbers that lie": (
        "q1",
        HALVE
        + """
    class Lie(np.float64):
        def __float__(self): return 0.5
        item = tolist = lambda self: 0.5
    return [Lie(7)] * len(a)""",
    ),
    "limits lifted, signals ignored": (
        "q1",
        HALVE
        + """
    import resource, signal
    for kind in range(16):
        hard = resource.getrlimit(kind)[1]
        for pair in ((hard, hard), (-1, -1)):
            try: resource.setrlimit(kind, pair)
            except (ValueError, OSError): pass
    for number in range(1, 65):
        try: signal.signal(number, signal.SIG_IGN)
        except (ValueError, OSError): pass
    while True: pass""",
    ),
    "sleeps by the clock": ("q1", HALVE + "    import threading\n    threading.Event().wait()"),
    "threads for more time": (
        "q1",
        HALVE
        + """
    import hashlib, threading
    def work():
        while True: hashlib.sha256(b"x" * 10**6).digest()
    made = [threading.Thread(target=work) for _ in range(8)]
    for thread in made: thread.start()
    made[0].join()""",
    ),
    "memory by maps": (
        "q1",
        HALVE
        + """
    import mmap
    kept = []
    while True:
        kept.append(mmap.mmap(-1, 1 << 26))
        for place in range(0, 1 << 26, 4096): kept[-1][place] = 1""",
    ),
    "memory in pipes and sparse files": (
        "q1",
        HALVE
        + """
    import fcntl, os
    made = os.open("sparse", os.O_RDWR | os.O_CREAT)
    os.ftruncate(made, 1 << 40)
    kept = [os.pipe() for _ in range(10**6)]
    return a / 2""",
    ),
    "files without end in folders": (
        "q1",
        HALVE
        + """
    import os
    for n in range(10**6):
        os.makedirs(f"a{n % 99}/b{n}")
        os.symlink("/", f"a{n % 99}/c{n}")
    return a / 2""",
    ),
    "a disk filled by one file at a time": (
        "q1",
        HALVE
        + """
    import os
    n = 0
    while True:
        with open("one", "wb") as file:
            for _ in range(7): file.write(os.urandom(1 << 20)); n += 1""",
    ),
}
