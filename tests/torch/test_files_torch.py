"""Files that PyTorch writes with kinds of numbers that tinylearn lacks: every pattern of bits."""

import numpy as np
import pytest

from tests.needed import need

torch = need("torch")
from safetensors.torch import save_file  # noqa: E402

from tinylearn.nn.state import safe_load  # noqa: E402

KINDS = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "bfloat16"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_pattern_of_bits_is_the_number_that_pytorch_makes_of_it(tmp_path, kind):
    plain = torch.uint16 if kind == "bfloat16" else torch.uint8
    count = 1 << 8 * plain.itemsize
    numbers = torch.arange(count).to(plain).view(getattr(torch, kind))
    save_file({"w": numbers}, tmp_path / "w")
    found = safe_load(tmp_path / "w")["w"]
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found.numpy(), numbers.float().numpy())


def test_a_file_of_torch_save_is_named(tmp_path):
    for old in (False, True):
        state = {"w": torch.ones(3)}
        torch.save(state, tmp_path / "w.pt", _use_new_zipfile_serialization=not old)
        with pytest.raises(
            ValueError, match=r"file of torch.save; nothing was loaded\nTry in PyTor"
        ):
            safe_load(tmp_path / "w.pt")
