"""Plain values over a pipe: Python and NumPy values as JSON, and back, with limits.

    encode(value) -> JSON-able      decode(data) -> value      frames over a pipe: pack, Frames

No pickle: whatever a sandbox sends can become a number, a text, an array or a container of
them, or the *description* of something else; never code. Sizes and depth are capped on both ends.
"""

from __future__ import annotations

import base64
import itertools
import json
import math
import re
import sys
from array import array
from collections import deque
from collections.abc import Iterator, Mapping, MappingView, Set
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_DEPTH = 24  # containers inside containers
MAX_ITEMS = 100_000  # values in one message
MAX_TEXT = 100_000  # characters of one string
MAX_BYTES = 1_500_000  # bytes of one message: 100,000 float64 fit
MAX_MESSAGES = 5_000  # in one stream
MAX_BITS = 4_096  # of one integer
OF_A_TENSOR = "NumbersOfATensor"  # the class of an array that was sent as a Tensor
DTYPES = ("bool", "int8", "uint8", "int16", "int32", "int64", "float16", "float32", "float64")


class BadValue(ValueError):
    """A value that is too large, too deep or of a kind that does not travel."""


@dataclass(frozen=True)
class Code:
    """A Python expression that becomes its value in the sandbox: a function as an argument."""

    text: str

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Thing:
    """What stands for a value of any other kind: its description, equal to nothing that counts."""

    says: str

    def __repr__(self) -> str:
        return f"<{self.says}>"


@dataclass(frozen=True)
class Raised:
    """A call that ended with an exception."""

    kind: str
    message: str = ""
    line: int = 0
    source: str = ""
    also: tuple[str, ...] = ()  # the kinds that this kind of exception is one of

    def __post_init__(self) -> None:
        """Python says differently where it ended a recursion; here it says one thing."""
        if self.kind == "RecursionError":
            object.__setattr__(self, "message", "maximum recursion depth exceeded")

    def __repr__(self) -> str:
        return f"{self.kind}: {self.message}" if self.message else self.kind


def numpy_in_use() -> Any:
    """NumPy, if anybody imported it: None also for what stands for it where there is none."""
    numpy = sys.modules.get("numpy")
    return numpy if hasattr(numpy, "__version__") else None


