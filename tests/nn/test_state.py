"""A model's numbers by name: found in any object, put back all or not at all, kept in files."""

import os
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest

from tinylearn import nn
from tinylearn.nn import BatchNorm2d, Linear, Sequential, optim
from tinylearn.nn.state import (
    StateError,
    get_parameters,
    get_state_dict,
    load_state_dict,
    safe_load,
    safe_save,
)
from tinylearn.tensor import Tensor


class Plain:
    """An object of somebody's own class."""

    def __init__(self):
        self.first = Linear(2, 3)
        self.others = [Tensor([1.0]), {"deep": (Tensor([2.0]), Tensor([3], requires_grad=False))}]
        self.name, self.count, self.array = "plain", 3, np.zeros(2)
        self.function, self.kind = Tensor.relu, Tensor


# ---------------------------------------------------------------- finding


def test_tensors_are_found_in_attributes_lists_tuples_and_dicts():
    names = ["first.weight", "first.bias", "others.0", "others.1.deep.0", "others.1.deep.1"]
    assert list(get_state_dict(Plain())) == names
    assert list(get_state_dict(Plain(), prefix="a.")) == [f"a.{name}" for name in names]


def test_parameters_are_the_tensors_that_learn():
    model = Plain()
    assert len(get_parameters(model)) == 4
    model.first.weight.requires_grad = False
    assert len(get_parameters(model)) == 3
    assert get_parameters(Tensor([1, 2])) == []
    assert get_parameters(None) == []


def test_objects_that_refer_to_each_other_are_walked_once():
    a, b = SimpleNamespace(w=Tensor([1.0])), SimpleNamespace(w=Tensor([2.0]))
    a.friend, b.friend, a.itself = b, a, a
    a.all = [a, b, [a]]
    a.all.append(a.all)
    assert list(get_state_dict(a)) == ["w", "friend.w"]


def test_a_long_chain_of_objects_is_no_recursion():
    chain = SimpleNamespace(w=Tensor([0.0]))
    for _ in range(5000):
        chain = SimpleNamespace(next=chain)
    assert len(get_parameters(chain)) == 1


def test_slots_and_named_tuples_are_walked():
    class Slotted:
        __slots__ = ("missing", "w")

    thing = Slotted()
    thing.w = Tensor([1.0])
    pair = namedtuple("Pair", "left right")(Tensor([1.0]), thing)
    assert list(get_state_dict(pair)) == ["left", "right.w"]


def test_names_in_sequential_are_those_of_pytorch():
    model = Sequential(Linear(2, 3), Tensor.relu, Linear(3, 1))
    assert list(get_state_dict(model)) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_a_tied_weight_is_there_once():
    model = [Linear(2, 2), Linear(2, 2)]
    model[1].weight = model[0].weight
    assert list(get_state_dict(model)) == ["0.weight", "0.bias", "1.bias"]


# ---------------------------------------------------------------- putting back


def numbers(model):
    return {name: t.numpy() for name, t in get_state_dict(model).items()}


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


def test_a_state_dict_makes_two_models_equal():
    one, other = Linear(3, 2), Linear(3, 2)
    assert not same(numbers(one), numbers(other))
    parameters = other.parameters()
    assert other.load_state_dict(one.state_dict()) == ([], [])
    assert same(numbers(one), numbers(other))
    assert [id(t) for t in other.parameters()] == [id(t) for t in parameters]


def test_a_loaded_model_is_a_copy():
    one, other = Linear(3, 2), Linear(3, 2)
    other.load_state_dict(one.state_dict())
    one.weight.assign(np.zeros((2, 3), np.float32))
    assert other.weight.numpy().any()


def test_an_optimizer_goes_on_with_a_loaded_model():
    model = Linear(2, 1)
    optimizer = optim.SGD(model, lr=1.0)
    load_state_dict(model, {"weight": np.array([[1, 2]]), "bias": np.array([3.0])})
    model(Tensor([[1.0, 1.0]])).sum().backward()
    optimizer.step()
    assert model.weight.tolist() == [[0.0, 1.0]] and model.bias.tolist() == [2.0]


