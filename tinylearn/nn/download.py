"""Gets MNIST from the internet once: several mirrors, checked bytes, a cache folder.

    files -> fetch() (cached and right? else download, check, rename into place) -> read_idx()

A file appears in the cache under its own name only when it is complete and its SHA-256 is right,
so a lost connection or two processes at once cannot leave a half file behind.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tinylearn.devices import files as disk
from tinylearn.errors import TinylearnError
from tinylearn.nn.progress import Progress

SLOWEST = 20_000  # bytes per second: a mirror that is slower on average is given up
BLOCK = 1 << 16


class DownloadError(TinylearnError, OSError):
    """A file that could not be fetched from any mirror, with the reason for each."""


class DataError(TinylearnError, ValueError):
    """A data file that does not hold what it should."""


@dataclass(frozen=True)
class Remote:
    """A file that mirrors offer: its name, its size in bytes, its SHA-256."""

    name: str
    size: int
    sha256: str


MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)
MNIST_FILES = {
    "x_train": Remote(
        "train-images-idx3-ubyte.gz",
        9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    "y_train": Remote(
        "train-labels-idx1-ubyte.gz",
        28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    "x_test": Remote(
        "t10k-images-idx3-ubyte.gz",
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    "y_test": Remote(
        "t10k-labels-idx1-ubyte.gz",
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
}


# ---- the cache


def cache_folder(name: str = "") -> Path:
    """Where downloads are kept: TINYLEARN_CACHE, or the platform's folder for caches."""
    try:
        return disk.cache_folder(name)
    except disk.FolderError as error:
        raise DownloadError(str(error)) from error


@contextmanager
def written_to(folder: Path, what: str = "written to") -> Iterator[None]:
    """What the disk refuses is no mirror's fault: DownloadError with the folder and a repair."""
    try:
        yield
    except OSError as error:
        says = f"the cache folder {folder} cannot be {what}: {error.strerror or error}"
        raise DownloadError(f"{says}\nTry setting TINYLEARN_CACHE to another folder.") from error


def is_right(path: Path, file: Remote) -> bool:
    """True if `path` holds exactly the bytes of `file`."""
    try:
        if path.stat().st_size != file.size:
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
    except OSError:
        return False


# ---- the download


def fetch(
    files: Sequence[Remote], mirrors: str | Sequence[str], folder: Path, timeout: float = 10.0
) -> list[Path]:
    """The paths of `files` in `folder`; those that are missing or damaged are downloaded.

    mirrors   address or addresses of folders that hold the files, tried in turn
    timeout   seconds without an answer or a byte before a mirror is given up; a file may take
              as much longer as 20 kB a second need
    Raises    DownloadError with what each mirror said; files that are right are kept
    """
    paths = [folder / file.name for file in files]
    missing = [pair for pair in zip(files, paths) if not is_right(pair[1], pair[0])]
    if not missing:
        return paths
    with written_to(folder, "made"):
        folder.mkdir(parents=True, exist_ok=True)
    disk.sweep(folder)
    damaged = any(path.exists() for _, path in missing)
    label = "a file in the cache is damaged: downloading" if damaged else "downloading"
    megabytes = sum(file.size for file, _ in missing) / 1e6
    bar: Progress[object] = Progress(total=megabytes, label=f"{label} to {folder}", unit="MB")
    first = [mirrors] if isinstance(mirrors, str) else list(mirrors)
    with bar:
        for file, path in missing:
            good = _fetch_one(file, path, first, timeout, bar)
            first.sort(key=lambda mirror: mirror != good)  # do not wait for a dead one again
    return paths


def _fetch_one(
    file: Remote, path: Path, mirrors: Sequence[str], timeout: float, bar: Progress[object]
) -> str:
    """Downloads one file; returns the mirror that gave the right bytes."""
    reasons = []
    for mirror in mirrors:
        url = f"{mirror.rstrip('/')}/{file.name}"
        before = bar.done
        try:
            _download(file, url, path, timeout, bar)
            return mirror
        except DownloadError:
            raise
        except (OSError, ValueError) as error:  # ValueError: wrong bytes, or not an address
            bar.done = before
            reasons.append(f"    {url}: {reason(error, timeout)}")
    raise DownloadError(
        f"{file.name} could not be downloaded\n" + "\n".join(reasons) + "\n"
        f"Try again later, or put the file into {path.parent} yourself."
    )


def _download(file: Remote, url: str, path: Path, timeout: float, bar: Progress[object]) -> None:
    """Downloads into a file of our own, checks it, and only then gives it its name."""
    part = path.with_name(f"{path.name}.{os.urandom(8).hex()}{disk.PART}")
    try:
        with written_to(path.parent):
            out = part.open("xb")
        with out:
            _receive(file, url, out, timeout, bar)
        with written_to(path.parent):
            try:
                part.replace(path)  # in one step: nobody ever sees half of it
            except PermissionError:  # on Windows, while another process reads its own copy
                if not is_right(path, file):
                    raise
    finally:
        part.unlink(missing_ok=True)


