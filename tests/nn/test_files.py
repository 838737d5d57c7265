"""Files as other programs write them: read exactly, or refused with the name of the tensor."""

import gzip
import io
import json
import math
import pickle
import struct
import zipfile

import numpy as np
import pytest

from tinylearn.nn.state import StateError, safe_load
from tinylearn.tensor import Tensor


def file(path, header, body=b"", length=None, pad=b""):
    """A file with this header, written by hand."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += pad
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + body)
    return path


def entry(dtype, shape, start, stop):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


ONE = {"w": entry("F32", [1], 0, 4)}
THREE = struct.pack("<f", 3.0)

# ---------------------------------------------------------------- kinds of numbers

inf, nan = math.inf, math.nan
KINDS = {
    "BOOL": (b"\0\1\2", [False, True, True], "bool"),
    "U8": (b"\0\xff", [0, 255], "int32"),
    "I8": (b"\x80\x7f", [-128, 127], "int32"),
    "U16": (b"\xff\xff\1\0", [65535, 1], "int32"),
    "I16": (b"\0\x80", [-32768], "int32"),
    "U32": (b"\xff" * 4, [2**32 - 1], "int64"),
    "I32": (b"\xff" * 4, [-1], "int32"),
    "I64": (b"\0" * 7 + b"\x80", [-(2**63)], "int64"),
    "F16": (b"\0\x3c\xff\x7b\1\0", [1.0, 65504.0, 2.0**-24], "float16"),
    "F32": (b"\0\0\x80\x3f\1\0\0\0", [1.0, 2.0**-149], "float32"),
    "F64": (b"\0" * 6 + b"\xf0\x3f", [1.0], "float64"),
    "BF16": (b"\x80\x3f\x00\xc0\x80\x7f\xc0\x7f\1\0", [1, -2, inf, nan, 2.0**-133], "float32"),
    "F8_E4M3": (b"\x38\xb8\x7e\x7f\1\0", [1, -1, 448, nan, 2.0**-9, 0], "float32"),
    "F8_E5M2": (b"\x3c\xbc\x7b\x7c\xff\1", [1, -1, 57344, inf, nan, 2.0**-16], "float32"),
    "F8_E4M3FNUZ": (b"\x40\xc0\x7f\x80\1", [1, -1, 240, nan, 2.0**-10], "float32"),
    "F8_E5M2FNUZ": (b"\x40\xc0\x7f\x80\1", [1, -1, 57344, nan, 2.0**-17], "float32"),
    "F8_E8M0": (b"\x7f\x80\0\xfe\xff", [1, 2, 2.0**-127, 2.0**127, nan], "float32"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_number_is_read_as_one_that_holds_it_exactly(tmp_path, kind):
    data, numbers, dtype = KINDS[kind]
    path = file(tmp_path / "w", {"w": entry(kind, [len(numbers)], 0, len(data))}, data)
    found = safe_load(path)["w"]
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.numpy(), numbers)


@pytest.mark.parametrize("kind, size", [("U64", 8), ("C64", 8), ("F4", 1), ("NEW_9", 3)])
def test_a_kind_that_none_holds_is_refused_with_its_tensor_and_not_called_damage(
    tmp_path, kind, size
):
    header = {"good": entry("F32", [1], 0, 4), "culprit": entry(kind, [1], 4, 4 + size)}
    with pytest.raises(StateError, match=rf"culprit is {kind}") as caught:
        safe_load(file(tmp_path / "w", header, bytes(4 + size)))
    assert "damaged" not in str(caught.value) and "good is" not in str(caught.value)
    assert "nothing was loaded" in str(caught.value)


# ---------------------------------------------------------------- headers

FINE = {
    "metadata null": ({"__metadata__": None, **ONE}, THREE, b""),
    "metadata empty": ({"__metadata__": {}, **ONE}, THREE, b""),
    "metadata of numbers": ({"__metadata__": {"epoch": 3, "deep": {"a": []}}, **ONE}, THREE, b""),
    "metadata last": ({**ONE, "__metadata__": {"format": "pt"}}, THREE, b""),
    "spaces behind the header": (ONE, THREE, b" " * 37),
    "not aligned": (
        {"a": entry("U8", [1], 0, 1), "w": entry("F32", [1], 1, 5)},
        b"\7" + THREE,
        b"",
    ),
    "any order": (
        {"w": entry("F32", [1], 2, 6), "a": entry("I8", [2], 0, 2)},
        b"\1\2" + THREE,
        b"",
    ),
    "nothing in it": ({"w": entry("F32", [1], 0, 4), "e": entry("F64", [0, 9], 4, 4)}, THREE, b""),
    "nothing first": ({"e": entry("F64", [0], 0, 0), **ONE}, THREE, b""),
    "no axes": ({"w": entry("F32", [], 0, 4)}, THREE, b""),
    "odd names": (
        {"": entry("U8", [0], 0, 0), 'é\n"/ 日': entry("U8", [0], 0, 0), **ONE},
        THREE,
        b"",
    ),
}


@pytest.mark.parametrize("form", FINE)
def test_a_sound_file_is_read_whatever_its_form(tmp_path, form):
    header, body, pad = FINE[form]
    found = safe_load(file(tmp_path / "w", header, body, pad=pad))
    assert found["w"].numpy().ravel().tolist() == [3.0]
    assert found.keys() == header.keys() - {"__metadata__"}
    for name, tensor in found.items():
        assert tensor.shape == tuple(header[name]["shape"])


BROKEN = {
    "two of a name": (
        b'{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},'
        b'"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        "'w' is in its header twice",
    ),
    "metadata a list": ({"__metadata__": [1], **ONE}, "__metadata__ is no dict"),
    "a hole": (
        {"a": entry("U8", [1], 0, 1), "w": entry("U8", [2], 2, 4)},
        "'w' leaves a hole behind 'a'",
    ),
    "overlapping": ({"a": entry("U8", [3], 0, 3), "w": entry("U8", [2], 2, 4)}, "'w' overlaps 'a'"),
    "the same bytes": (
        {"a": entry("F32", [1], 0, 4), "w": entry("F32", [1], 0, 4)},
        "'w' overlaps 'a'",
    ),
    "behind the end": ({"w": entry("F32", [2], 0, 8)}, "'w' should lie from byte 0 to 8, but 4"),
    "backwards": ({"w": entry("F32", [1], 4, 0)}, "'w' should lie"),
    "too much": ({"w": entry("F32", [0], 0, 0)}, "4 bytes behind 'w' belong to no tensor"),
    "another size": (
        {"w": entry("F32", [2], 0, 4)},
        r"'w' of shape \(2,\) and dtype F32 does not fill 4",
    ),
    "negative": ({"w": entry("F32", [-1, -1], 0, 4)}, "'w' has no sensible"),
    "a bool": ({"w": entry("F32", [True], 0, 4)}, "'w' has no sensible"),
    "fractions": ({"w": entry("F32", [1.0], 0, 4)}, "'w' has no sensible"),
    "no shape": ({"w": {"dtype": "F32", "data_offsets": [0, 4]}}, "'w' lacks"),
    "three offsets": (
        {"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2, 4]}},
        "'w' lacks",
    ),
    "a dtype of numbers": ({"w": entry(7, [1], 0, 4)}, "'w' has no sensible"),
    "a number": ({"w": 3}, "'w' lacks"),
    "a list": (b"[1]", "its header is no dict"),
    "no JSON": (b"{w: 1}", "its header is no JSON"),
    "no text": (b'{"\xff": 1}', "its header is no JSON"),
    "deep": (b"[" * 100_000, "its header is no JSON"),
    "zeros": (b"\0" * 50, "its header is no JSON"),
    "axes without end": ({"a": entry("F32", [1] * 70, 0, 4)}, "'a' cannot have the shape"),
    "empty and immense": ({"e": entry("F32", [2**62, 2**62, 0], 0, 0), **ONE}, "'e' cannot have"),
}


@pytest.mark.parametrize("form", BROKEN)
def test_a_broken_file_is_refused_and_the_tensor_named(tmp_path, form):
    header, says = BROKEN[form]
    with pytest.raises(StateError, match=f"w.st is damaged or no safetensors file .*{says}"):
        safe_load(file(tmp_path / "w.st", header, THREE))


@pytest.mark.parametrize("length", [5, 10**6, 2**40, 2**64 - 1])
def test_a_header_of_another_length_is_refused(tmp_path, length):
    with pytest.raises(StateError, match="nothing was loaded"):
        safe_load(file(tmp_path / "w", ONE, THREE, length=length))


def zipped(name):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "x")
    return out.getvalue()


def written(save, *arrays):
    out = io.BytesIO()
    save(out, *arrays)
    return out.getvalue()


OLD_TORCH = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
FOREIGN = [
    (b"", "an empty file"),
    (written(np.save, np.ones(3)), "an array of NumPy (.npy)\nTry {'x': Tensor(numpy.load("),
    (written(np.savez, np.ones(3)), "a file of np.savez (.npz)\nTry dict(numpy.load("),
    (written(np.savez_compressed, np.ones(3)), "a file of np.savez (.npz)"),
    (pickle.dumps({"w": [1.0]}), "a pickle"),
    (pickle.dumps({"w": [1.0]}, 2), "a pickle"),
    (
        zipped("model/data.pkl"),
        "a file of torch.save\nTry in PyTorch: safetensors.torch.save_file(",
    ),
    (OLD_TORCH, "an old file of torch.save"),
    (zipped("weights.txt"), "a zip file"),
    (gzip.compress(b"x"), "a gzip file"),
    (b"\x89HDF\r\n\x1a\n" + bytes(50), "an HDF5 file"),
    (b"GGUF" + bytes(50), "a GGUF file"),
    (b"version https://git-lfs.github.com/spec/v1\noid", "only a pointer: Git LFS"),
    (b'{"metadata": {}, "weight_map": {}}', "JSON"),
    (b"<!DOCTYPE html><html></html>", "a web page"),
]


@pytest.mark.parametrize("data, says", FOREIGN, ids=[says for _, says in FOREIGN])
def test_another_kind_of_file_is_named_for_what_it_is(tmp_path, data, says):
    path = tmp_path / "weights"
    path.write_bytes(data)
    what, _, repair = says.partition("\n")
    with pytest.raises(StateError) as caught:
        safe_load(path)
    line, _, then = str(caught.value).partition("\n")
    assert line.startswith(f"{path} is damaged or no safetensors file: it is {what}")
    assert line.endswith("nothing was loaded") and then.startswith(repair)


def test_the_repair_for_files_of_numpy_repairs(tmp_path):
    for save, name in ((np.savez, "a.npz"), (np.save, "a.npy")):
        path = tmp_path / name
        path.write_bytes(written(save, np.ones(3)))
        with pytest.raises(StateError) as caught:
            safe_load(path)
        repair = str(caught.value).partition("\nTry ")[2]
        (found,) = eval(repair, {"numpy": np, "Tensor": Tensor}).values()
        assert found.tolist() == [1, 1, 1]