MISFITS = [
    ({"weigth": np.ones((1, 2)), "bias": np.ones(1)}, r"missing: weight; did you mean 'weigth'"),
    ({"weight": np.ones((1, 2))}, "missing: bias"),
    ({"weight": np.ones((2, 1)), "bias": np.ones(1)}, r"weight: .*\(1, 2\), the state \(2, 1\)"),
    ({"weight": np.ones((1, 2)), "bias": np.ones(())}, r"bias: .*\(1,\), the state \(\)"),
    ({"weight": np.ones((1, 2)), "bias": np.ones(1), "x": np.ones(1)}, "unexpected: x"),
    ({"weight": np.ones((1, 2)), "bias": np.ones(1, complex)}, "bias: there is no dtype complex"),
]


@pytest.mark.parametrize("state, says", MISFITS)
def test_a_state_that_misfits_is_refused_by_name_and_changes_nothing(state, says):
    model = Linear(2, 1)
    before = numbers(model)
    with pytest.raises(StateError, match=says):
        load_state_dict(model, state)
    assert same(numbers(model), before)


def test_all_that_misfits_is_named_at_once():
    with pytest.raises(StateError) as caught:
        load_state_dict(Linear(2, 1), {"weight": np.ones(3), "more": np.ones(1)})
    for line in ("missing: bias", "unexpected: more", "weight: the model has shape (1, 2)"):
        assert line in str(caught.value)


def test_without_strict_only_shapes_must_fit():
    model = Linear(2, 1)
    loaded = load_state_dict(model, {"bias": np.array([7.0]), "x": np.ones(1)}, strict=False)
    assert loaded.missing_keys == ["weight"] and loaded.unexpected_keys == ["x"]
    assert model.bias.tolist() == [7.0]
    with pytest.raises(StateError, match="bias"):
        load_state_dict(model, {"bias": np.ones(2)}, strict=False)


def test_floats_do_not_become_integers():
    with pytest.raises(StateError, match="count: float64 numbers do not fit into int64"):
        load_state_dict({"count": Tensor([1])}, {"count": np.array([1.5])})


def test_a_tied_weight_may_come_under_any_of_its_names():
    model = [Linear(2, 2, bias=False), Linear(2, 2, bias=False)]
    model[1].weight = model[0].weight
    load_state_dict(model, {"1.weight": np.full((2, 2), 5.0)})
    assert model[0].weight.tolist() == [[5.0, 5.0], [5.0, 5.0]]


def test_the_batch_counter_is_loaded_and_may_be_missing_as_in_old_files():
    model, state = BatchNorm2d(2), BatchNorm2d(2).state_dict()
    assert model.load_state_dict({**state, "num_batches_tracked": np.array(3)}) == ([], [])
    assert model.num_batches_tracked.item() == 3
    del state["num_batches_tracked"]
    assert model.load_state_dict(state) == ([], [])
    assert model.num_batches_tracked.item() == 3
    counter = {"num_batches_tracked": np.array(1)}
    plain = BatchNorm2d(2, track_running_stats=False)
    assert plain.load_state_dict(counter, strict=False).unexpected_keys == []


# ---------------------------------------------------------------- files


def test_a_file_brings_every_number_back(tmp_path):
    state = {
        "half": Tensor(np.array([1.5], np.float16)),
        "double": np.array([[1e300]]),
        "whole": Tensor([1, 2**40]),
        "yes": np.array([True, False]),
        "scalar": Tensor(3.0),
        "empty": Tensor(np.zeros((0, 3), np.float32)),
        "turned": np.arange(6.0).reshape(2, 3).T,
        "lazy": Tensor([1.0]) * 2,
    }
    safe_save(state, tmp_path / "a.safetensors", note="first")
    loaded = safe_load(str(tmp_path / "a.safetensors"))
    assert loaded.keys() == state.keys()
    for name, tensor in loaded.items():
        expected = np.asarray(state[name])
        assert tensor.numpy().dtype == expected.dtype
        np.testing.assert_array_equal(tensor.numpy(), expected)


