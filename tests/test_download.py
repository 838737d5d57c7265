"""MNIST from the internet: against a server of our own that answers well, badly or not at all."""

import gzip
import hashlib
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from tests.mirror import Mirror, idx
from tests.repository import ROOT
from tinylearn.nn import datasets, download
from tinylearn.nn.download import DownloadError, Remote, fetch

CONTENT = bytes(range(256)) * 400  # more than one block
FILE = Remote("file.gz", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def mirrors(monkeypatch):
    """Two mirrors; whatever the machine's proxy, they are asked directly."""
    monkeypatch.setenv("no_proxy", "*")
    both = Mirror({FILE.name: CONTENT}), Mirror({FILE.name: CONTENT})
    yield both
    for mirror in both:
        mirror.close()


def only_file(folder: Path) -> bytes:
    """The content of FILE in the cache, after a look that nothing else is left there."""
    assert [path.name for path in folder.iterdir()] == [FILE.name]
    return (folder / FILE.name).read_bytes()


def test_a_file_is_downloaded_once_and_then_taken_from_the_cache(mirrors, tmp_path):
    folder = tmp_path / "new" / "cache"
    for _ in range(2):
        assert fetch([FILE], [mirrors[0].url + "/"], folder) == [folder / FILE.name]
    assert only_file(folder) == CONTENT and mirrors[0].asked == ["/file.gz"]


def test_one_address_may_be_given_as_text(mirrors, tmp_path):
    fetch([FILE], mirrors[0].url, tmp_path)
    assert only_file(tmp_path) == CONTENT


BAD_MANNERS = {
    "cut_off": r"it ended after 51,200 of 102,400 bytes",
    "too_long": r"it is longer than the 102,400 bytes expected",
    "with_a_login_page": r"it ended after 26 of 102,400 bytes",
    "with_one_wrong_byte": r"its checksum is wrong: sha256 [0-9a-f]{16}\.\.\.",
    "never": r"no answer within 0\.3 s",
    "never_after_half": r"no answer within 0\.3 s",
    "drop_by_drop": r"too slow: [0-9,]+ of 102,400 bytes so far",
    "with_nonsense": r"no sensible answer: BadStatusLine",
}


@pytest.mark.parametrize("manner", BAD_MANNERS)
def test_a_bad_answer_is_given_up_with_its_reason(mirrors, tmp_path, monkeypatch, manner):
    monkeypatch.setattr(download, "SLOWEST", 1e9)
    mirrors[0].manner = manner
    began = time.monotonic()
    with pytest.raises(DownloadError, match=f"{mirrors[0].url}/file.gz: {BAD_MANNERS[manner]}"):
        fetch([FILE], [mirrors[0].url], tmp_path, timeout=0.3)
    assert time.monotonic() - began < 10  # the server would wait for 20
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("manner", BAD_MANNERS)
def test_after_a_bad_answer_the_next_mirror_is_asked(mirrors, tmp_path, monkeypatch, manner):
    monkeypatch.setattr(download, "SLOWEST", 1e9)
    mirrors[0].manner = manner
    fetch([FILE], [mirror.url for mirror in mirrors], tmp_path, timeout=0.3)
    assert only_file(tmp_path) == CONTENT


def test_a_mirror_that_failed_is_asked_last_for_the_other_files(mirrors, tmp_path):
    second = Remote("second.gz", FILE.size, FILE.sha256)
    mirrors[0].files = {}
    mirrors[1].files = {FILE.name: CONTENT, second.name: CONTENT}
    fetch([FILE, second], [mirror.url for mirror in mirrors], tmp_path)
    assert mirrors[0].asked == ["/file.gz"] and len(mirrors[1].asked) == 2


def test_the_error_names_every_mirror_its_reason_and_a_way_out(mirrors, tmp_path):
    mirrors[0].files = {}
    nobody = "http://127.0.0.1:1"
    with pytest.raises(DownloadError) as caught:
        fetch([FILE], [mirrors[0].url, nobody, "no address", "ftp//x"], tmp_path)
    lines = str(caught.value).splitlines()
    assert lines[0] == "file.gz could not be downloaded"
    assert lines[1] == f"    {mirrors[0].url}/file.gz: HTTP Error 404: Not Found"
    assert lines[2].startswith(f"    {nobody}/file.gz: ") and "refused" in lines[2].lower()
    assert lines[3] == "    no address/file.gz: unknown url type: 'no address/file.gz'"
    assert lines[-1] == f"Try again later, or put the file into {tmp_path} yourself."


@pytest.mark.parametrize("partial", [b"", CONTENT[:1000], b"!" + CONTENT[1:], CONTENT + b"!"])
def test_a_damaged_file_in_the_cache_is_replaced(mirrors, tmp_path, capsys, partial):
    (tmp_path / FILE.name).write_bytes(partial)
    fetch([FILE], [mirrors[0].url], tmp_path)
    assert only_file(tmp_path) == CONTENT
    assert "a file in the cache is damaged: downloading" in capsys.readouterr().err


def test_a_damaged_file_in_the_cache_is_never_returned(tmp_path):
    (tmp_path / FILE.name).write_bytes(CONTENT[:1000])
    with pytest.raises(DownloadError):
        fetch([FILE], ["http://127.0.0.1:1"], tmp_path)


def test_the_download_says_how_much_it_will_be(mirrors, tmp_path, capsys):
    fetch([FILE], [mirrors[0].url], tmp_path)
    line = capsys.readouterr().err
    assert line.startswith(f"downloading to {tmp_path}: 0.1/0.1 MB in ")


def test_a_cached_file_needs_neither_a_mirror_nor_a_writable_folder(tmp_path, capsys):
    (tmp_path / FILE.name).write_bytes(CONTENT)
    tmp_path.chmod(0o500)
    try:
        assert fetch([FILE], [], tmp_path) == [tmp_path / FILE.name]
    finally:
        tmp_path.chmod(0o700)
    assert capsys.readouterr().err == ""


def test_a_cache_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match=r"cannot be made(.|\n)*Try setting TINYLEARN_CACHE"):
        fetch([FILE], [], tmp_path / "file" / "cache")


