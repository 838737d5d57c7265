"""A model's numbers by name: collect them, put them back, keep them in a file.

    safe_save(get_state_dict(model), "model.safetensors")
    load_state_dict(model, safe_load("model.safetensors"))

Nothing is ever half done: a state dict is checked in full before a model changes, and a file is
written under another name and then renamed.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from tinylearn.devices.device import Device
from tinylearn.devices.files import write_whole
from tinylearn.errors import nearest
from tinylearn.graph.dtype import dtype as dtype_of
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer
from tinylearn.nn.tensorfile import METADATA, Damaged, StateError, foreign, kept, parse
from tinylearn.nn.walk import get_parameters, get_state_dict, named_tensors
from tinylearn.tensor import Tensor
from tinylearn.tensor.data import KNOWN, short
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
    missing = [
        k for k, t in get_state_dict(model).items() if id(t) not in loaded and not _counter(k)
    ]
    unexpected = [k for k in given if k not in names]
    problems = []
    if strict:
        problems += [f"missing: {k}{nearest(k, unexpected)}" for k in missing]
        problems += [f"unexpected: {k}{_hint(k, given[k], missing or names)}" for k in unexpected]
    arrays: dict[str, np.ndarray] = {}
    for key in (k for k in given if k in names):
        try:
            arrays[key] = named_array(key, given[key])
            problems += [f"{key}: {p}" for p in _misfit(names[key], arrays[key])]
        except StateError as error:
            problems.append(str(error))
    if problems:
        raise StateError("\n    ".join(["the state does not fit the model:", *problems]))
    own([names[key] for key in arrays], [numbers_for(names[k], a) for k, a in arrays.items()])
    return Loaded(missing, unexpected)


def numbers_for(tensor: Tensor, array: np.ndarray) -> Node:
    """A leaf of other numbers for a Tensor; graphs that were built before keep the old ones."""
    data = Device.known[tensor.device].upload(array.astype(tensor.dtype.numpy, copy=False))
    return buffer(data)


def cast_to(tensors: Iterable[Tensor], wanted: Any) -> None:
    """Give leaves of floats numbers of another float dtype; their gradients are forgotten.

    Raises   TypeError for a dtype that is no float
    """
    kind = dtype_of(wanted)
    if not kind.is_float:
        raise TypeError(f"a model computes with floats, not {kind}\nTry 'float32'")
    changing = [t for t in tensors if t.dtype.is_float and t.dtype is not kind]
    leaves = []
    for t in changing:
        array = t.numpy().astype(kind.numpy)
        leaves.append(buffer(Device.known[t.device].upload(array)))
    own(changing, leaves, *((t, "_grad", None) for t in changing))


def _counter(key: Any) -> bool:
    """Batch norm counts its batches. As in PyTorch a state may lack that: old ones do."""
    return str(key).rpartition(".")[2] == "num_batches_tracked"


def _hint(key: Any, value: Any, known: Iterable[str]) -> str:
    """What an unexpected entry of a state may be: a state itself, or a name misspelled."""
    if isinstance(value, Mapping):
        return f" (it is itself a dict: load_state_dict(model, state[{key!r}]))"
    return nearest(str(key), known)


def _misfit(tensor: Tensor, array: np.ndarray) -> list[str]:
    """Why `array` cannot become the tensor's numbers: at most one reason."""
    if array.shape != tensor.shape:
        return [f"the model has shape {tensor.shape}, the state {array.shape}"]
    kind = KNOWN.get(array.dtype.newbyteorder("="))
    if kind is None:
        return [f"there is no dtype {array.dtype}; the model has {tensor.dtype}"]
    if kind.kind > tensor.dtype.kind:
        return [f"{array.dtype} numbers do not fit into {tensor.dtype}"]
    if kind.kind == 1 == tensor.dtype.kind and array.size:
        ends = np.iinfo(tensor.dtype.numpy)
        for number in (int(array.min()), int(array.max())):
            if not ends.min <= number <= ends.max:
                return [f"{number} does not fit into {tensor.dtype}"]
    return []


def named_array(name: Any, numbers: Any) -> np.ndarray:
    """The numbers of a Tensor or an array-like; a StateError that names them if there are none."""
    if isinstance(numbers, Tensor):
        return as_array(numbers)
    if isinstance(numbers, np.ma.MaskedArray):
        raise StateError(f"{name}: a masked array would lose its mask; give its .filled(0)")
    try:
        return as_array(numbers)
    except Exception as error:  # whatever __array__ of another program raises
        raise StateError(f"{name}: no array can be made of {short(numbers)}: {error}") from error


def as_array(numbers: Any) -> np.ndarray:
    """The numbers of a Tensor or an array-like, contiguous."""
    array = numbers.numpy() if isinstance(numbers, Tensor) else np.asarray(numbers)
    return np.array(array, order="C", copy=None)


# ---------------------------------------------------------------- files