def test_a_model_makes_the_round_trip_through_a_file(tmp_path):
    one = Sequential(Linear(3, 4), Linear(4, 2))
    safe_save(get_state_dict(one), tmp_path / "m")
    other = Sequential(Linear(3, 4), Linear(4, 2))
    load_state_dict(other, safe_load(tmp_path / "m"))
    assert same(numbers(one), numbers(other))


def test_an_optimizer_makes_the_round_trip_through_a_file(tmp_path):
    w = Tensor([1.0, 2.0])
    optimizer = optim.Adam([w], lr=0.25)
    (w * w).sum().backward()
    optimizer.step()
    safe_save(optimizer.state_dict(), tmp_path / "o")
    other = optim.Adam([Tensor([0.0, 0.0])], lr=1.0)
    other.load_state_dict(safe_load(tmp_path / "o"))
    assert other.lr == 0.25 and other.steps == [1]
    np.testing.assert_array_equal(other.memory["m"][0].numpy(), optimizer.memory["m"][0].numpy())


def test_a_file_cut_short_anywhere_is_refused(tmp_path):
    path = tmp_path / "m"
    safe_save(get_state_dict(Linear(3, 2)), path)
    data = path.read_bytes()
    for length in [0, 1, 7, 8, 9, 30, len(data) // 2, len(data) - 4, len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(StateError, match="nothing was loaded"):
            safe_load(path)


def test_a_file_with_any_byte_changed_is_refused_or_the_same(tmp_path):
    path = tmp_path / "m"
    state = get_state_dict(Linear(3, 2))
    safe_save(state, path)
    data = path.read_bytes()
    random = np.random.default_rng(0)
    for place in {*range(12), *random.integers(0, len(data), 60), len(data) - 1}:
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x11]) + data[place + 1 :])
        try:
            loaded = {k: t.numpy() for k, t in safe_load(path).items()}
        except StateError:
            continue
        assert same(loaded, {k: t.numpy() for k, t in state.items()})


def test_any_other_file_is_refused_by_its_path(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("this is no model" * 10)
    with pytest.raises(StateError, match=r"notes\.txt is damaged or no safetensors file"):
        safe_load(path)
    with pytest.raises(FileNotFoundError):
        safe_load(tmp_path / "nothing")


def test_a_file_of_another_program_needs_no_checksum(tmp_path):
    from safetensors.numpy import save_file

    save_file({"w": np.ones(2, np.float32)}, tmp_path / "w")
    assert safe_load(tmp_path / "w")["w"].tolist() == [1.0, 1.0]


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "m"
    safe_save({"w": Tensor([1.0])}, path)

    def full(*args):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        safe_save({"w": Tensor([2.0])}, path)
    assert os.listdir(tmp_path) == ["m"]
    assert safe_load(path)["w"].tolist() == [1.0]


def test_saving_a_model_instead_of_its_state_says_what_to_do(tmp_path):
    with pytest.raises(TypeError, match=r"get_state_dict\(model\)"):
        safe_save(Linear(1, 1), tmp_path / "m")


def test_a_path_in_place_of_a_state_is_told_how_to_be_read(tmp_path):
    model = Linear(3, 2)
    path = tmp_path / "model.safetensors"
    safe_save(model.state_dict(), path)
    other = Linear(3, 2)
    with pytest.raises(TypeError, match="a state is a dict of Tensors, not str") as error:
        other.load_state_dict(str(path))
    eval(str(error.value).rpartition("\nTry ")[2], {"model": other, "nn": nn})
    np.testing.assert_array_equal(other.weight.numpy(), model.weight.numpy())


def test_a_folder_that_is_not_there_is_named_and_no_other_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder '.*nowhere' to write 'x.st' to"):
        safe_save({"a": np.zeros(1)}, tmp_path / "nowhere" / "x.st")