@pytest.mark.parametrize("full", [False, True])
def test_a_disk_that_refuses_is_blamed_and_no_mirror(mirrors, tmp_path, monkeypatch, full):
    if full:
        monkeypatch.setattr(download, "_blocks", lambda url, timeout: iter([CONTENT]))
        if not os.path.exists("/dev/full"):
            pytest.skip("no /dev/full here")
        opened = Path.open
        monkeypatch.setattr(Path, "open", lambda *how: opened(Path("/dev/full"), "wb", 0))
    else:
        (tmp_path / FILE.name).mkdir()
    with pytest.raises(
        DownloadError, match=r"cannot be written to: .*\nTry setting TINYLEARN_CACH"
    ):
        fetch([FILE], [mirror.url for mirror in mirrors], tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="file permissions of POSIX")
def test_a_downloaded_file_can_be_read_by_all_whom_the_umask_allows(mirrors, tmp_path):
    old = os.umask(0o022)
    try:
        (path,) = fetch([FILE], [mirrors[0].url], tmp_path)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o644  # a class may share one cache folder


# ---- several processes

SCRIPT = """
import sys
from pathlib import Path
from tinylearn.nn.download import Remote, fetch
url, folder, name, size, sha256 = sys.argv[1:]
fetch([Remote(name, int(size), sha256)], [url], Path(folder))
"""


def process(url: str, folder: Path) -> subprocess.Popen:
    """Another Python that fetches FILE."""
    words = [url, str(folder), FILE.name, str(FILE.size), FILE.sha256]
    return subprocess.Popen([sys.executable, "-c", SCRIPT, *words], cwd=ROOT, stderr=-1)


def test_two_processes_at_once_both_get_the_whole_file(mirrors, tmp_path):
    mirrors[0].manner = "well_to_two_at_once"  # neither gets a byte before both have asked
    both = [process(mirrors[0].url, tmp_path) for _ in range(2)]
    for one in both:
        _, said = one.communicate(timeout=60)
        assert one.returncode == 0, said.decode()
    assert len(mirrors[0].asked) == 2 and only_file(tmp_path) == CONTENT


def test_a_process_killed_in_the_middle_leaves_no_file_under_the_real_name(mirrors, tmp_path):
    mirrors[0].manner = "never_after_half"
    with process(mirrors[0].url, tmp_path) as victim:
        while not any(path.stat().st_size for path in tmp_path.glob("*.part")):
            assert victim.poll() is None, victim.stderr.read().decode()
            time.sleep(0.02)
        victim.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        victim.wait(20)
    (part,) = tmp_path.iterdir()
    assert part.suffix == ".part"
    mirrors[0].manner = "well"
    assert fetch([FILE], [mirrors[0].url], tmp_path)[0].read_bytes() == CONTENT
    assert part.exists()  # it might belong to a download that goes on
    os.utime(part, (0, 0))
    (tmp_path / FILE.name).unlink()
    fetch([FILE], [mirrors[0].url], tmp_path)
    assert only_file(tmp_path) == CONTENT  # a day later it is swept away


# ---- the cache folder


