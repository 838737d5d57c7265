"""The process beside a student's code: one host in one world, one fork a question.

    parent --(job, pipes)--> host --fork--> question: select, build, call, send values
                             question: "told", then hidden inputs come, and no word counts any more
                              host: waits, ends whatever the question left running, reports

The host itself never runs a line of a student's code. Started as a script, with this folder as its
only module path. It holds no secret: the job names an answer and its arguments, and what comes back
are values that only the parent can judge.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import linecache
import os
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

if __package__:  # imported by the package's tests
    from . import confine, find, record, remote, shell, syscalls, traces, values, watch
else:  # a script in the sandbox, where -I leaves its own folder out
    sys.path.insert(0, os.path.dirname(__file__))
    import confine  # type: ignore[import-not-found, no-redef]
    import find  # type: ignore[import-not-found, no-redef]
    import remote  # type: ignore[import-not-found, no-redef]
    import shell  # type: ignore[import-not-found, no-redef]
    import syscalls  # type: ignore[import-not-found, no-redef]
    import traces  # type: ignore[import-not-found, no-redef]
    import values  # type: ignore[import-not-found, no-redef]
    import watch  # type: ignore[import-not-found, no-redef]

    with contextlib.suppress(ImportError):  # only in a world for graphs
        import record  # type: ignore[import-not-found, no-redef]

PRINTS_KEPT = 2_000  # characters of what the answer printed
HEADER = 8  # bytes before a job: its length


class Prints:
    """Takes what the answer prints, keeps the beginning, and never fills up."""

    encoding, errors = "utf-8", "replace"

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        if len(self.text) < PRINTS_KEPT:
            self.text += str(text)[:PRINTS_KEPT]
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


# ---------------------------------------------------------------- the host


def serve(control: socket.socket, settings: dict[str, Any]) -> None:
    """Answer jobs until the parent closes the line."""
    for module in settings.get("warm", ()):
        with contextlib.suppress(ImportError):
            __import__(module)
    told = json.loads(receive(control, int.from_bytes(receive(control, HEADER), "big")))
    given = given_names(told["setup"], told["warm"])
    confine.prctl(confine.SUBREAPER, 1)
    confine.prctl(confine.PARENT_DEATH_SIGNAL, signal.SIGKILL)  # a killed grader leaves nobody
    confine.prctl(confine.NOT_DUMPABLE, 0)
    control.sendall(values.pack({"ready": os.getpid()}))
    before = files_in(settings)
    while True:
        header, pipes, _, _ = socket.recv_fds(control, HEADER, 2)
        if len(header) < HEADER or len(pipes) != 2:
            return
        job = receive(control, int.from_bytes(header, "big"))
        child = os.fork()
        if child == 0:
            control.close()
            question(job, pipes, settings, told["setup"], given)
        for pipe in pipes:
            os.close(pipe)
        _, status = os.waitpid(child, 0)
        left, code = sweep(settings), os.waitstatus_to_exitcode(status)
        files = files_in(settings) != before
        control.sendall(values.pack({"exit": code, "left": left, "files": files}))


def given_names(setup: str, warm: str) -> dict[str, Any]:
    """What the code given with every question makes. Run and looked at once: forks share it.

    warm   code that leaves nothing but full caches; in a world with holes it may not get far

    A collector that walked through all of it in every fork would copy it page by page, so it
    is taken out of its sight and comes by less often: 5 of 30 ms of a small question.
    """
    given: dict[str, Any] = {"__name__": "__answer__", "__builtins__": __builtins__}
    linecache.cache["<given>"] = len(setup), None, setup.splitlines(True), "<given>"
    exec(compile(setup, "<given>", "exec"), given)
    with contextlib.suppress(Exception):
        exec(compile(warm, "<warm>", "exec"), dict(given))
    find.statements(setup)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    return given


def files_in(settings: dict[str, Any]) -> set[str]:
    """What lies in the scratch folder, as the host sees it: its root is not the question's."""
    scratch = settings.get("scratch")
    return set(os.listdir(settings.get("root", "") + scratch)) if scratch else set()


def receive(control: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = control.recv(min(size - len(data), 1 << 16))
        if not piece:
            break
        data += piece
    return bytes(data)


def sweep(settings: dict[str, Any]) -> int:
    """End every process the question left behind; how many were seen."""
    seen = 0
    if settings.get("own_pids"):
        assert os.getpid() <= 3, "only in its own process namespace may the host end everything"
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
    else:
        for _ in range(100):
            left = confine.descendants(os.getpid())
            for process in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process, signal.SIGKILL)
            seen = max(seen, len(left))
            if not left or not reap():
                break
    return seen + reap()


def reap() -> int:
    """Collect the dead, waiting for those already killed."""
    count = 0
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, 0)[0]:
            count += 1
    return count


# ---------------------------------------------------------------- one question


def question(
    job_text: bytes, pipes: list[int], settings: dict[str, Any], setup: str, given: dict[str, Any]
) -> NoReturn:
    """Everything that happens in the forked process. Never returns.

    pipes          to the parent, and from it
    setup, given   the code that comes with every question, and the names that it has made
    """
    code = 1
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        job = json.loads(job_text)
        restrict(job, settings)
        prints = Prints()
        sys.stdout = sys.stderr = prints  # type: ignore[assignment]
        sys.stdin = open(os.devnull)  # noqa: SIM115
        send = Line(*pipes)
        answer_job(job | {"setup": setup}, send, prints, given)
        send({"end": prints.text[:PRINTS_KEPT]})
        code = 0
    except MemoryError:
        code = 77  # the parent reads it as: out of memory
    finally:
        os._exit(code)


