"""The format of MNIST's files: what is written comes back, what is damaged is refused."""

import functools
import gzip

import numpy as np
import pytest

from tests.mirror import idx
from tinylearn.nn.download import IDX_DTYPES, DataError, read_idx


@pytest.mark.parametrize("code, dtype", list(IDX_DTYPES.items()))
@pytest.mark.parametrize("shape", [(5,), (3, 2, 4), (0, 28, 28)])
def test_an_idx_file_gives_back_its_array(tmp_path, code, dtype, shape):
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(idx(array, code)))
    found = read_idx(path)
    assert np.array_equal(found, array) and found.dtype == array.dtype.newbyteorder("=")


def test_an_idx_file_may_be_given_unpacked_and_by_its_name(tmp_path):
    path = tmp_path / "labels"
    path.write_bytes(GOOD)
    assert np.array_equal(read_idx(str(path)).ravel(), np.arange(60))


@pytest.mark.parametrize("cuts", [(7,), (3, 9), (0, 20, 20), (76,)])
def test_a_gzip_file_of_several_members_is_read_to_its_end(tmp_path, cuts):
    pieces = [GOOD[a:b] for a, b in zip((0, *cuts), (*cuts, None))]
    path = tmp_path / "a.gz"
    path.write_bytes(b"".join(map(gzip.compress, pieces)) + bytes(5))  # tape drives fill up
    assert np.array_equal(read_idx(path).ravel(), np.arange(60))


GOOD = idx(np.arange(60, dtype=np.uint8).reshape(3, 4, 5))


packed = functools.partial(gzip.compress, mtime=0)  # the same bytes at any time


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "is cut off: the gzip stream has no end"),
        (packed(GOOD)[:-12], "is cut off: the gzip stream has no end"),
        (packed(GOOD)[:-8] + bytes(8), "is no gzip file or is damaged"),
        (packed(GOOD[:9]) + packed(GOOD[9:])[:-9], "is cut off: the gzip stream has"),
        (packed(GOOD) + b"more", "goes on after its end: 4 bytes that are no gzip stream"),
        (packed(b"\3\x08\0\0" + bytes(16)), "has its low byte first"),
        (b"\1\x0d\0\0" + bytes(16), "has its low byte first"),
        (b"\0\0\x07\1", "no element type 0x07"),
        (b"\0\0\x08\xff" + bytes(4 * 255), "cannot be an array of shape"),
        (b"\0\0\x0e\5" + bytes(4) + b"\xff" * 16, "cannot be an array of shape"),
        (b"<html></html>", "is no gzip file or is damaged"),
        (packed(b""), "is no IDX file: it begins with nothing"),
        (packed(b"PNG..."), "is no IDX file: it begins with 50 4e 47 2e"),
        (packed(b"\0\0\x07\x01"), "is no IDX file"),
        (packed(GOOD[:9]), "is cut off inside its header of 16 bytes"),
        (packed(GOOD[:-1]), r"\(3, 4, 5\) is 60 bytes, but 59 follow"),
        (packed(GOOD + b"\0"), r"\(3, 4, 5\) is 60 bytes, but 61 follow"),
        (packed(b"\0\0\x08\x04" + b"\xff" * 16), "bytes, but 0 follow"),
    ],
)
def test_a_cut_off_or_foreign_file_is_refused_by_name(tmp_path, content, says):
    path = tmp_path / "train.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"train.gz .*{says}"):
        read_idx(path)