@pytest.mark.parametrize(
    "platform, variables, expected",
    [
        ("linux", {"TINYLEARN_CACHE": "/chosen"}, "/chosen/mnist"),
        ("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/tinylearn/mnist"),
        ("linux", {}, "/home/ann/.cache/tinylearn/mnist"),
        ("darwin", {}, "/home/ann/Library/Caches/tinylearn/mnist"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/tinylearn/mnist"),
        ("win32", {}, "/home/ann/AppData/Local/tinylearn/mnist"),
    ],
)
def test_the_cache_lies_where_the_platform_keeps_caches(monkeypatch, platform, variables, expected):
    for name in ("TINYLEARN_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    assert download.cache_folder("mnist") == Path(expected)


def test_without_a_home_folder_mnist_falls_back_and_says_why(monkeypatch):
    monkeypatch.setenv("TINYLEARN_CACHE", "~nobody-of-that-name/x")
    with pytest.warns(datasets.FallbackWarning, match="TINYLEARN_CACHE='~nobody-of-that-name/x'"):
        assert len(datasets.mnist().x_train) == 8000


# ---- mnist()


@pytest.fixture
def small_mnist(mirrors, monkeypatch, tmp_path):
    """The first mirror offers an MNIST of 20 and 10 random images."""
    monkeypatch.setenv("TINYLEARN_CACHE", str(tmp_path))
    random = np.random.default_rng(0)
    arrays = {
        "x_train": random.integers(0, 256, (20, 28, 28)).astype(np.uint8),
        "y_train": random.integers(0, 10, 20).astype(np.uint8),
        "x_test": random.integers(0, 256, (10, 28, 28)).astype(np.uint8),
        "y_test": random.integers(0, 10, 10).astype(np.uint8),
    }
    remotes = {}
    for name, array in arrays.items():
        content = gzip.compress(idx(array))
        mirrors[0].files[f"{name}.gz"] = content
        sha256 = hashlib.sha256(content).hexdigest()
        remotes[name] = Remote(f"{name}.gz", len(content), sha256)
    monkeypatch.setattr(download, "MNIST_FILES", remotes)
    return mirrors[0], arrays


@pytest.mark.parametrize("flat, shape", [(False, (1, 28, 28)), (True, (784,))])
def test_mnist_is_downloaded_into_the_cache_and_read(small_mnist, tmp_path, flat, shape):
    mirror, arrays = small_mnist
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = datasets.mnist(flat=flat, mirrors=mirror.url)
        datasets.mnist(mirrors="http://127.0.0.1:1")  # the cache needs no mirror
    assert len(mirror.asked) == 4 and len(list((tmp_path / "mnist").iterdir())) == 4
    for name, array in arrays.items():
        found = getattr(data, name)
        if name.startswith("x"):
            assert found.dtype == np.float32 and found.shape == array.shape[:1] + shape
            assert np.array_equal(np.rint(found * 255).reshape(array.shape), array)
        else:
            assert found.dtype == np.int64 and np.array_equal(found, array)
    assert str(tmp_path) in data.source


def test_without_internet_mnist_warns_and_gives_the_packaged_digits(small_mnist):
    mirror, _ = small_mnist
    mirror.manner = "with_one_wrong_byte"
    with pytest.warns(datasets.FallbackWarning) as caught:
        data = datasets.mnist(flat=True, mirrors=mirror.url)
    message = str(caught[0].message)
    assert "you get the packaged digits: 8,000 to train and 2,000 to test" in message
    assert f"Why: x_train.gz could not be downloaded: {mirror.url}/x_train.gz: its che" in message
    assert caught[0].filename == __file__  # it points at the caller's line
    assert np.array_equal(data.x_train, datasets.digits(flat=True).x_train)
    assert data.source == "the packaged digits, for MNIST was not to be had"


def test_the_fallback_speaks_every_time(small_mnist):
    script = (
        "from tinylearn.nn.datasets import mnist\n"
        "for _ in range(2): print(mnist(mirrors='http://127.0.0.1:1').x_train.shape)"
    )
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "(8000, 1, 28, 28)\n" * 2
    assert done.stderr.count("FallbackWarning: MNIST could not be downloaded") == 2


def test_without_a_fallback_a_failed_download_raises(small_mnist):
    with pytest.raises(DownloadError, match=r"x_train.gz could not be downloaded"):
        datasets.mnist(fallback=False, mirrors="http://127.0.0.1:1")


def test_the_public_mirrors_and_checksums_are_well_formed():
    assert list(download.MNIST_FILES) == ["x_train", "y_train", "x_test", "y_test"]
    for file in download.MNIST_FILES.values():
        assert len(bytes.fromhex(file.sha256)) == 32 and file.size > 4000
    assert all(url.startswith("https://") for url in download.MNIST_MIRRORS)