class Line:
    """To the parent, and back where it is asked for something."""

    def __init__(self, there: int, back: int):
        self.there, self.back = there, back

    def __call__(self, message: Any) -> None:
        data = values.pack(message)
        while data:
            data = data[os.write(self.there, data) :]

    def ask(self, message: Any) -> Any:
        """What the parent answers. Raises EOFError when it has ended the question."""
        self(message)
        frames, messages = values.Frames(), list[Any]()
        while not messages:
            data = os.read(self.back, 1 << 16)
            if not data:
                raise EOFError
            messages = frames.feed(data)
        return messages[0]

    def later_calls(self) -> list[Any]:
        """The arguments of the hidden calls, once the parent hands them over."""
        data = bytearray()
        while len(data) < HEADER or len(data) < HEADER + int.from_bytes(data[:HEADER], "big"):
            piece = os.read(self.back, 1 << 16)
            if not piece:
                return []
            data += piece
        return list(json.loads(data[HEADER:]))


def restrict(job: dict[str, Any], settings: dict[str, Any]) -> None:
    """The limits of this question, and those of the level that are laid on from inside."""
    limits = job["limits"]
    folders = settings["readable"], settings["writable"]
    if settings.get("landlock") and not confine.landlock(*folders):
        raise OSError("landlock was found at the start but not now")
    if settings.get("root"):
        os.chroot(settings["root"])
        os.chdir("/")
    if settings.get("uid") and not confine.leave_root(settings["uid"]):
        raise OSError("could not become an unprivileged user")
    confine.drop_capabilities()
    confine.prctl(confine.PARENT_DEATH_SIGNAL, signal.SIGKILL)
    seconds = int(limits["cpu"] + shell.SECONDS)  # until the cells have run: what is left of it
    confine.set_rlimits(seconds, limits["memory"], limits["files"], settings.get("processes", 0))
    own_user = settings.get("landlock") and not settings.get("uid")
    syscalls.install(syscalls.OWN if own_user else None)
    if settings.get("scratch"):
        os.chdir(settings["scratch"])


def answer_job(job: dict[str, Any], send: Line, prints: Prints, given: dict[str, Any]) -> None:
    """Build the answer, call it with each set of arguments, send each value as it comes."""
    try:
        chosen, answer = make_answer(job, given)
    except find.NoAnswer as error:
        return send({"missing": str(error)})
    except MemoryError:
        raise
    except BaseException as error:
        return send({"broken": values.encode(raised(error, -1))})
    send({"cell": chosen.cell, "notes": [note[:300] for note in chosen.notes[:5]]})
    confine.cpu_from_now(job["limits"]["cpu"])
    driver = given.get("run") if job["run"] else None
    if driver and job.get("graphs"):
        driver = record.recording(driver, job["part"])
    if driver and job.get("remote"):
        driver = remote.values_of(driver)
    if driver and job.get("kernels"):
        driver = traces.tracing(driver)
    else:
        answer = watch.watched(answer, job.get("may_change", ()))

    def call_all(calls: list[Any], first: int) -> None:
        for number, arguments in enumerate(calls, first):
            scope = given
            if job.get("remote"):
                scope = given | {"remote": remote.Asking(number, send.ask).remote}
            send({"call": number, "value": one_call(scope, driver, answer, arguments, chosen)})

    first = job.get("first", 0)
    call_all(job["calls"], first)
    if job["later"]:
        send({"told": prints.text[:PRINTS_KEPT]})
        call_all(send.later_calls(), first + len(job["calls"]))


def make_answer(job: dict[str, Any], given: dict[str, Any]) -> tuple[Any, Any]:
    """The chosen cells and the function or class they define, in the question's own setting."""
    provided = set(given)
    chosen = find.find(job["cells"], job["keys"], job["name"], provided, job["setup"])
    answer = shell.build(chosen, given, stay=True)
    given |= values.own_classes(given, chosen.names)
    if job["part"]:
        put_in(job["part"], answer)
    exec(compile(job["run"], "<run>", "exec"), given)
    return chosen, answer


def put_in(name: str, answer: Any) -> None:
    """Run the student's function as a Part of the framework from now on."""
    parts = importlib.import_module("tinylearn.parts")
    part = parts.named(name)
    part.default = part.current = answer
    parts.Part.version += 1


def one_call(scope: dict[str, Any], driver: Any, answer: Any, arguments: Any, chosen: Any) -> Any:
    """The encoded value of one call, or the description of what it raised."""
    try:
        args = [values.decode(argument, scope) for argument in arguments]
        value = driver(answer, *args) if driver else answer(*args)
        encoded = values.encode(value)
        values.pack(encoded)
        return encoded
    except MemoryError:
        return values.encode(values.Raised("MemoryError", "more memory than an answer may have"))
    except BaseException as error:
        return values.encode(raised(error, chosen.cell, chosen.source))


def raised(error: BaseException, cell: int, source: str = "") -> values.Raised:
    """The exception, and the last line of the answer's own cell that it passed through."""
    line = 0
    if isinstance(error, SyntaxError):
        line, message = error.lineno or 0, error.msg
    else:
        try:
            message = str(error)
        except BaseException:
            message = ""
        for frame in traceback.extract_tb(error.__traceback__, limit=-200):
            if frame.filename == f"<cell {cell}>":
                line = frame.lineno or 0
    lines = source.splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    kinds = [kind.__name__ for kind in type(error).__mro__[1:] if issubclass(kind, Exception)]
    also = tuple(name[:200] for name in kinds[:-1][:8])  # all but Exception itself
    return values.Raised(type(error).__name__[:200], str(message)[:2000], line, text[:500], also)


if __name__ == "__main__":
    main_settings = json.loads(sys.argv[1])
    sys.path[:1] = main_settings["paths"]
    serve(socket.socket(fileno=0), main_settings)
