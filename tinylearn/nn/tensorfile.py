"""The safetensors format: bytes -> arrays by name, whatever program wrote them.

    8 bytes: the header's length | header: JSON {name: {dtype, shape, data_offsets}} | numbers

Numbers of kinds that tinylearn lacks come as the next wider kind that holds them exactly: bfloat16
and the floats of 8 bits as float32 or float16. Each complaint names its tensor.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinylearn.errors import TinylearnError
from tinylearn.graph.dtype import ALL
from tinylearn.tensor.data import KNOWN

METADATA = "__metadata__"  # the header's entry that is no tensor


class StateError(TinylearnError, ValueError):
    """A state dict that does not fit, or a file that holds none."""


class Damaged(ValueError):
    """Bytes that are no safetensors file."""


# ---------------------------------------------------------------- kinds of numbers


def bfloat16(bits: np.ndarray) -> np.ndarray:
    """The upper half of a float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def small(exponent: int, bias: int, top: str) -> np.ndarray:
    """The value of each byte: a sign, so many bits of exponent, the rest of fraction.

    top   what the largest patterns mean: "ieee" infinity and NaN, "fn" one NaN and no infinity,
          "fnuz" neither (minus zero is NaN)
    """
    width = 7 - exponent
    table = np.empty(256, np.float32)
    for bits in range(256):
        power, part = bits >> width & (1 << exponent) - 1, bits & (1 << width) - 1
        size = math.ldexp(part + (power > 0) * (1 << width), max(power, 1) - bias - width)
        if top == "ieee" and power == (1 << exponent) - 1:
            size = math.nan if part else math.inf
        if (top == "fn" and bits & 0x7F == 0x7F) or (top == "fnuz" and bits == 0x80):
            size = math.nan
        table[bits] = -size if bits & 0x80 else size
    return table


