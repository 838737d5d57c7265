"""Finds a C compiler that works, and remembers on disk which one it was.

    TINYLEARN_CC, or cc, clang, gcc, ziglang -> find() -> Compiler(command, version, flags)

To ask a compiler takes 30 ms, to look at its file none: what it answered is kept for as long as
the file, the processor and the environment are the same.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib.util
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tinylearn.devices import files
from tinylearn.render.c import PRELUDE

# gcc 12 loses the rounding of a double to a float and back where it packs statements together
# (slp): our loops are vectorized as loops, so that is switched off.
FLAGS = [
    "-std=gnu11", "-O2", "-fno-math-errno", "-fno-trapping-math", "-fwrapv", "-shared",
    "-ffp-contract=fast",
    "-fno-tree-slp-vectorize",
]  # fmt: skip
NATIVE = {"x86_64": ["-march=native", "-mprefer-vector-width=512"], "amd64": ["-march=native"]}
HEARD = (  # what compilers hear from the environment, besides their command
    "CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX",
    "CCC_OVERRIDE_OPTIONS", "SDKROOT", "MACOSX_DEPLOYMENT_TARGET",
)  # fmt: skip
PATIENCE = 120  # seconds for one line: zig builds its own library at its first call
SILENT = "no answer"
TRIAL = (
    PRELUDE
    + """
int trial(int *restrict x) { return x[0] + 1; }
int vector_bytes(void) {
#if defined(__AVX512F__)
    return 64;
#elif defined(__AVX2__)
    return 32;
#else
    return 16;
#endif
}
"""
)
MISSING = (
    "no C compiler was found (looked for $TINYLEARN_CC, cc, clang, gcc and the ziglang package);"
    ' `pip install "tinylearn[zig]"` brings one, and the numpy device works without'
)


@dataclass(frozen=True)
class Compiler:
    """A compiler that works: the words that start it, its version, the options it takes here.

    vector    bytes of the widest vectors that it makes with these options
    problem   why there is none; "" where there is one
    """

    command: tuple[str, ...] = ()
    version: str = ""
    flags: tuple[str, ...] = ()
    vector: int = 64
    problem: str = ""


def compiler() -> tuple[str, ...]:
    """The command of the compiler that was found; () if there is none."""
    return find().command


def find() -> Compiler:
    """The compiler of this process; looked for again if the environment names another."""
    return _found(os.environ.get("TINYLEARN_CC", ""), os.environ.get("PATH", ""))


@functools.cache
def _found(named: str, path: str) -> Compiler:
    try:
        candidates = commands(named)
    except ValueError as error:
        return Compiler(problem=f"{error}; correct it, or unset it: cc, clang and gcc are tried")
    if not candidates:
        return Compiler(problem=MISSING)
    record = record_of(candidates)
    known = remembered(record)
    if known is not None:
        return known
    reasons = []
    for command in candidates:
        found = tried(command)
        if not found.problem:
            remember(record, found)
            return found
        reasons.append(f"{shlex.join(command)} cannot compile: {found.problem}")
    if named:
        return Compiler(problem=f"TINYLEARN_CC={named!r} does not work: {reasons[0]}")
    return Compiler(problem=f"no C compiler works here ({'; '.join(reasons)}); {MISSING}")


# ---------------------------------------------------------------- which


def commands(named: str) -> list[tuple[str, ...]]:
    """The commands to try, the best first.

    named    TINYLEARN_CC: a program, perhaps with arguments, quoted as in a shell
    Raises   ValueError if it names no program
    """
    if named.strip():
        return [words_of(named)]
    found: list[tuple[str, ...]] = [
        (path,) for name in ("cc", "clang", "gcc") if (path := shutil.which(name))
    ]
    if importlib.util.find_spec("ziglang"):
        return [*found, (sys.executable, "-m", "ziglang", "cc")]
    return found


def words_of(named: str) -> tuple[str, ...]:
    """TINYLEARN_CC as the words of a command, the first one a program that is here."""
    whole = shutil.which(os.path.expanduser(named.strip()))
    if whole:  # also a path with spaces that nobody quoted
        return (whole,)
    try:
        words = shlex.split(named, posix=os.name == "posix")
    except ValueError as error:
        raise ValueError(f"TINYLEARN_CC={named!r} cannot be read: {error}") from None
    first, *rest = [word.strip("\"'") if os.name == "nt" else word for word in words] or [""]
    program = shutil.which(os.path.expanduser(first))
    if program is None:
        there = os.path.exists(os.path.expanduser(first))
        why = "is not a program that may be run" if there else "is not there"
        raise ValueError(f"TINYLEARN_CC={named!r} was not found: {first!r} {why}")
    return (program, *rest)


def tried(command: tuple[str, ...]) -> Compiler:
    """What a compiler says about itself, and the most options with which it works here."""
    native = NATIVE.get(platform.machine().lower(), ["-mcpu=native"])
    if any(word.startswith(("-march", "-mcpu", "-target", "--target")) for word in command):
        native = []  # the user has said for which processor
    plain = FLAGS if os.name == "nt" else [*FLAGS, "-fPIC"]
    problem = ""
    for extra in dict.fromkeys((tuple(native), tuple(native[:1]), ())):
        if problem.startswith(SILENT):
            break
        problem, vector = trial(command, [*plain, *extra])
        if not problem:
            return Compiler(command, version(command), (*plain, *extra), vector)
    return Compiler(problem=problem)


def version(command: tuple[str, ...]) -> str:
    """The first line that the compiler says about itself, or ""."""
    try:
        said = start([*command, "--version"], timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.splitlines()[0] if said.returncode == 0 and said.stdout else ""


def trial(command: tuple[str, ...], options: list[str]) -> tuple[str, int]:
    """Why a small function cannot be compiled, loaded and called, in one line; "" if it can.

    With it comes how many bytes a vector has.
    """
    problem = ""
    for folder in workplaces():
        if problem.startswith(SILENT):
            break
        with workshop(folder) as own:
            output = Path(own, "trial")
            problem = run_compiler(TRIAL, output, options, command, PATIENCE)
            try:
                if not problem:
                    made = ctypes.CDLL(str(output))
                    if made.trial(ctypes.byref(ctypes.c_int(1))) == 2:
                        return "", made.vector_bytes()
                problem = problem or "what it makes gives wrong numbers"
            except (OSError, AttributeError) as error:  # no library, or one for another machine
                problem = f"what it makes cannot be loaded: {error}"
    lines = problem.strip().splitlines()
    said = next((line for line in lines if "error" in line), lines[-1] if lines else "it fails")
    return said, 0


# ---------------------------------------------------------------- running it


def run_compiler(
    text: str,
    output: Path,
    options: Sequence[str],
    command: Sequence[str] = (),
    timeout: float | None = None,
) -> str:
    """Compile text into the library `output`; what went wrong, or ""."""
    source = output.with_suffix(".c")
    source.write_text(text, encoding="utf-8")
    words = [*(command or compiler()), *options, "-o", str(output), str(source), "-lm"]
    try:
        done = start(words, timeout, {"TMPDIR": str(output.parent)})
    except OSError as error:
        return f"{words[0]} cannot be started: {error.strerror}"
    except subprocess.TimeoutExpired:
        return f"{SILENT} within {timeout:g} seconds"
    if done.returncode:
        return (done.stderr or done.stdout)[-4000:] or f"exit status {done.returncode}"
    return "" if output.is_file() else "it says that all went well, but there is no file"


def start(
    words: Sequence[str], timeout: float | None = None, settings: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command without input; what it says is read whatever bytes it is made of."""
    return subprocess.run(
        words, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout, text=True,
        encoding="utf-8", errors="replace", env=os.environ | (settings or {}),
    )  # fmt: skip


