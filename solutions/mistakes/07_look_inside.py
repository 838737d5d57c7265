"""Known mistakes of chapter 07: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. Units that never answer

q1.mistake("That is the share of zeros. A unit that is 0 for some rows is alive: ask for ALL rows.",
           replace="(h == 0).all(0).mean", by="(h == 0).mean")
q1.mistake("Units are columns: look down the rows, along axis 0. Yours counts silent examples.",
           replace="(h == 0).all(0)", by="(h == 0).all(1)")
q1.mistake("One zero does not kill a unit: it is dead if ALL rows give 0, not if any does.",
           replace="(h == 0).all", by="(h == 0).any")
q1.mistake("That is how many; divide by the number of units for the share.",
           replace="(h == 0).all(0).mean", by="(h == 0).all(0).sum")
q1.mistake("A share of the units: divide by the number of columns, h.shape[1], not of rows.",
           replace="(h == 0).all(0).mean()", by="(h == 0).all(0).sum() / len(h)")
q1.mistake("That asks whether the whole layer is silent. Ask unit by unit: is its column all 0?",
           replace="(h == 0).all(0).mean()", by="(h == 0).all()")


@q1.wrong("Dead means exactly 0 in every row: an answer may be small, and still a gradient passes.")
def nearly_zero(outputs):
    return [float(np.isclose(h, 0).all(0).mean()) for h in outputs]


q1.mistake("Numbers from 0 to 1, not percent.",
           replace="float((h == 0).all(0).mean())", by="100 * float((h == 0).all(0).mean())")
q1.mistake("That is the share of units that are alive.",
           replace="(h == 0).all", by="(h > 0).any")


@q1.wrong("One number for each layer: a dead layer must not hide among healthy ones.")
def all_layers_in_one(outputs):
    dead = [(h == 0).all(0) for h in outputs]
    return [float(np.concatenate(dead).mean())] * len(outputs)


q1.mistake("all(0) gives True or False for each unit: .mean() makes a share of them.",
           replace=".all(0).mean()", by=".all(0)")

# ------------------------------------------------ q2. What arrives at each layer

RMS = "[(g * g).mean().sqrt().item() for g in loss.gradient(*weights)]"


@q2.wrong(".grad belongs to the training, and you change it; loss.gradient(*weights) does not.")
def left_behind(loss, weights):
    loss.backward()
    return [(w.grad * w.grad).mean().sqrt().item() for w in weights]


q2.mistake("Before a backward() .grad is None, and gradient gives a list: loss.gradient(*weights).",
           replace=RMS, by="[(w.grad * w.grad).mean().sqrt().item() for w in weights]")
q2.mistake("Before a backward() .grad is None, and gradient gives a list: loss.gradient(*weights).",
           replace=RMS, by="[float(np.sqrt((loss.gradient(w) ** 2).mean())) for w in weights]")
q2.mistake("Hand the weights over one by one, with a star: loss.gradient(*weights).",
           replace="*weights", by="weights")
q2.mistake("That is the largest slope of each. One number for all of them: square, mean, root.",
           replace="(g * g).mean().sqrt", by="g.abs().max")


@q2.wrong("That is the length, which grows with the number of weights: take the mean, not the sum.")
def lengths(loss, weights):
    return [(g * g).sum().sqrt().item() for g in loss.gradient(*weights)]


q2.mistake("That is the mean square: take its root.",
           replace="(g * g).mean().sqrt().item", by="(g * g).mean().item")
q2.mistake("That measures the weights themselves; asked for is the loss's gradient by them.",
           replace=RMS, by="[(w * w).mean().sqrt().item() for w in weights]")
q2.mistake("A standard deviation takes the mean away first; the root mean square does not.",
           replace="(g * g).mean().sqrt().item()", by="float(g.numpy().std())")
q2.mistake("Positive and negative slopes cancel in a mean: square them first.",
           replace="(g * g).mean().sqrt", by="g.mean")
q2.mistake("The mean of the absolute values is another measure: square, mean, root.",
           replace="(g * g).mean().sqrt", by="g.abs().mean")


@q2.wrong(".grad belongs to the training, and you change it; loss.gradient(*weights) does not.")
def clears_first(loss, weights):
    for w in weights:
        w.grad = None
    loss.backward()
    return [(w.grad * w.grad).mean().sqrt().item() for w in weights]


@q2.wrong(".grad belongs to the training, and you change it; loss.gradient(*weights) does not.")
def clears_afterwards(loss, weights):
    found = [(g * g).mean().sqrt().item() for g in loss.gradient(*weights)]
    for w in weights:
        w.grad = None
    return found


q2.mistake("Plain numbers are asked for: .item() makes one of a Tensor.",
           replace=RMS, by=RMS.replace(".item()", ""))
q2.mistake("The mean is missing: square, MEAN, root.",
           replace=".mean().sqrt()", by=".sqrt()")

# ------------------------------------------------ q3. Who made the first nan

q3.mistake("An infinity is bad, too, and becomes nan a few steps later: use np.isfinite.",
           replace="not np.isfinite(x).all()", by="np.isnan(x).any()")
q3.mistake("One bad number is enough: not all() finite, and not: all numbers bad.",
           replace="np.isfinite(x).all", by="np.isfinite(x).any")


@q3.wrong("Stop at the first bad result: the steps after it only pass it on.")
def never_stops(steps, x):
    found = None
    for place, step in enumerate(steps):
        x = step(x)
        if found is None and not np.isfinite(x).all():
            found = place
    return found


q3.mistake("Each step goes on from the last result, not from the first x again.",
           replace="        x = step(x)\n"
                   "        if not np.isfinite(x).all():\n",
           by="        if not np.isfinite(step(x)).all():\n")


@q3.wrong("Call each step once and keep what it gives: x = step(x), and then look at x.")
def each_step_twice(steps, x):
    for place, step in enumerate(steps):
        if not np.isfinite(step(x)).all():
            return place
        x = step(x)
    return None


@q3.wrong("The return of None stands behind the loop: one good step does not end the search.")
def gives_up(steps, x):
    for place, step in enumerate(steps):
        x = step(x)
        return None if np.isfinite(x).all() else place


q3.mistake("If all results are good, return None.",
           replace="return None", by="return -1")


@q3.wrong("Look at what the step GIVES, with np.isfinite: nan equals nothing, not even np.nan.")
def looks_before_the_step(steps, x):
    for place, step in enumerate(steps):
        if not np.isfinite(x).all():
            return place
        x = step(x)
    return None


q3.mistake("Count from 0: the first step has the place 0.",
           replace="enumerate(steps)", by="enumerate(steps, 1)")
q3.mistake("That is the first GOOD step: the test is turned round.",
           replace="not np.isfinite(x).all()", by="np.isfinite(x).all()")
q3.mistake("No step is run: x = step(x) comes first.",
           replace="x = step(x)", by="pass")
q3.mistake("isfinite gives an answer for each number: .all() makes one of them.",
           replace="np.isfinite(x).all()", by="np.isfinite(x)")
q3.mistake("The return stands outside of the if: only a bad result ends the search.",
           replace="            return place", by="            pass\n        return place")
q3.mistake("steps holds functions alone: enumerate(steps) gives each with its place.",
           replace="enumerate(steps)", by="steps")

# ------------------------------------------------ q4. A logarithm that never meets zero


@q4.wrong("sigmoid(1000) is 1 and log(1 - 1) is infinite: use the form with max(z, 0).")
def naive(logits, target):
    p = logits.sigmoid()
    return -(target * p.log() + (1 - target) * (1 - p).log()).mean()


@q4.wrong("A clamp hides it: the loss stays small where it should be 1,000, and its slope is 0.")
def clamped(logits, target):
    p = logits.sigmoid().clamp(1e-7, 1 - 1e-7)
    return -(target * p.log() + (1 - target) * (1 - p).log()).mean()


q4.mistake("exp(1000) is infinite: inside the exp stands MINUS the absolute value.",
           replace="logits.relu() - logits * target + (1 + (-logits.abs()).exp()).log()",
           by="(1 + logits.exp()).log() - logits * target")
q4.mistake("The power stands in the logarithm with the 1: log(1 + e^-|z|), and not log(e^-|z|).",
           replace="1 + (-logits.abs()).exp()", by="-logits.abs()).exp(")
q4.mistake("In the power stands the absolute value: -|z|, and not -z.",
           replace="logits.abs()", by="logits")
q4.mistake("The sign is turned round: the form holds its minus already, and a loss is above 0.",
           replace="(logits.relu() - logits * target + (1 + (-logits.abs()).exp()).log()).mean",
           by="-(logits.relu() - logits * target + (1 + (-logits.abs()).exp()).log()).mean")
q4.mistake("Return the Tensor itself: a plain number has no gradient.",
           replace="(logits.relu() - logits * target + (1 + (-logits.abs()).exp()).log()).mean()",
           by="(logits.relu() - logits * target + (1 + (-logits.abs()).exp()).log()).mean().item()")


@q4.wrong("NumPy ends the graph, and no gradient comes back: z.relu(), z.abs(), .exp() and .log().")
def by_numpy(logits, target):
    z, y = logits.numpy(), target.numpy()
    return Tensor(np.maximum(z, 0) - z * y + np.log(1 + np.exp(-np.abs(z)))).mean()


q4.mistake("For a yes a high score is good: z * y is taken away, not added.",
           replace="logits.relu() - logits * target", by="logits.relu() + logits * target")
q4.mistake("The loss is the mean, not the sum.",
           replace="(logits.relu() - logits * target + (1 + (-logits.abs()).exp()).log()).mean",
           by="(logits.relu() - logits * target + (1 + (-logits.abs()).exp()).log()).sum")
q4.mistake("max(z, 0) is missing: without it a yes has a negative loss.",
           replace="logits.relu() - logits * target + (1 + (-logits.abs()).exp()).log()",
           by="(1 + (-logits.abs()).exp()).log() - logits * target")
q4.mistake("Those are the losses one by one: return their mean.",
           replace="(logits.relu() - logits * target + (1 + (-logits.abs()).exp()).log()).mean",
           by="logits.relu() - logits * target + (1 + (-logits.abs()).exp()).log")
q4.mistake("The logarithm is added.",
           replace="+ (1", by="- (1")
q4.mistake("The logarithm is missing: log(1 + e^-|z|).",
           replace=".exp()).log()", by=".exp())")
q4.mistake("exp(1000) is infinite: inside the exp stands MINUS the absolute value.",
           replace="(-logits.abs())", by="logits.abs()")
q4.mistake("The first term is max(z, 0), and not z: logits.relu().",
           replace="logits.relu()", by="logits")
q4.mistake("The power is missing: log(1 + e^-|z|).",
           replace=".exp()", by="")
q4.mistake("In the logarithm the power is added to the 1.",
           replace="(1 + ", by="(1 - ")
q4.mistake("The first two terms are turned round: max(z, 0) minus z * y.",
           replace="logits.relu() - logits * target", by="logits * target - logits.relu()")
q4.mistake("The truth is missing: z * y is taken away.",
           replace=" - logits * target", by="")

# ------------------------------------------------ q5. Script 1: it learns, and then forgets

KEPT = "A loss that is kept as a Tensor keeps its whole graph in memory: loss.item() is a number."
STILL = "No step is made: optimizer.step() stands between backward() and zero_grad()."
EARLY = "The return stands inside the loop: one step is made, and no more."


@q5.wrong("Those are the losses of the broken script: nothing has changed in what step() uses.")
def forgotten_before_the_loop(model, optimizer, batches):
    found = []
    optimizer.zero_grad()
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return "gradients pile up", found


@q5.wrong("A smaller rate slows the fault down and leaves it in: .grad is still no fresh gradient.")
def smaller_rate(model, optimizer, batches):
    optimizer.lr = 0.05
    found = []
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return "learning rate too large", found


q5.mistake("step() needs the gradients: forget them after it, and not between backward() and it.",
           replace="        optimizer.step()\n"
                   "        optimizer.zero_grad()\n",
           by="        optimizer.zero_grad()\n"
              "        optimizer.step()\n")


@q5.wrong("Adam hides the fault: it divides by the size, so that piled-up gradients look harmless.")
def another_optimizer(model, optimizer, batches):
    optimizer, found = optim.Adam([model], lr=0.01), []
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return "learning rate too large", found


@q5.wrong("A rate too large fails from the first step; this loss falls first. Look into .grad.")
def blames_the_rate(model, optimizer, batches):
    found = []
    for x, y in batches:
        optimizer.zero_grad()
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return "learning rate too large", found


q5.mistake("Exploding is measured from layer to layer; here the sizes grow from step to step.",
           replace='"gradients pile up"', by='"signal explodes"')
q5.mistake(KEPT,
           replace="found.append(loss.item())", by="found.append(loss)")
q5.mistake(STILL,
           replace="        optimizer.step()\n", by="")
q5.mistake(EARLY,
           replace="(loss.item())", by='(loss.item())\n        return "gradients pile up", found')

# ------------------------------------------------ q6. Script 2: always 2.3


@q6.wrong("Those are the first numbers of the script itself.")
def unchanged(seed):
    return "dead units", script_2(seed)


@q6.wrong("No ReLU stands after the last layer: its scores may be negative.")
def relu_at_the_end(seed):
    rng, model = np.random.default_rng(seed), script_2(seed)
    for layer in (model[0], model[2], model[4]):
        numbers = rng.uniform(-0.3, 0.3, layer.weight.shape)
        layer.weight.assign(numbers.astype(np.float32))
    return "dead units", Sequential(*model, ReLU())


@q6.wrong("Smaller, and still never positive: measure dead_shares on your network.")
def smaller_and_negative(seed):
    model = script_2(seed)
    for layer in (model[0], model[2], model[4]):
        layer.weight.assign(layer.weight.numpy() * np.float32(0.1))
    return "signal explodes", model


@q6.wrong("Now all units answer, and nearly the same: weights need both signs, around 0.")
def all_positive(seed):
    model = script_2(seed)
    for layer in (model[0], model[2], model[4]):
        layer.weight.assign(-layer.weight.numpy())
    return "dead units", model


@q6.wrong("With all zeros no unit answers, and no gradient comes through. Draw random numbers.")
def all_zeros(seed):
    model = script_2(seed)
    for layer in (model[0], model[2], model[4]):
        layer.weight.assign(np.zeros(layer.weight.shape, np.float32))
    return "dead units", model


@q6.wrong("The units live, but now the signal dies out on the way: keep the bound as it was.")
def far_too_small(seed):
    rng, model = np.random.default_rng(seed), script_2(seed)
    for layer in (model[0], model[2], model[4]):
        numbers = rng.uniform(-0.02, 0.02, layer.weight.shape)
        layer.weight.assign(numbers.astype(np.float32))
    return "dead units", model


@q6.wrong("A signal that dies out gets smaller and smaller. Here it is cut off: 0, in every unit.")
def blames_the_size(seed):
    rng, model = np.random.default_rng(seed), script_2(seed)
    for layer in (model[0], model[2], model[4]):
        bound = (6 / layer.weight.shape[1]) ** 0.5
        numbers = rng.uniform(-bound, bound, layer.weight.shape)
        layer.weight.assign(numbers.astype(np.float32))
    return "signal dies out", model


q6.mistake("Far too large: the signal explodes on the way. The bound is the root of 6 / into.",
           replace="bound = (6 / into) ** 0.5", by="bound = into**0.5")
q6.mistake("No ReLU stands after the last layer: its scores may be negative.",
           replace="layers[:-1]", by="layers")
q6.mistake("A Linear's weight has a row for each output: (out, into).",
           replace="(out, into)).as", by="(into, out)).as")

# ------------------------------------------------ q7. Script 3: a loss with a floor

BACK = "step() uses what backward() leaves in .grad: backward(), then step(), then zero_grad()."


@q7.wrong("Larger steps reach the floor sooner, and stay on it: it is the loss that cannot fall.")
def larger_rate(model, optimizer, x, y, steps):
    optimizer.lr = 0.05
    return "signal dies out", script_3(model, optimizer, x, y, steps)


@q7.wrong("Those are the losses of the script as it is.")
def unchanged_script(model, optimizer, x, y, steps):
    return "softmax twice", script_3(model, optimizer, x, y, steps)


q7.mistake("A loss below 0: nll_loss takes the LOGARITHMS of probabilities, from log_softmax.",
           replace="model(x).cross_entropy", by="model(x).softmax(1).nll_loss")


@q7.wrong("Taking the floor away from the numbers changes what is printed, not what is learned.")
def floor_subtracted(model, optimizer, x, y, steps):
    return "softmax twice", [loss - 1.4612 for loss in script_3(model, optimizer, x, y, steps)]


q7.mistake("That loss falls to 0, but it is no cross-entropy: only the softmax is one too many.",
           replace="        loss = model(x).cross_entropy(y)\n",
           by="        wrong = model(x) - Tensor(y, requires_grad=False).one_hot(10)\n"
              "        loss = (wrong * wrong).mean()\n")


@q7.wrong(
    "-log p of the right class needs the logarithm; cross_entropy of p is still softmax of p."
)
def scaled_up(model, optimizer, x, y, steps):
    found = []
    for _ in range(steps):
        loss = (model(x).softmax(1) * 3).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        found.append(loss.item())
    return "softmax twice", found


q7.mistake("The rate is fine: with the scores handed over, the same steps bring the loss to 0.",
           replace='"softmax twice"', by='"learning rate too large"')


@q7.wrong("Labels that do not belong can be learned by heart, too; and here the answers are right.")
def blames_the_labels(model, optimizer, x, y, steps):
    found = []
    for _ in range(steps):
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        found.append(loss.item())
    return "labels apart", found


q7.mistake(KEPT,
           replace="found.append(loss.item())", by="found.append(loss)")
q7.mistake(STILL,
           replace="        optimizer.step()\n", by="")
q7.mistake(EARLY,
           replace="(loss.item())", by='(loss.item())\n        return "softmax twice", found')
q7.mistake(BACK,
           replace="        loss.backward()\n", by="")
q7.mistake("Gradients pile up now: zero_grad() stands between step() and the next backward().",
           replace="        optimizer.zero_grad()\n", by="")
q7.mistake(BACK,
           replace="        optimizer.step()\n"
                   "        optimizer.zero_grad()\n",
           by="        optimizer.zero_grad()\n"
              "        optimizer.step()\n")
q7.mistake("steps is a number: range(steps) counts up to it.",
           replace="range(steps)", by="steps")

# ------------------------------------------------ q8. Script 4: healthy inside, and learns nothing


@q8.wrong("Without any shuffling the fault is gone, and so is the random order: keep it.")
def not_shuffled(seed):
    return "labels apart", *sorted_digits(seed)


@q8.wrong("The other way round is no random order: rows of a class still stand together.")
def back_to_front(seed):
    x, y = sorted_digits(seed)
    return "labels apart", x[::-1], y[::-1]


@q8.wrong("x has a new order, and y has kept the old one: use one order for both.")
def only_x(seed):
    x, y = sorted_digits(seed)
    return "labels apart", x[np.random.default_rng(seed).permutation(len(x))], y


@q8.wrong("Two calls, two orders, also on one line: keep the order in a name and use it twice.")
def two_calls(seed):
    (x, y), rng = sorted_digits(seed), np.random.default_rng(seed)
    rows = np.arange(len(x))
    x, y = x[rng.permutation(rows)], y[rng.permutation(rows)]
    return "dead units", x, y


@q8.wrong("Drawing row numbers takes some rows twice and leaves others out: use a permutation.")
def drawn_with_repeats(seed):
    x, y = sorted_digits(seed)
    rows = np.random.default_rng(seed).integers(0, len(x), len(x))
    return "labels apart", x[rows], y[rows]


q8.mistake("The rate is the same for the file as it stands, and there it learns. Draw the digits.",
           replace='"labels apart"', by='"learning rate too large"')
q8.mistake("Scale is not the matter: pixels go from 0 to 1 before and after. Draw the digits.",
           replace='"labels apart"', by='"inputs not scaled"')
q8.mistake("permutation(x) mixes the rows themselves; asked for are row numbers, of len(x).",
           replace="(len(x))", by="(x)")

# ------------------------------------------------ q9. Script 5: nan from the first step on


@q9.wrong("Undivided, the ink goes up to 16, and the first step is far too long: scale it as well.")
def not_scaled(seed):
    return "division by zero", inked(seed)[0]


@q9.wrong("Zeros everywhere are finite, and say nothing: only the blank pixels may become 0.")
def zeros_everywhere(seed):
    return "division by zero", np.zeros((40, 64), np.float32)


@q9.wrong("That leaves blank pixels out, and the network has 64 inputs: keep them, as 0.")
def blank_pixels_left_out(seed):
    x = inked(seed)[0]
    x = x[:, x.std(0) > 0]
    return "division by zero", (x - x.mean(0)) / x.std(0)


@q9.wrong("The blank pixels are still 0 / 0: what stands below the line must not be 0.")
def root_repaired(seed):
    x = Tensor(inked(seed)[0], requires_grad=False)
    centred = x - x.mean(0)
    return "division by zero", centred / centred.square().mean(0).clamp(0.0).sqrt()


q9.mistake("That changes what stands above the line. The 0 stands below it.",
           replace="    deviation = centred.square().mean(0).sqrt()\n"
                   '    return "division by zero", centred / (deviation + 1e-5)\n',
           by='    return "division by zero", (centred + 1e-5) / centred.square().mean(0).sqrt()\n')


@q9.wrong("Centred, but not scaled: the ink still spreads over many units, and steps are too long.")
def only_centred(seed):
    x = inked(seed)[0]
    return "division by zero", x - x.mean(0)


@q9.wrong("One number for all pixels has no 0 below the line; but each pixel needs its own scale.")
def one_scale_for_all(seed):
    x = inked(seed)[0]
    return "division by zero", (x - x.mean(0)) / x.std()


@q9.wrong("Divided by 16 nothing is 0 / 0; but each pixel has a mean and a scale of its own.")
def divided_by_the_ink(seed):
    return "division by zero", inked(seed)[0] / 16


@q9.wrong("What you add must be tiny beside the deviations: 1 changes all of them.")
def one_added(seed):
    x = inked(seed)[0]
    return "division by zero", (x - x.mean(0)) / (x.std(0) + 1)


@q9.wrong("There is no logarithm before the nan: trace_nan names recip, a division.")
def blames_the_logarithm(seed):
    x = inked(seed)[0]
    return "logarithm of zero", (x - x.mean(0)) / (x.std(0) + 1e-5)


@q9.wrong("Unscaled inputs make a large loss, and no nan. Ask trace_nan who made the first.")
def blames_the_scale(seed):
    x = inked(seed)[0]
    return "inputs not scaled", (x - x.mean(0)) / (x.std(0) + 1e-5)


q9.mistake("The mean is not taken away: every pixel has mean 0 in script 5.",
           replace="x - x.mean(0)", by="x")
q9.mistake("Over the rows, along axis 0: each pixel has a mean of its own.",
           replace="x - x.mean(0)", by="x - x.mean(1)")
q9.mistake("That is the variance, and the deviation is its root: .sqrt() is missing.",
           replace=".mean(0).sqrt()", by=".mean(0)")
