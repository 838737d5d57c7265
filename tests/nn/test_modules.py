"""Modules tell parameters from buffers, hold others by PyTorch's names, and call their hooks."""

import copy
import pickle

import numpy as np
import pytest

from tinylearn import nn
from tinylearn.errors import TinylearnError
from tinylearn.nn import optim
from tinylearn.tensor import Tensor


class Scaled(nn.Module):
    """A layer, a parameter and buffers of all kinds."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 3)
        self.scale = nn.Parameter(Tensor.ones(3) * 2)
        self.register_buffer("mean", Tensor.zeros(3))
        self.register_buffer("mask", np.ones(3, np.float32), persistent=False)
        self.register_buffer("later", None)
        self.fixed = Tensor([1.0], requires_grad=False)

    def forward(self, x):
        return (self.layer(x) - self.mean) * self.scale * self.mask


PARAMETERS = ["layer.weight", "layer.bias", "scale"]


def names(pairs):
    """The first of each pair."""
    return [name for name, _ in pairs]


def test_parameters_are_what_learned_when_it_was_assigned():
    model = Scaled()
    assert names(model.named_parameters()) == PARAMETERS
    assert names(model.named_buffers()) == ["mean", "mask", "fixed"]
    assert list(model.state_dict()) == [*PARAMETERS, "mean", "fixed"]
    assert model.later is None and model.scale.is_leaf and model.scale.tolist() == [2, 2, 2]
    assert next(model.parameters()) is model.layer.weight
    with pytest.raises(StopIteration):
        next(nn.ReLU().parameters())


def test_frozen_parameters_stay_parameters_and_can_learn_again():
    model = Scaled()
    assert model.requires_grad_(False) is model
    assert names(model.named_parameters()) == PARAMETERS
    assert not any(w.requires_grad for w in model.parameters())
    for w in model.layer.parameters():
        w.requires_grad = True
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    model(Tensor.ones(1, 2, requires_grad=False)).sum().backward()
    optimizer.step()
    assert model.scale.tolist() == [2, 2, 2] and model.scale.grad is None
    model.requires_grad_()
    assert all(w.requires_grad for w in model.parameters()) and not model.mean.requires_grad


def test_a_buffer_that_is_assigned_a_parameter_becomes_one():
    model = Scaled()
    model.mask = Tensor.ones(3)
    assert "mask" in names(model.named_parameters()) and "mask" in model.state_dict()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_knows_its_buffers(duplicate):
    model = duplicate(Scaled())
    assert names(model.named_buffers()) == ["mean", "mask", "fixed"]
    assert list(model.state_dict()) == [*PARAMETERS, "mean", "fixed"]


def test_modules_inside_are_found_by_name():
    inner = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    model = nn.ModuleDict({"body": inner, "head": nn.Linear(2, 1)})
    assert names(model.named_modules()) == ["", "body", "body.0", "body.1", "head"]
    assert names(model.named_children()) == ["body", "head"]
    assert list(model.children()) == [inner, model["head"]]
    assert model.get_submodule("body.1") is inner[1]
    assert model.get_parameter("body.0.bias") is inner[0].bias
    with pytest.raises(AttributeError, match=r"no module 'body.7'; did you mean 'body"):
        model.get_submodule("body.7")
    with pytest.raises(AttributeError, match=r"did you mean 'head.bias'"):
        model.get_parameter("head.biass")


def test_apply_reaches_every_module_the_innermost_first():
    seen = []
    model = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.Tanh()))
    assert model.apply(lambda m: seen.append(type(m).__name__)) is model
    assert seen == ["Linear", "Tanh", "Sequential", "Sequential"]


def test_a_forward_hook_sees_and_changes_the_output_until_it_is_removed():
    layer, seen = nn.ReLU(), []
    look = layer.register_forward_hook(lambda m, inputs, y: seen.append((m, inputs[0], y)))
    double = layer.register_forward_hook(lambda m, inputs, y: y * 2)
    before = layer.register_forward_pre_hook(lambda m, inputs: inputs[0] + 1)
    x = Tensor([-3.0, 1.0])
    assert layer(x).tolist() == [0, 4]
    assert seen[0][0] is layer and seen[0][1].tolist() == [-2, 2] and seen[0][2].tolist() == [0, 2]
    for hook in (double, before, look, look):
        hook.remove()
    assert layer(x).tolist() == [0, 1] and len(seen) == 1
    assert repr(layer) == "ReLU()" and not layer.state_dict()
    with pytest.raises(TypeError, match="a hook is a function"):
        layer.register_forward_hook(3)


@pytest.mark.parametrize("name", ["a.b", "", 3, "forward"])
def test_a_name_that_would_hide_something_is_refused(name):
    with pytest.raises(TinylearnError):
        nn.Module().register_buffer(name, Tensor([1.0]))
    with pytest.raises(TinylearnError):
        nn.ModuleDict({name: nn.ReLU()})


def test_a_model_changes_its_kind_of_number_in_place():
    model = Scaled()
    weight = model.layer.weight
    assert model.double() is model and model.layer.weight is weight
    assert {t.dtype.name for t in model.state_dict().values()} == {"float64"}
    assert model(Tensor(np.ones((1, 2)))).dtype.name == "float64"
    assert model.to("float32").mask.dtype.name == "float32"
    with pytest.raises(TypeError, match="computes with floats, not int64"):
        model.to("int64")


def test_gradients_are_forgotten_or_set_to_zero():
    layer = nn.Linear(2, 1)
    layer(Tensor([[1.0, 2.0]])).sum().backward()
    layer.zero_grad(set_to_none=False)
    assert layer.weight.grad.tolist() == [[0, 0]]
    layer.zero_grad()
    assert layer.weight.grad is None


# ---------------------------------------------------------------- containers


def test_a_module_list_is_a_list_whose_members_learn():
    layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(2)])
    layers.append(nn.Linear(2, 1)).extend([nn.ReLU()])
    layers.insert(1, nn.Tanh())
    kinds = [type(m).__name__ for m in layers]
    assert kinds == ["Linear", "Tanh", "Linear", "Linear", "ReLU"] and len(layers) == 5
    assert list(layers.state_dict())[-1] == "3.bias"
    assert type(layers.pop()).__name__ == "ReLU"
    del layers[1]
    layers[-1] = nn.Identity()
    assert isinstance(layers[:2], nn.ModuleList) and len(layers[:2]) == 2
    assert list(layers.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    with pytest.raises(NotImplementedError, match=r"one by one\nTry Sequential"):
        layers(1)
    with pytest.raises(TypeError, match=r"is the class ReLU\nTry ReLU\(\)"):
        layers.append(nn.ReLU)


def test_a_sequential_may_have_names():
    model = nn.Sequential({"up": nn.Linear(1, 2), "bend": nn.ReLU()})
    assert list(model.state_dict()) == ["up.weight", "up.bias"] and model[1] is model.bend
    assert model(Tensor([[1.0]])).shape == (1, 2)
    model.append(nn.Linear(2, 3))
    assert model(Tensor([[1.0]])).shape == (1, 3) and type(model[:2]) is nn.Sequential


def test_a_module_dict_is_a_dict_whose_members_learn():
    model = nn.ModuleDict({"a": nn.Linear(1, 1)})
    model.update({"b": nn.ReLU(), "c": nn.Tanh()})
    assert model.keys() == ["a", "b", "c"] == list(model) and len(model) == 3
    assert type(model.pop("c")) is nn.Tanh and "c" not in model and "a" in model
    del model["b"]
    assert names(model.items()) == ["a"] and model.values() == [model.a]
    with pytest.raises(KeyError, match="has no 'A'"):
        model["A"]


def test_parameters_in_lists_and_dicts_learn():
    weights = nn.ParameterList([Tensor.ones(2) for _ in range(2)]).append(np.zeros(3, np.float32))
    assert names(weights.named_parameters()) == ["0", "1", "2"] and len(weights) == 3
    weights[-1] = Tensor([5.0])
    assert [w.shape for w in weights] == [(2,), (2,), (1,)] and weights[2].item() == 5
    named = nn.ParameterDict({"left": Tensor([1.0])})
    named["right"] = [2.0]
    assert names(named.named_parameters()) == ["left", "right"]


def test_an_identity_gives_what_it_takes():
    x = Tensor([1.0])
    assert nn.Identity(54, unused=True)(x) is x