def workplaces() -> Iterator[Path]:
    """Where a compiler may write: the temporary folder, then the cache if the first will not do."""
    try:
        yield files.private_folder()
    except OSError:
        pass
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if os.access(folder, os.W_OK):
        files.sweep(folder)
        yield folder


def workshop(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder for one run of a compiler, removed afterwards."""
    return tempfile.TemporaryDirectory(dir=folder, suffix=files.PART, ignore_cleanup_errors=True)


# ---------------------------------------------------------------- remembering it


def cache_folder() -> Path:
    """Where compiled kernels are kept."""
    return files.cache_folder("kernels")


def record_of(candidates: list[tuple[str, ...]]) -> Path | None:
    """The file in which the choice among these is remembered: named after all it depends on."""
    programs = [found for command in candidates for word in command for found in stamp(word)]
    heard = {name: os.environ.get(name) for name in HEARD}
    facts = [files.sum_of(TRIAL.encode()).decode(), FLAGS, NATIVE, machine(), candidates]
    text = json.dumps([facts, programs, heard])
    try:
        name = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]
        return files.cache_folder("compilers") / f"{name}.json"
    except files.FolderError:
        return None


def stamp(word: str) -> list[tuple[str, int, int]]:
    """Which program a word of a command names: its file, when that was changed, its size."""
    path = None if word.startswith("-") else shutil.which(word)
    if word == "ziglang" and (spec := importlib.util.find_spec(word)):
        path = spec.origin
    if not path:
        return []
    file = os.path.realpath(path)
    return [(file, (about := os.stat(file)).st_mtime_ns, about.st_size)]


def remembered(record: Path | None) -> Compiler | None:
    """What `remember` wrote, or None."""
    data = files.intact(record) if record else None
    if data is None:
        return None
    fields: dict[str, Any] = json.loads(data)
    command, flags = tuple(fields["command"]), tuple(fields["flags"])
    return Compiler(command, fields["version"], flags, fields["vector"])


def remember(record: Path | None, found: Compiler) -> None:
    """Write down what the compiler answered, where that can be."""
    if record and (home := files.nearest(record.parent)).is_dir() and os.access(home, os.W_OK):
        files.keep(record, json.dumps(asdict(found)).encode())


def identity() -> str:
    """What, besides its text, decides what a library does: compiler, options, machine."""
    found = find()
    return "\n".join([*found.command, found.version, *found.flags, machine()])


@functools.cache
def machine() -> str:
    """The processor and its features, since -march=native depends on them; and the C library."""
    wanted = ("flags", "Features", "CPU implementer", "CPU part", "cpu family")
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = [f"flags {platform.processor()}"]
    found = [next((line for line in lines if line.startswith(word)), "") for word in wanted]
    try:
        library = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):  # another C library than GNU's
        library = ""
    return "\n".join([platform.machine(), library, *found])
