"""What is saved: both packages read it bit for bit; what cannot be saved or loaded is named."""

import io
import math
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, load_file, save_file

from tinylearn.nn.state import StateError, get_state_dict, load_state_dict, safe_load, safe_save
from tinylearn.tensor import Tensor

inf, nan = math.inf, math.nan

# ---------------------------------------------------------------- what is saved


class Own(np.ndarray):
    """A subclass of somebody."""


STATE = {
    "big end first": np.array([1.5, -2.0], ">f4"),
    "big ints": np.array([1, -(2**40)], ">i8"),
    "big halves": np.array([[1.5]], ">f2"),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "a part": np.arange(20, dtype=np.int32)[3::4],
    "backwards": np.arange(5.0)[::-1],
    "no axes": np.float64(0.1),
    "no axes either": np.array(7),
    "nothing": np.zeros((0, 3), np.float16),
    "own": np.arange(3.0).view(Own),
    "repeated": np.broadcast_to(np.float32(2), (3, 4)),
    "bytes": np.arange(4, dtype=np.uint8),
    "unsigned": np.array([2**32 - 1], ">u4"),
    "yes": np.array([True, False]),
    "nan": np.array([nan, inf, -0.0], np.float32),
    "list": [1.0, 2.0],
    "é\n\"'/\\ 日本 \U0001f600": np.ones(1),
    "": np.ones(2),
    "x" * 5000: np.ones(1),
}


def test_what_is_saved_is_read_by_both_packages_bit_for_bit(tmp_path):
    path = tmp_path / "all"
    state = STATE | {"shared": STATE["fortran"], "learns": Tensor([1.0]), "lazy": Tensor([1.0]) * 3}
    safe_save(state, path)
    ours, theirs = safe_load(path), load_file(path)
    assert ours.keys() == theirs.keys() == state.keys()
    for name, numbers in state.items():
        expected = np.asarray(numbers)
        assert theirs[name].dtype == expected.dtype.newbyteorder("=")
        assert theirs[name].tobytes() == expected.astype(theirs[name].dtype).tobytes()
        assert ours[name].shape == expected.shape
        assert ours[name].numpy().astype(theirs[name].dtype).tobytes() == theirs[name].tobytes()
    save_file(theirs, tmp_path / "theirs", {"format": "np"})
    again = safe_load(tmp_path / "theirs")
    assert all(again[n].numpy().tobytes() == ours[n].numpy().tobytes() for n in ours)


def test_tensors_of_each_device_are_saved(device, tmp_path):
    safe_save({"w": Tensor([1.0, 2.0]), "y": Tensor([1.0]) + 1}, tmp_path / "w")
    found = safe_load(tmp_path / "w")
    assert found["w"].device == device and found["w"].tolist() == [1.0, 2.0]
    assert found["y"].tolist() == [2.0]


UNSAVABLE = {
    "object": (np.array([None]), "object numbers cannot be saved"),
    "none": (None, "object numbers cannot be saved"),
    "text": ("weights", "numbers cannot be saved"),
    "texts": (np.array(["a"]), "numbers cannot be saved"),
    "records": (np.zeros(2, [("a", "f4"), ("b", "i4")]), "numbers cannot be saved"),
    "dates": (np.array(["2020-01-01"], "datetime64[D]"), "numbers cannot be saved"),
    "uint64": (np.ones(1, np.uint64), "uint64 numbers cannot be saved"),
    "complex": (np.ones(1, complex), "complex128 numbers cannot be saved"),
    "masked": (np.ma.masked_array([1.0, 2.0], [0, 1]), "a masked array would lose its mask"),
    "rows": ([[1.0], [1.0, 2.0]], "no array can be made of"),
    "deeper": ({"w": np.ones(1)}, "is itself a dict"),
}


@pytest.mark.parametrize("culprit", UNSAVABLE)
def test_what_cannot_be_saved_is_named_and_the_old_file_kept(tmp_path, culprit):
    value, says = UNSAVABLE[culprit]
    path = tmp_path / "w"
    safe_save({"old": np.ones(1)}, path)
    with pytest.raises(StateError, match=f"{culprit}.*{says}"):
        safe_save({"good": np.ones(1), culprit: value}, path)
    assert list(safe_load(path)) == ["old"] and os.listdir(tmp_path) == ["w"]


def test_a_state_in_a_state_is_saved_as_its_error_says(tmp_path):
    state = {"model": {"w": Tensor([1.0])}, "best": {"w": Tensor([2.0])}}
    with pytest.raises(StateError, match=r"'model' is itself a dict") as caught:
        safe_save(state, tmp_path / "w")
    repair = str(caught.value).partition("\nTry ")[2]
    names = {"safe_save": safe_save, "get_state_dict": get_state_dict, "state": state}
    eval(repair, names | {"path": tmp_path / "w"})
    assert safe_load(tmp_path / "w").keys() == {"model.w", "best.w"}