def safe_save(
    state: Mapping[str, Tensor | np.ndarray],
    path: str | os.PathLike[str] | BinaryIO,
    **metadata: str,
) -> None:
    """Write a state dict to a safetensors file, all of it or nothing.

    state      {name: Tensor or array}; a model's comes from get_state_dict
    path       or a file that was opened with "wb"
    metadata   texts to keep beside the numbers
    Raises     StateError that names what cannot be saved, OSError; a file is then as it was
    The format is the one of the `safetensors` package: other frameworks read it.
    """
    from safetensors.numpy import save

    if not isinstance(state, Mapping):
        got = type(state).__name__
        says = f"safe_save needs a dict of Tensors, got {got}: use get_state_dict(model)"
        swapped = "\nTry safe_save(state, path)" if isinstance(path, Mapping) else ""
        raise TypeError(says + swapped)
    arrays = {checked_name(name): savable(name, numbers) for name, numbers in state.items()}
    texts = {key: checked_text(key, text) for key, text in metadata.items()}
    data = save(arrays, metadata={**texts, CHECKSUM: str(checksum(arrays))})
    if isinstance(path, str | bytes | os.PathLike):
        write_whole(Path(os.fsdecode(path)), data)
        return
    try:
        left = memoryview(data)
        while left:
            left = left[path.write(left) :]
    except (AttributeError, TypeError) as error:
        raise TypeError(f"{called(path)} cannot take bytes\nTry open(path, 'wb')") from error


def checked_name(name: Any) -> str:
    """The name of a tensor in a file."""
    if not isinstance(name, str):
        says = f"a tensor's name is a text, not {name!r} ({type(name).__name__})"
        raise StateError(f"{says}\nTry {{str(k): v for k, v in state.items()}}")
    if name == METADATA:
        raise StateError(f"{name!r} cannot be a tensor's name: the file keeps its texts there")
    return encodable(str(name))


def encodable(text: str) -> str:
    """The text, if it can be written to a file."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StateError(f"{text!r} cannot be written: it has half a character") from None
    return text


def checked_text(key: str, text: Any) -> str:
    """One of the texts beside the numbers."""
    if isinstance(text, str):
        return encodable(key) and encodable(text)
    repair = f"**{key}" if isinstance(text, Mapping) else f"{key}=str({key})"
    says = f"beside the numbers stand texts, and {key} is {type(text).__name__}"
    raise StateError(f"{says}\nTry safe_save(state, path, {repair})")


def savable(name: Any, numbers: Any) -> np.ndarray:
    """Numbers as they lie in a file; a StateError that names them if they cannot."""
    if isinstance(numbers, Mapping):
        says = f"{name!r} is itself a {type(numbers).__name__}: the names of a state are flat"
        raise StateError(f"{says}\nTry safe_save(get_state_dict(state), path)")
    return kept(name, named_array(name, numbers))


def safe_load(path: str | os.PathLike[str] | BinaryIO) -> dict[str, Tensor]:
    """The state dict in a safetensors file, whatever program wrote it.

    path     or a file that was opened with "rb"
    dtypes   those that tinylearn lacks become the next wider one: bfloat16 and the floats of 8
             bits float32, int8, uint8 and the like int32 or int64
    Raises   StateError if the file is damaged, cut short, something else, or has numbers that no
             dtype holds (uint64, complex); FileNotFoundError if there is none
    """
    data = content(path)
    name = called(path)
    try:
        arrays, metadata = parse(data)
    except Damaged as error:
        known, _, repair = foreign(data, name).partition("\n")
        why = f": it is {known}" if known else f" ({error})"
        says = f"{name} is damaged or no safetensors file{why}; nothing was loaded\n{repair}"
        raise StateError(says.rstrip()) from error
    except StateError as error:
        raise StateError(f"{name} has {error}; nothing was loaded") from None
    wanted = metadata.get(CHECKSUM)
    if wanted is not None and wanted != str(checksum(arrays)):
        raise StateError(f"{name} is damaged: its checksum does not match; nothing was loaded")
    return {name: Tensor(array) for name, array in arrays.items()}


def content(path: Any) -> bytes:
    """All bytes of a file, which is named or open."""
    if hasattr(path, "read"):
        data = path.read()
        if isinstance(data, str):
            raise TypeError(f"{called(path)} gives text and not bytes\nTry open(path, 'rb')")
        return bytes(data)
    file = Path(os.fsdecode(path))
    if file.is_dir():
        inside = sorted(file.glob("*.safetensors"))
        repair = f"\nTry safe_load({str(inside[0])!r})" if inside else ""
        raise IsADirectoryError(f"{str(file)!r} is a folder and no file{repair}")
    return file.read_bytes()


def called(path: Any) -> str:
    """What a file is called in an error."""
    if isinstance(path, str | bytes | os.PathLike):
        return os.fsdecode(path)
    return str(getattr(path, "name", f"the {type(path).__name__}"))


def checksum(arrays: Mapping[str, np.ndarray]) -> int:
    """A number that changes when a name, a shape, a dtype or a bit of the data does.

    The arrays are as they lie in a file: low byte first.
    """
    total = 0
    for name in sorted(arrays):
        array = arrays[name]
        total = zlib.crc32(f"{name} {array.dtype.str} {array.shape}".encode(), total)
        total = zlib.crc32(np.ascontiguousarray(array).tobytes(), total)
    return total
