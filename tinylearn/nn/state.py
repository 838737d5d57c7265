"""A model's numbers by name: collect them, put them back, keep them in a file.

    safe_save(get_state_dict(model), "model.safetensors")
    load_state_dict(model, safe_load("model.safetensors"))

Nothing is ever half done: a state dict is checked in full before a model changes, and a file is
written under another name and then renamed.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinylearn.devices.device import Device
from tinylearn.errors import TinylearnError, nearest
from tinylearn.graph.dtype import ALL
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer
from tinylearn.nn.walk import get_parameters, get_state_dict, named_tensors
from tinylearn.tensor import Tensor
from tinylearn.tensor.state import own

__all__ = [
    "StateError",
    "get_parameters",
    "get_state_dict",
    "load_state_dict",
    "safe_load",
    "safe_save",
]

CHECKSUM = "tinylearn.crc32"  # the key in the file's metadata


class StateError(TinylearnError, ValueError):
    """A state dict that does not fit, or a file that holds none."""


class Loaded(NamedTuple):
    """What load_state_dict left alone: with strict=True both lists are empty."""

    missing_keys: list[str]
    unexpected_keys: list[str]


# ---------------------------------------------------------------- into a model


def load_state_dict(
    model: Any, state: Mapping[str, Tensor | np.ndarray], strict: bool = True
) -> Loaded:
    """Give the Tensors inside `model` the numbers of `state`, by name.

    state    names as get_state_dict gives them; Tensors or arrays of equal shapes
    strict   False lets keys be missing from `state` or unknown to the model
    Raises   StateError that names every key that does not fit; the model is then unchanged
    """
    if not isinstance(state, Mapping):
        text = repr(os.fspath(state)) if isinstance(state, str | os.PathLike) else "path"
        says = f"a state is a dict of Tensors, not {type(state).__name__}"
        raise TypeError(f"{says}\nTry model.load_state_dict(nn.state.safe_load({text}))")
    names = dict(named_tensors(model))  # a tied weight may come under any of its names
    given = {k: v for k, v in state.items() if k in names or not _counter(k)}
    loaded = {id(names[k]) for k in given if k in names}
    missing = [k for k, t in get_state_dict(model).items() if id(t) not in loaded]
    unexpected = [k for k in given if k not in names]
    problems = []
    if strict:
        problems += [f"missing: {k}{nearest(k, unexpected)}" for k in missing]
        problems += [f"unexpected: {k}{nearest(k, missing or names)}" for k in unexpected]
    arrays: dict[str, np.ndarray] = {}
    for key in (k for k in given if k in names):
        arrays[key] = as_array(given[key])
        problems += [f"{key}: {p}" for p in _misfit(names[key], arrays[key])]
    if problems:
        raise StateError("\n    ".join(["the state does not fit the model:", *problems]))
    own([names[key] for key in arrays], [numbers_for(names[k], a) for k, a in arrays.items()])
    return Loaded(missing, unexpected)


def numbers_for(tensor: Tensor, array: np.ndarray) -> Node:
    """A leaf of other numbers for a Tensor; graphs that were built before keep the old ones."""
    data = Device.known[tensor.device].upload(array.astype(tensor.dtype.numpy, copy=False))
    return buffer(data)


def _counter(key: str) -> bool:
    """PyTorch's batchnorm counts its batches; nothing here needs to know."""
    return key.rpartition(".")[2] == "num_batches_tracked"


def _misfit(tensor: Tensor, array: np.ndarray) -> list[str]:
    """Why `array` cannot become the tensor's numbers: at most one reason."""
    if array.shape != tensor.shape:
        return [f"the model has shape {tensor.shape}, the state {array.shape}"]
    if array.dtype.name not in ALL:
        return [f"there is no dtype {array.dtype}; the model has {tensor.dtype}"]
    if ALL[array.dtype.name].kind > tensor.dtype.kind:
        return [f"{array.dtype} numbers do not fit into {tensor.dtype}"]
    return []


def as_array(numbers: Any) -> np.ndarray:
    """The numbers of a Tensor or an array-like, contiguous."""
    array = numbers.numpy() if isinstance(numbers, Tensor) else np.asarray(numbers)
    return np.array(array, order="C", copy=None)


# ---------------------------------------------------------------- files


def safe_save(
    state: Mapping[str, Tensor | np.ndarray], path: str | os.PathLike, **metadata: str
) -> None:
    """Write a state dict to a safetensors file, all of it or nothing.

    state      {name: Tensor or array}; a model's comes from get_state_dict
    metadata   texts to keep beside the numbers
    The format is the one of the `safetensors` package: other frameworks read it.
    """
    from safetensors.numpy import save

    if not isinstance(state, Mapping):
        got = type(state).__name__
        raise TypeError(f"safe_save needs a dict of Tensors, got {got}: use get_state_dict(model)")
    arrays = {str(name): as_array(numbers) for name, numbers in state.items()}
    data = save(arrays, metadata={**metadata, CHECKSUM: str(checksum(arrays))})
    write_whole(Path(path), data)


def safe_load(path: str | os.PathLike) -> dict[str, Tensor]:
    """The state dict in a safetensors file.

    Raises   StateError if the file is damaged or cut short, FileNotFoundError if there is none
    """
    from safetensors.numpy import load

    data = Path(path).read_bytes()
    try:
        arrays = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        wanted = header.get("__metadata__", {}).get(CHECKSUM)
    except Exception as error:  # the package raises its own error, KeyError for a dtype, ...
        kind = "dtype" if isinstance(error, KeyError) else type(error).__name__
        says = f"{path} is damaged or no safetensors file ({kind}: {error})"
        raise StateError(f"{says}; nothing was loaded") from error
    if wanted is not None and wanted != str(checksum(arrays)):
        raise StateError(f"{path} is damaged: its checksum does not match; nothing was loaded")
    return {name: Tensor(array) for name, array in arrays.items()}


def checksum(arrays: Mapping[str, np.ndarray]) -> int:
    """A number that changes when a name, a shape, a dtype or a bit of the data does."""
    total = 0
    for name in sorted(arrays):
        array = arrays[name]
        total = zlib.crc32(f"{name} {array.dtype.str} {array.shape}".encode(), total)
        total = zlib.crc32(np.ascontiguousarray(array).tobytes(), total)
    return total


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it holds, at any time, either what it held or all of `data`."""
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"there is no folder {str(path.parent)!r} to write {path.name!r} to"
        )
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