@pytest.mark.parametrize("name", [1, None, ("a",), b"w", "__metadata__", "\ud800"])
def test_a_name_that_could_not_be_read_back_is_refused(tmp_path, name):
    with pytest.raises(StateError, match=r"name is a text|cannot be a tensor's|cannot be written"):
        safe_save({"1": np.ones(1), name: np.ones(2)}, tmp_path / "w")
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    "more, says",
    [({"epoch": 3}, "Try .*epoch=str"), ({"metadata": {"a": "b"}}, r"Try .*\*\*metadata")],
)
def test_metadata_that_is_no_text_is_refused_by_name(tmp_path, more, says):
    with pytest.raises(StateError, match=f"stand texts, and {next(iter(more))} is .*\n{says}"):
        safe_save({"w": np.ones(1)}, tmp_path / "w", **more)


# ---------------------------------------------------------------- where


def test_open_files_and_paths_of_every_kind_will_do(tmp_path):
    state, path = {"w": np.arange(3.0)}, tmp_path / "ünï code"
    out = io.BytesIO()
    safe_save(state, out)
    assert load(out.getvalue())["w"].tolist() == [0, 1, 2]
    assert safe_load(io.BytesIO(out.getvalue()))["w"].tolist() == [0, 1, 2]
    for place in (str(path), path, os.fsencode(path)):
        safe_save(state, place)
        assert safe_load(place)["w"].tolist() == [0, 1, 2]
    with open(path, "wb", buffering=0) as raw:
        safe_save(state, raw)
    with open(path, "rb") as raw:
        assert safe_load(raw)["w"].tolist() == [0, 1, 2]


def test_a_file_opened_for_text_says_how_to_open_it(tmp_path):
    path = tmp_path / "w"
    with open(path, "w") as text, pytest.raises(TypeError, match=r"Try open\(path, 'wb'\)"):
        safe_save({"w": np.ones(1)}, text)
    with open(path) as text, pytest.raises(TypeError, match=r"Try open\(path, 'rb'\)"):
        safe_load(text)


def test_a_folder_in_place_of_a_file_is_named(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        safe_save({"w": np.ones(1)}, tmp_path)
    safe_save({"w": np.ones(1)}, tmp_path / "model.safetensors")
    with pytest.raises(IsADirectoryError) as caught:
        safe_load(tmp_path)
    repair = str(caught.value).partition("\nTry ")[2]
    assert eval(repair, {"safe_load": safe_load})["w"].tolist() == [1.0]


def test_arguments_in_the_wrong_order_are_told(tmp_path):
    with pytest.raises(TypeError, match=r"Try safe_save\(state, path\)"):
        safe_save(tmp_path / "w", {"w": np.ones(1)})


def test_a_name_as_long_as_the_system_allows_can_be_saved(tmp_path):
    path = tmp_path / ("n" * 255)
    safe_save({"w": np.ones(1)}, path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name] and safe_load(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_disk_that_fills_up_is_an_error(tmp_path):
    with pytest.raises(OSError, match="No space left"):
        safe_save({"w": np.ones(1)}, "/dev/full")


# ---------------------------------------------------------------- into a model

MISFITS = [
    ({"w": np.array([1, 2**40])}, "w: 1099511627776 does not fit into int32"),
    ({"w": np.ones(2, np.uint64)}, "w: there is no dtype uint64; the model has int32"),
    ({"w": np.ma.masked_array([1, 2], [0, 1])}, "w: a masked array would lose its mask"),
    ({"w": [[1], [1, 2]]}, "w: no array can be made of"),
    ({"w": None}, r"w: the model has shape \(2,\), the state \(\)"),
    ({"w": [1, 2], 7: np.ones(1)}, "unexpected: 7"),
    (
        {"state_dict": {"w": [1, 2]}},
        r"it is itself a dict: load_state_dict\(model, state\['state_d",
    ),
]


@pytest.mark.parametrize("state, says", MISFITS)
def test_a_state_with_numbers_that_do_not_fit_is_refused_by_name(state, says):
    model = {"w": Tensor([5, 6], dtype="int32")}
    with pytest.raises(StateError, match=says):
        load_state_dict(model, state)
    assert model["w"].tolist() == [5, 6]


@pytest.mark.parametrize("dtype", [">i4", "uint8", "<i8", "int16", "bool"])
def test_whole_numbers_of_any_size_fit_where_their_values_do(dtype):
    model = {"w": Tensor([5, 6], dtype="int32")}
    load_state_dict(model, {"w": np.array([0, 1], dtype)})
    assert model["w"].tolist() == [0, 1]