def own_classes(given: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Classes of the given code that a notebook defines anew: its objects are of these."""
    return {
        name: own[name]
        for name, kind in given.items()
        if isinstance(kind, type) and kind.__module__ == given.get("__name__")
        if isinstance(own.get(name), type) and own[name] is not kind
    }


# ---------------------------------------------------------------- to JSON


class _Count:
    """How many values one message has used up."""

    def __init__(self) -> None:
        self.left = MAX_ITEMS

    def take(self, number: int = 1) -> None:
        self.left -= number
        if self.left < 0:
            raise BadValue(f"more than {MAX_ITEMS} values in one answer")


def encode(value: Any) -> Any:
    """`value` as something json.dumps accepts. Raises BadValue beyond the limits.

    >>> encode((1, 2.5, [True, None]))
    {'tuple': [1, 2.5, [True, None]]}
    >>> encode(float("nan"))
    {'float': 'nan'}
    """
    return _encode(value, 0, _Count())


def _encode(value: Any, depth: int, count: _Count) -> Any:
    count.take()
    if depth > MAX_DEPTH:
        raise BadValue(f"containers nested more than {MAX_DEPTH} deep")
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return _encode_int(value)
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is str:
        if len(value) > MAX_TEXT:
            raise BadValue(f"a text of {len(value):,} characters")
        return value
    if kind in (list, tuple, set, frozenset, dict):
        return _encode_container(value, kind, depth, count)
    simpler = _simpler(value, count)
    return _encode_other(value, count) if simpler is value else _encode(simpler, depth, count)


def _encode_int(value: int) -> Any:
    if value.bit_length() > MAX_BITS:
        raise BadValue(f"an integer of {value.bit_length():,} bits")
    return value if abs(value) < 2**53 else {"int": hex(value)}


def _encode_container(value: Any, kind: type, depth: int, count: _Count) -> Any:
    if kind is dict:
        pairs = list(value.items())
        items = [
            [_encode(key, depth + 1, count), _encode(item, depth + 1, count)] for key, item in pairs
        ]
        return {"dict": sorted(items, key=json.dumps)}  # equal dicts give equal JSON
    small = are_small(value)  # 10,000 places of nodes in a hundredth of the time
    count.take(len(value) * small)
    items = list(value) if small else [_encode(item, depth + 1, count) for item in value]
    if kind is list:
        return items
    return {"tuple" if kind is tuple else "set": items}


def are_small(items: Any) -> bool:
    """Whether all items are whole numbers that JSON holds as they are."""
    return set(map(type, items)) == {int} and min(items) > -(2**53) and max(items) < 2**53


def _simpler(value: Any, count: _Count) -> Any:
    """The plain value that says the same: of a Counter a dict, of a generator its items.

    The very value where there is none.
    """
    if isinstance(value, Code | Raised | Thing):
        return value
    numpy = numpy_in_use()
    if numpy is not None and isinstance(value, numpy.generic):
        return float(value) if isinstance(value, numpy.floating) else value.item()
    plain: tuple[Any, ...] = (int, float, list, tuple, set, frozenset, dict)
    for kind in plain:
        if isinstance(value, kind):  # a Counter, a namedtuple, an Enum of numbers
            return kind(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set) and not isinstance(value, MappingView):
        return set(value)
    if isinstance(value, Iterator | range | MappingView | deque | array):
        some: Any = value
        items = list(itertools.islice(some, count.left + 1))
        count.take(0 if len(items) <= count.left else len(items))
        return items
    if isinstance(value, Fraction | Decimal):
        return float(value)
    return value


def _encode_other(value: Any, count: _Count) -> Any:
    if isinstance(value, Code):
        return {"code": value.text}
    if isinstance(value, Raised):
        return {
            "raised": [value.kind, value.message[:2000], value.line, value.source[:500]]
            + [list(value.also)] * bool(value.also)
        }
    if isinstance(value, Thing):
        return {"thing": value.says[:500]}
    numpy = numpy_in_use()
    is_array = numpy is not None and isinstance(value, numpy.ndarray)
    if is_array and (usual := _usual(value)).dtype.name in DTYPES:
        kind = "tensor" if type(value).__name__ == OF_A_TENSOR else "array"
        return _encode_array(kind, usual, count)
    is_tensor = any(kind.__name__ == "Tensor" for kind in type(value).__mro__)
    if is_tensor and callable(getattr(value, "numpy", None)):
        return _encode_array("tensor", value.numpy(), count)
    return {"thing": describe(value)}


def _usual(array: Any) -> Any:
    """An array in one of the usual dtypes, where its numbers are the same in one."""
    import numpy as np

    if array.dtype.kind == "u" and (array.size == 0 or array.max() < 2**63):
        return array if array.dtype.name in DTYPES else array.astype(np.int64)
    if array.dtype.kind == "f" and array.dtype.name not in DTYPES:
        return array.astype(np.float64)
    if array.dtype.kind == "O" and array.size < MAX_ITEMS:
        numbers = [item for item in array.ravel().tolist() if isinstance(item, int | float)]
        if len(numbers) == array.size:
            return np.array(numbers).reshape(array.shape)
    return array


def _encode_array(kind: str, value: Any, count: _Count) -> Any:
    import numpy as np

    count.take(value.size)
    data = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"))
    text = base64.b64encode(np.ndarray.tobytes(data)).decode("ascii")
    return {kind: [value.dtype.name, list(np.shape(value)), text]}


def describe(value: Any) -> str:
    """A few words for a value that does not travel: never its repr, which is the student's code."""
    kind = type(value)
    name = str(getattr(value, "__name__", "")) if kind.__name__ in ("function", "type") else ""
    return f"{kind.__name__} {name}".strip()[:200]


# ---------------------------------------------------------------- from JSON


PLAIN = frozenset({type(None), bool, int, float, str})  # what JSON holds as it is


def decode(data: Any, code: dict[str, Any] | None = None) -> Any:
    """The value that `encode` was given. Raises BadValue for anything else.

    code   the names that a Code expression may use; None (what a parent passes) leaves it text
    """
    try:
        return _decode(data, code, 0)
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadValue(f"not an encoded value: {type(error).__name__}") from None


def _decode(data: Any, code: dict[str, Any] | None, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise BadValue(f"containers nested more than {MAX_DEPTH} deep")
    if type(data) in PLAIN:
        return data
    if type(data) is list:
        return [x if type(x) in PLAIN else _decode(x, code, depth + 1) for x in data]
    if type(data) is not dict or len(data) != 1:
        raise BadValue("not an encoded value")
    ((kind, body),) = data.items()
    if kind in ("tuple", "set", "dict"):
        return _decode_container(kind, body, code, depth)
    if kind in ("array", "tensor"):
        numbers = _decode_array(*body)
        return numbers if kind == "array" else numbers.view(type(OF_A_TENSOR, (type(numbers),), {}))
    return _decode_scalar(kind, body, code)


def _decode_container(kind: str, body: Any, code: dict[str, Any] | None, depth: int) -> Any:
    if type(body) is not list:
        raise BadValue(f"a {kind} that is not a list")
    if kind == "dict":
        return {_decode(key, code, depth + 1): _decode(item, code, depth + 1) for key, item in body}
    items = (_decode(item, code, depth + 1) for item in body)
    return tuple(items) if kind == "tuple" else set(items)


def _decode_scalar(kind: str, body: Any, code: dict[str, Any] | None) -> Any:
    match kind:
        case "float" if body in ("nan", "inf", "-inf"):
            return float(body)
        case "int" if type(body) is str and len(body) <= MAX_BITS // 4 + 4:
            return _decode_int(body)
        case "thing" if type(body) is str:
            return Thing(body[:500])
        case "raised" if type(body) is list and len(body) in (4, 5):
            name, message, line, source, *also = body
            kinds = tuple(str(kind)[:200] for kind in (also[0] if also else ())[:8])
            return Raised(str(name)[:200], str(message)[:2000], int(line), str(source)[:500], kinds)
        case "code" if type(body) is str:
            return Code(body) if code is None else eval(body, code)
    raise BadValue(f"no such kind of value: {kind[:40]}")


def _decode_int(text: str) -> int:
    if not re.fullmatch(r"-?0x[0-9a-f]+", text):
        raise BadValue("not an integer")
    return int(text, 16)


def _decode_array(dtype: str, shape: list[int], text: str) -> Any:
    import numpy as np

    if dtype not in DTYPES or type(shape) is not list or len(shape) > 8:
        raise BadValue("not an array")
    if not all(type(size) is int and 0 <= size <= MAX_ITEMS for size in shape):
        raise BadValue("not the shape of an array")
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise BadValue("not the numbers of an array") from None
    if len(data) != math.prod(shape) * np.dtype(dtype).itemsize:
        raise BadValue("an array whose numbers do not fill its shape")
    return np.frombuffer(data, np.dtype(dtype).newbyteorder("<")).reshape(shape).astype(dtype)


# ---------------------------------------------------------------- frames


def pack(message: Any) -> bytes:
    """One message as bytes: its length in four bytes, then JSON."""
    text = json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(text) > MAX_BYTES:
        raise BadValue(f"an answer of {len(text):,} bytes")
    return len(text).to_bytes(4, "big") + text


class Frames:
    """Cuts the bytes of a pipe into messages; stops at the first byte that is out of order."""

    def __init__(self, most: int = 4 * MAX_BYTES):
        self.held = bytearray()
        self.left = most
        self.messages_left = MAX_MESSAGES

    def feed(self, data: bytes) -> list[Any]:
        """The messages that are complete now. Raises BadValue for what is not a message."""
        self.left -= len(data)
        if self.left < 0:
            raise BadValue("more bytes than an answer may have")
        self.held += data
        messages = []
        while len(self.held) >= 4:
            size = int.from_bytes(self.held[:4], "big")
            if size > MAX_BYTES:
                raise BadValue("not a message")
            if len(self.held) < 4 + size:
                break
            self.messages_left -= 1
            if self.messages_left < 0:
                raise BadValue("more messages than an answer may send")
            messages.append(parse(bytes(self.held[4 : 4 + size])))
            del self.held[: 4 + size]
        return messages


def parse(text: bytes) -> Any:
    """JSON from an untrusted writer. Raises BadValue; depth is counted before anything nests."""
    if depth_of(text) > 4 * MAX_DEPTH:
        raise BadValue("JSON nested too deep")
    try:
        return json.loads(text)
    except (ValueError, RecursionError, MemoryError):
        raise BadValue("not JSON") from None


# A text that nothing ends is taken up to the end: tried again from each mark, it took n * n steps.
_NOT_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[^\[\]{}"]+', re.DOTALL)


def depth_of(text: bytes) -> int:
    """How deep brackets nest in a JSON text, strings left out.

    >>> depth_of(b'[[1, "[[["], {"a": []}]')
    3
    """
    depth = deepest = 0
    for char in _NOT_BRACKETS.sub(b"", text):
        if char in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in b"]}":
            depth -= 1
    return deepest