def _receive(file: Remote, url: str, out: BinaryIO, timeout: float, bar: Progress[object]) -> None:
    """Copies the bytes at `url` to `out`; raises if they are too slow, too many or wrong."""
    digest, received = hashlib.sha256(), 0
    deadline = time.monotonic() + timeout + file.size / SLOWEST
    for block in _blocks(url, timeout):
        received += len(block)
        digest.update(block)
        with written_to(Path(out.name).parent):
            out.write(block)
        bar.advance(len(block) / 1e6)
        if received > file.size:
            raise DataError(f"it is longer than the {file.size:,} bytes expected")
        if time.monotonic() > deadline:
            raise DataError(f"too slow: {received:,} of {file.size:,} bytes so far")
    if received < file.size:
        raise DataError(f"it ended after {received:,} of {file.size:,} bytes")
    if digest.hexdigest() != file.sha256:
        raise DataError(f"its checksum is wrong: sha256 {digest.hexdigest()[:16]}...")


def _blocks(url: str, timeout: float) -> Iterator[bytes]:
    """The bytes at `url` as they arrive, in pieces of at most BLOCK."""
    from http.client import HTTPException, IncompleteRead  # with urllib and ssl 30 ms,
    from urllib.request import Request, urlopen  # which only a download should cost

    try:
        with urlopen(Request(url, headers={"User-Agent": "tinylearn"}), timeout=timeout) as answer:
            while block := answer.read1(BLOCK):  # read() would wait for all of it
                yield block
    except IncompleteRead as error:  # newer Pythons tell; the size is checked in any case
        yield error.partial
    except HTTPException as error:
        raise DataError(f"no sensible answer: {error!r}") from error


def reason(error: BaseException, timeout: float) -> str:
    """Why a download failed, in a few words."""
    inner = getattr(error, "reason", None)  # urllib wraps what really happened
    if isinstance(inner, BaseException):
        error = inner
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} s"
    return str(error) or type(error).__name__


# ---- the format of MNIST's files

IDX_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """The array in an IDX file, gzipped or not: (rows, 28, 28) or (rows,) uint8 for MNIST.

    Format   two zero bytes, a dtype code, the number of axes, each axis as 4 bytes, the values;
             numbers have their high byte first
    Raises   DataError if the file is cut off or is something else
    """
    content = Path(path).read_bytes()
    if b"\0\0" not in (content[:2], content[2:4]):  # in gzip's wrapping
        content = unzipped(content, path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in IDX_DTYPES:
        raise DataError(f"{path} is no IDX file: it {begins(content)}")
    dtype, axes = np.dtype(IDX_DTYPES[content[2]]), content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise DataError(f"{path} is cut off inside its header of {start} bytes")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", axes, offset=4))
    expected = math.prod(shape) * dtype.itemsize
    if len(content) - start != expected:
        raise DataError(
            f"{path} does not hold what its header says: {shape} is {expected:,} bytes, "
            f"but {len(content) - start:,} follow"
        )
    try:
        values = np.frombuffer(content, dtype, offset=start).reshape(shape)
    except ValueError as error:  # more axes than NumPy has, or sizes beyond all memory
        raise DataError(f"{path} cannot be an array of shape {shape}: {error}") from error
    return values.astype(dtype.newbyteorder("="))


def unzipped(data: bytes, path: str | os.PathLike[str]) -> bytes:
    """What is in a gzip file: one member, or several one after the other, and zeros at the end.

    Raises   DataError if it is no gzip file, or damaged, or cut off, or something else follows
    """
    pieces: list[bytes] = []
    rest = data
    while rest.lstrip(b"\0") or not pieces:
        if pieces and rest[:2] != b"\x1f\x8b":
            says = f"{path} goes on after its end: {len(rest):,} bytes that are no gzip stream"
            raise DataError(f"{says} (the file is damaged, or several are in one)")
        unzip = zlib.decompressobj(wbits=31)  # 31: in gzip's wrapping
        try:
            pieces.append(unzip.decompress(rest))
        except zlib.error as error:
            raise DataError(f"{path} is no gzip file or is damaged: {error}") from error
        if not unzip.eof:
            raise DataError(f"{path} is cut off: the gzip stream has no end")
        rest = unzip.unused_data
    return b"".join(pieces)


def begins(content: bytes) -> str:
    """How a file begins that should be an IDX file, in words."""
    if len(content) >= 4 and content[2:4] == b"\0\0" and content[1] in IDX_DTYPES:
        return "has its low byte first, and IDX files have the high byte first"
    if len(content) >= 4 and content[:2] == b"\0\0":
        return f"begins with {content[:4].hex(' ')}, and there is no element type {content[2]:#04x}"
    return f"begins with {content[:4].hex(' ') or 'nothing'}"