def by_table(*form: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Numbers of 8 bits, looked up."""
    return lambda bits: small(*form)[bits]


def powers(bits: np.ndarray) -> np.ndarray:
    """Powers of two, of which only the exponent is kept."""
    values = [math.ldexp(1, k - 127) for k in range(255)]
    return np.array([*values, math.nan], np.float32)[bits]


def same(bits: np.ndarray) -> np.ndarray:
    """Numbers that NumPy knows."""
    return bits


# Name in the file -> how its numbers lie there, and what makes numbers of them.
KINDS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "BOOL": ("u1", lambda bits: bits != 0),
    "U8": ("u1", same), "I8": ("i1", same), "U16": ("<u2", same), "I16": ("<i2", same),
    "U32": ("<u4", same), "I32": ("<i4", same), "I64": ("<i8", same),
    "F16": ("<f2", same), "F32": ("<f4", same), "F64": ("<f8", same),
    "BF16": ("<u2", bfloat16),
    "F8_E4M3": ("u1", by_table(4, 7, "fn")), "F8_E5M2": ("u1", by_table(5, 15, "ieee")),
    "F8_E4M3FNUZ": ("u1", by_table(4, 8, "fnuz")), "F8_E5M2FNUZ": ("u1", by_table(5, 16, "fnuz")),
    "F8_E8M0": ("u1", powers),
}  # fmt: skip
REFUSED = {"U64": "uint64", "C64": "complex64", "F4": "floats of 4 bits",
           "F6_E2M3": "floats of 6 bits", "F6_E3M2": "floats of 6 bits"}  # fmt: skip


# ---------------------------------------------------------------- reading


def parse(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays in a file, as they lie there, and its metadata.

    Raises   Damaged for what no program should write, StateError for numbers of other kinds
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise Damaged(f"it has {len(data):,} bytes, too few for its header")
    header = header_of(data[8 : 8 + length])
    metadata = header.pop(METADATA, None) or {}
    if not isinstance(metadata, dict):
        raise Damaged(f"its {METADATA} is no dict of texts")
    body = data[8 + length :]
    places = {name: place_of(name, entry, len(body)) for name, entry in header.items()}
    without_gaps(places, len(body))
    unknown = [f"{name} is {e['dtype']}" for name, e in header.items() if e["dtype"] not in KINDS]
    if unknown:
        kinds = dict.fromkeys(e["dtype"] for e in header.values())
        words = ", ".join(f"{k} is {REFUSED[k]}" for k in kinds if k in REFUSED)
        says = f"numbers that none of tinylearn's dtypes holds exactly: {'; '.join(unknown)}"
        raise StateError(f"{says}{f' ({words})' if words else ''}; it has {', '.join(ALL)}")
    return {n: array_at(n, header[n], body[a:b]) for n, (a, b) in places.items()}, metadata


def header_of(data: bytes) -> dict[str, Any]:
    """The header as a dict, in which no name occurs twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise Damaged(f"{twice!r} is in its header twice")
        return found

    try:
        header = json.loads(data.decode(), object_pairs_hook=once)
    except Damaged:
        raise
    except (ValueError, RecursionError) as error:
        raise Damaged(f"its header is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise Damaged("its header is no dict")
    return header


def place_of(name: str, entry: Any, size: int) -> tuple[int, int]:
    """Where the numbers of a tensor begin and end."""
    try:
        kind, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise Damaged(f"{name!r} lacks a dtype, a shape or two data_offsets") from None
    numbers = [*shape, start, stop] if isinstance(shape, list) else [None]
    if not isinstance(kind, str) or any(type(n) is not int or n < 0 for n in numbers):
        raise Damaged(f"{name!r} has no sensible dtype, shape or data_offsets")
    if not start <= stop <= size:
        says = f"{name!r} should lie from byte {start:,} to {stop:,}"
        raise Damaged(f"{says}, but {size:,} bytes follow the header")
    if kind in KINDS and stop - start != math.prod(shape) * np.dtype(KINDS[kind][0]).itemsize:
        says = f"{name!r} of shape {tuple(shape)} and dtype {kind}"
        raise Damaged(f"{says} does not fill {stop - start:,} bytes")
    return start, stop


def without_gaps(places: dict[str, tuple[int, int]], size: int) -> None:
    """Raise Damaged where two tensors overlap, or bytes belong to none."""
    end, before = 0, "the header"
    for name, (start, stop) in sorted(places.items(), key=lambda item: item[1]):
        if start != end:
            what = "overlaps" if start < end else "leaves a hole behind"
            raise Damaged(f"{name!r} {what} {before!r}")
        end, before = stop, name
    if end != size:
        raise Damaged(f"{size - end:,} bytes behind {before!r} belong to no tensor")


def array_at(name: str, entry: dict[str, Any], data: bytes) -> np.ndarray:
    """The numbers of one tensor."""
    form, decode = KINDS[entry["dtype"]]
    try:
        return decode(np.frombuffer(data, form).reshape(entry["shape"]))
    except (ValueError, OverflowError) as error:  # more axes or larger ones than NumPy has
        raise Damaged(f"{name!r} cannot have the shape {entry['shape']}: {error}") from error


# ---------------------------------------------------------------- what else it may be

BEGINS = (
    (b"\x93NUMPY", "an array of NumPy (.npy)", "{{'x': Tensor(numpy.load({path}))}}"),
    (b"\x1f\x8b", "a gzip file", "unpacking it first"),
    (b"\x89HDF", "an HDF5 file, as Keras writes them", "h5py.File({path})"),
    (b"GGUF", "a GGUF file, as llama.cpp reads them", ""),
    (b"version https://git-lfs", "only a pointer: Git LFS has not fetched it", "git lfs pull"),
    (b"{", "JSON (an index or a configuration)", "the .safetensors files beside it"),
    (b"<", "a web page or XML (a download of the wrong address)", ""),
)
IN_TORCH = "in PyTorch: safetensors.torch.save_file(torch.load({path}), 'x.safetensors')"


def foreign(data: bytes, path: str) -> str:
    """What file this is, if it is known not to be safetensors, and one repair; else ""."""
    says, repair = "", ""
    if not data:
        says = "an empty file"
    elif data.startswith(b"PK\x03\x04"):
        says, repair = "a zip file", "unpacking it first"
        if b"data.pkl" in data[:4096]:
            says, repair = "a file of torch.save", IN_TORCH
        elif b".npy" in data[:4096]:
            says, repair = "a file of np.savez (.npz)", "dict(numpy.load({path}))"
    elif data[0] == 0x80 and data[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        says, repair = "a pickle", "pickle.load(open({path}, 'rb')), if you trust its author"
        if bytes.fromhex("6cfc9c46f9206aa85019") in data[:64]:  # torch's number, as pickled
            says, repair = "an old file of torch.save", IN_TORCH
    else:
        found = ((s, r) for begins, s, r in BEGINS if data.startswith(begins))
        says, repair = next(found, ("", ""))
    return says + (f"\nTry {repair.format(path=repr(path))}" if repair else "")


def kept(name: Any, array: np.ndarray) -> np.ndarray:
    """The array as it lies in a file: low byte first, C order.

    Raises   StateError for what could not be read back
    """
    if array.dtype.newbyteorder("=") not in KNOWN:
        says = f"{name}: {array.dtype} numbers cannot be saved"
        raise StateError(f"{says}; tinylearn has {', '.join(ALL)}")
    return np.array(array, array.dtype.newbyteorder("<"), order="C", copy=None)
