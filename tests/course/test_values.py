"""What crosses the line between a sandbox and the parent."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylearn.course import compare
from tinylearn.course.compare import agrees
from tinylearn.course.inside import values
from tinylearn.course.inside.values import BadValue, Frames, Thing, decode, encode, pack, parse

numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.booleans() | st.none()
plain = st.recursive(
    numbers | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(plain)
def test_plain_values_come_back_as_they_were(value):
    assert decode(json.loads(pack(encode(value))[4:])) == value


@pytest.mark.parametrize("dtype", values.DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_arrays_come_back_with_shape_and_dtype(dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    back = decode(json.loads(json.dumps(encode(array))))
    assert back.dtype == array.dtype and back.shape == shape and np.array_equal(back, array)


def test_what_is_no_plain_value_travels_as_a_description_and_equals_nothing():
    class Sly:
        __name__ = "6.0"

        def __eq__(self, other):
            return True

        def __repr__(self):
            return "6.0"

    back = decode(encode(Sly()))
    assert isinstance(back, Thing) and not agrees(back, 6.0)


@pytest.mark.parametrize(
    "value",
    [
        [0] * 200_000,
        np.zeros(200_000),
        "x" * 1_000_000,
        1 << 100_000,
        eval("[" * 60 + "]" * 60),
    ],
    ids=["items", "array", "text", "integer", "depth"],
)
def test_a_value_beyond_the_limits_is_refused_where_it_is_made(value):
    with pytest.raises(BadValue):
        encode(value)


@pytest.mark.parametrize(
    "data",
    [
        {"array": ["float64", [10**9, 10**9], ""]},
        {"array": ["float64", [-1], ""]},
        {"array": ["object", [1], "AAAA"]},
        {"array": ["float64", [2], "AAAA"]},
        {"array": ["float64", "2", "AAAA"]},
        {"array": 3},
        {"dict": [[[], 1]]},
        {"dict": [1]},
        {"set": [[1]]},
        {"int": "__import__('os')"},
        {"int": "0x" + "f" * 10_000},
        {"float": "1e999"},
        {"raised": [1]},
        {"tuple": 3},
        {"pickle": "gASVAAA="},
        {"a": 1, "b": 2},
        {},
    ],
    ids=str,
)
def test_forged_data_is_refused_by_the_parent(data):
    with pytest.raises(BadValue):
        decode(data)


def test_code_from_a_sandbox_stays_text():
    back = decode({"code": "__import__('os').abort()"})
    assert isinstance(back, values.Code)


@pytest.mark.parametrize(
    "text", [b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b"nonsense", b'"\\', b"1" * 10_000]
)
def test_hostile_json_is_refused_and_not_followed(text):
    with pytest.raises(BadValue):
        parse(text)


def test_frames_survive_any_cut_and_stop_at_nonsense():
    stream = pack({"call": 0, "value": 1}) + pack({"call": 1, "value": [2, 3]})
    frames = Frames()
    messages = [m for byte in stream for m in frames.feed(bytes([byte]))]
    assert [m["value"] for m in messages] == [1, [2, 3]]
    with pytest.raises(BadValue):
        frames.feed(b"\xff" * 8)
    with pytest.raises(BadValue):
        Frames(most=10).feed(b"0" * 11)


json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["array", "tensor", "tuple", "dict", "set", "int", "float", "raised",
                         "thing", "code", "other"]), inner, max_size=2),
    max_leaves=10,
)  # fmt: skip


@given(json_data)
def test_any_json_is_decoded_or_refused_and_nothing_else(data):
    try:
        value = decode(data)
    except BadValue:
        return
    for want in (1.0, np.zeros((2, 2)), [1, 2], (1,), {"a": 1}, "text", None, True):
        assert isinstance(compare.difference(value, want), str)


@given(st.binary(max_size=200))
def test_any_bytes_are_messages_or_refused(data):
    try:
        Frames().feed(data)
    except BadValue:
        pass
