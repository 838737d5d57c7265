"""The packaged data sets and the generators: what they hold, and that nobody can spoil them."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from tests.repository import ROOT
from tinylearn.nn import datasets
from tinylearn.nn.datasets import digits, digits8, hamlet, moons, names, spirals, xor


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def images_as_bytes(x: np.ndarray, ink: int) -> np.ndarray:
    return np.rint(x * ink).astype(np.uint8)


# ---- packaged images

PACKAGED = [
    pytest.param(digits, 255, 28, 8000, 2000, id="digits"),
    pytest.param(digits8, 16, 8, 1437, 360, id="digits8"),
]


@pytest.mark.parametrize("load, ink, side, train, test", PACKAGED)
def test_images_are_float32_between_0_and_1_and_labels_int64(load, ink, side, train, test):
    data = load()
    assert data.x_train.shape == (train, 1, side, side) and data.y_train.shape == (train,)
    assert data.x_test.shape == (test, 1, side, side) and data.y_test.shape == (test,)
    for x, y in [(data.x_train, data.y_train), (data.x_test, data.y_test)]:
        assert x.dtype == np.float32 and x.min() == 0 and x.max() == 1
        assert np.array_equal(x, images_as_bytes(x, ink) / np.float32(ink))
        assert y.dtype == np.int64 and set(y.tolist()) == set(range(10))


@pytest.mark.parametrize("load, ink, side, train, test", PACKAGED)
def test_no_image_is_in_both_parts_or_twice(load, ink, side, train, test):
    data = load(flat=True)
    seen = [row.tobytes() for row in np.concatenate([data.x_train, data.x_test])]
    assert len(set(seen)) == train + test


@pytest.mark.parametrize("load, ink, side, train, test", PACKAGED)
def test_the_test_part_has_equally_many_images_of_every_digit(load, ink, side, train, test):
    data = load()
    assert np.bincount(data.y_test).tolist() == [test // 10] * 10
    assert np.bincount(data.y_train).min() > 0.8 * train / 10


@pytest.mark.parametrize("load, ink, side, train, test", PACKAGED)
def test_flat_images_are_the_same_pixels_in_rows(load, ink, side, train, test):
    flat, square = load(flat=True), load()
    assert flat.x_train.shape == (train, side * side)
    assert np.array_equal(flat.x_test, square.x_test.reshape(test, side * side))


@pytest.mark.parametrize("load, ink, side, train, test", PACKAGED)
def test_labels_are_not_sorted_anywhere(load, ink, side, train, test):
    for y in (load().y_train, load().y_test):
        for start in range(0, len(y) - 100, 100):
            assert len(set(y[start : start + 100].tolist())) >= 9


CHECKSUMS = {
    digits: (
        255,
        "aa86efbb29a6cb89081d068366ca8eac7ab7e20944db200deac5907c0309a112",
        "711e3f4d9d853631011bf5c688acebd2ded4fa96da79a52967a66154dc8d1ecb",
        "eeb63a0faf1dbdd2704eac04077c5e741c9cb99e602d61bdccf3ef20e03a67e0",
        "a3b6ad758be006697b153f79ff740c235f928528e8ce37536238bc117d2e8dd6",
    ),
    digits8: (
        16,
        "f4ebc8e6af68512f70742efbc409331a1545cac83282e4894075b857926fefea",
        "745c92f60bc976190d2ece0a533de88e6f346804f0a61861828302db6806add1",
        "e54c93c152592fe411b6f536e0bd5db45bea50f35a0584d82a7d7dd431931f14",
        "d39acc4668753e32f6a4d2ca142f78531a8ce7755d6797ff1ba1950634c67d25",
    ),
}


@pytest.mark.parametrize("load", CHECKSUMS, ids=lambda load: load.__name__)
def test_the_packaged_images_are_byte_for_byte_what_they_were(load):
    ink, *expected = CHECKSUMS[load]
    x_train, y_train, x_test, y_test = load()
    images = [images_as_bytes(x, ink) for x in (x_train, x_test)]
    labels = [y.astype(np.uint8) for y in (y_train, y_test)]
    found = [sha256(part) for part in (images[0], labels[0], images[1], labels[1])]
    assert found == expected


def test_a_nearest_mean_classifier_recognises_the_test_digits():
    """Labels and images belong together: 0.1 would be guessing."""
    data = digits(flat=True)
    means = np.stack([data.x_train[data.y_train == d].mean(axis=0) for d in range(10)])
    distance = (means**2).sum(axis=1) - 2 * data.x_test @ means.T
    assert (distance.argmin(axis=1) == data.y_test).mean() > 0.78


def test_spoiling_what_a_loader_returned_spoils_nothing_for_the_next_caller():
    first = digits8()
    before = [part.copy() for part in first]
    for part in first:
        part[...] = 7
    for part, expected in zip(digits8(), before):
        assert np.array_equal(part, expected)
    with pytest.raises(ValueError, match="read-only"):
        datasets._packaged("digits8.npz")["x_train"][0] = 1


def test_a_data_set_unpacks_in_the_order_of_its_fields_and_shows_shapes_only():
    data = digits8()
    x_train, y_train, x_test, y_test = data
    assert x_train is data.x_train and y_test is data.y_test
    assert y_train is data.y_train and x_test is data.x_test
    assert repr(data).startswith("Dataset(x_train (1437, 1, 8, 8), y_train (1437,)")


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 not a zip file", b"text"])
def test_a_missing_or_damaged_packaged_file_is_named(tmp_path, monkeypatch, content):
    if content is not None:
        (tmp_path / "broken.npz").write_bytes(content)
    monkeypatch.setattr(datasets, "DATA", tmp_path)
    with pytest.raises(RuntimeError, match=r"broken.npz is missing or damaged(.|\n)*installing"):
        datasets._packaged("broken.npz")


def test_half_an_archive_is_refused(tmp_path, monkeypatch):
    whole = (datasets.DATA / "digits8.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    monkeypatch.setattr(datasets, "DATA", tmp_path)
    with pytest.raises(RuntimeError, match="damaged"):
        datasets._packaged("half.npz")


def test_importing_the_data_sets_reads_no_data_and_loads_no_internet_library():
    script = (
        "import sys, tinylearn.nn.datasets as d; assert not d._packaged.cache_info().currsize; "
        "bad = {'urllib.request', 'ssl', 'http.client', 'IPython'} & set(sys.modules); "
        "sys.exit(f'loaded {bad}' if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


# ---- packaged texts


def test_hamlet_is_the_whole_play_in_plain_ascii():
    text = hamlet()
    assert len(text) == 173_942 and len(set(text)) == 65 and text.isascii()
    assert "To be, or not to be,--that is the question" in text
    assert (
        sha256(np.frombuffer(text.encode(), np.uint8))
        == "bbe5635616c6e0e0bcf01b7b8c324be8b42451c51848f11c283bd2f4442b1e0a"
    )


@pytest.mark.parametrize(
    "kind, count, some",
    [
        ("first", 5163, ["aaron", "mary"]),
        ("female", 4275, ["mary", "patricia"]),
        ("male", 1219, ["james", "john"]),
        ("last", 20_000, ["smith", "johnson"]),
    ],
)
def test_names_are_letters_only_and_each_is_there_once(kind, count, some):
    found = names(kind)
    assert len(found) == len(set(found)) == count
    assert set("".join(found)) <= set("abcdefghijklmnopqrstuvwxyz")
    assert set(some) <= set(found)
    if kind != "first":
        assert found[:2] == some  # the commonest come first


def test_an_unknown_kind_of_names_offers_the_nearest():
    with pytest.raises(ValueError, match="only first, female, male, last; did you mean 'female'"):
        names("females")


def test_the_list_of_names_is_the_callers_own():
    names("male").clear()
    assert len(names("male")) == 1219


# ---- points from a seed


def test_xor_is_the_four_integer_corners():
    x, y = xor()
    assert x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]] and x.dtype == np.int64
    assert y.tolist() == [[0], [1], [1], [0]] and y.dtype == np.int64


def test_noisy_xor_scatters_around_the_corners():
    x, y = xor(400, noise=0.1, seed=3)
    assert x.dtype == np.float32 and x.shape == (400, 2) and y.shape == (400, 1)
    corners = np.rint(x).astype(int)
    assert np.array_equal(y[:, 0], corners[:, 0] ^ corners[:, 1])
    assert 0.08 < (x - corners).std() < 0.12


@pytest.mark.parametrize("count", [3, 7, 300])
@pytest.mark.parametrize("classes", [1, 2, 3])
def test_spirals_have_balanced_classes_and_stay_in_the_unit_circle(count, classes):
    x, y = spirals(count, classes, noise=0.1, seed=1)
    assert x.shape == (count, 2) and x.dtype == np.float32 and y.dtype == np.int64
    assert np.ptp(np.bincount(y, minlength=classes)) <= 1
    assert np.hypot(*x.T).max() <= 1 + 1e-6


def test_moons_without_noise_are_two_half_circles():
    x, y = moons(101, noise=0.0)
    assert np.allclose(np.hypot(*x[y == 0].T), 1, atol=1e-6)
    assert np.allclose(np.hypot(*(x[y == 1] - [1, 0.5]).T), 1, atol=1e-6)
    assert (x[y == 0][:, 1] >= -1e-6).all() and (x[y == 1][:, 1] <= 0.5 + 1e-6).all()


@pytest.mark.parametrize("make", [spirals, moons, lambda **how: xor(40, noise=0.1, **how)])
def test_the_same_seed_gives_the_same_points_and_another_seed_others(make):
    assert np.array_equal(make(seed=5).x, make(seed=5).x)
    assert not np.array_equal(make(seed=5).x, make(seed=6).x)


def test_points_are_the_same_on_every_machine():
    x, _ = moons(3, noise=0.1, seed=0)
    assert np.allclose(x, [[0.81687, -0.01774], [0.00383, 0.4597], [-0.99979, -0.00943]], atol=1e-5)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: spirals(2, 3), "count must be at least 3, not 2"),
        (lambda: spirals(9, 0), "classes must be at least 1"),
        (lambda: spirals(9, noise=-1), "noise is a standard deviation, 0 or more, not -1"),
        (lambda: moons(1), "count must be at least 2"),
        (lambda: moons(noise=float("nan")), "noise is a standard deviation"),
        (lambda: moons(seed=-1), "seed must be at least 0, not -1"),
        (lambda: xor(0), "count must be at least 1"),
    ],
)
def test_impossible_points_are_refused_with_the_reason(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_a_fractional_count_is_refused():
    with pytest.raises(TypeError, match=r"count must be a whole number, not 2\.5"):
        moons(2.5)
