"""More known mistakes of chapter 05."""


@q5.wrong("layers belongs to whoever calls: go through it, and take nothing out of it.")
def takes_the_layers_out(x, layers):
    weight, bias = layers.pop()
    for before in layers:
        x = linear(x, *before).relu()
    return linear(x, weight, bias)


@q7.wrong("The same numbers in another place are not drawn: randn or uniform.", worth=0)
def evenly_spaced_and_rolled(shape, fan_in, gain=2**0.5):
    bound, size = gain * (3 / fan_in) ** 0.5, int(np.prod(shape))
    numbers = np.roll(np.linspace(-bound, bound, size), int(Tensor.rand(1).item() * size))
    return Tensor(numbers.reshape(shape).astype(np.float32))


@q7.wrong("Numbers at equal distances in a random order are not drawn: randn or uniform.", worth=0)
def evenly_spaced_and_mixed(shape, fan_in, gain=2**0.5):
    bound, size = gain * (3 / fan_in) ** 0.5, int(np.prod(shape))
    numbers = np.linspace(-bound, bound, size)[Tensor.rand(size).numpy().argsort()]
    return Tensor(numbers.reshape(shape).astype(np.float32))
