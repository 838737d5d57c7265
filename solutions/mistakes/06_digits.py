"""Known mistakes of chapter 06: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. Keep some for the exam

FOUR = "x[train], y[train], x[test], y[test]"
q1.mistake("The order of the four is x_train, y_train, x_test, y_test.",
           replace=FOUR, by="x[train], x[test], y[train], y[test]")


@q1.wrong("The rows of the exam are order[:tests], by the order as well.")
def exam_not_shuffled(x, y, order, tests):
    return x[order[tests:]], y[order[tests:]], x[:tests], y[:tests]


@q1.wrong("x[order] is in the order already: pick by it once.")
def ordered_twice(x, y, order, tests):
    x, y = x[order], y[order]
    return x[order[tests:]], y[order[tests:]], x[order[:tests]], y[order[:tests]]


q1.mistake("Leave the rows in the order in which they come: no sorting.",
           replace="order[tests:], order[:tests]",
           by="np.sort(order[tests:]), np.sort(order[:tests])")
q1.mistake("order[:-tests] leaves out the LAST rows; all but the first are order[tests:].",
           replace="order[tests:]", by="order[:-tests]")
q1.mistake("Return the four arrays side by side, not as two pairs.",
           replace=FOUR, by="(x[train], y[train]), (x[test], y[test])")


@q1.wrong("x and y belong together: pick the rows of both by the same order.")
def answers_not_shuffled(x, y, order, tests):
    return x[order[tests:]], y[tests:], x[order[:tests]], y[:tests]


@q1.wrong("The FIRST rows of the order are for the exam, and all others for the training.")
def last_rows(x, y, order, tests):
    rest, exam = order[: len(order) - tests], order[len(order) - tests :]
    return x[rest], y[rest], x[exam], y[exam]


@q1.wrong("Use the order: the rows of a file are often sorted, and the first are of one kind.")
def without_order(x, y, order, tests):
    return x[tests:], y[tests:], x[:tests], y[:tests]


@q1.wrong("The training set comes first: x_train, y_train, x_test, y_test.")
def exam_first(x, y, order, tests):
    rows = order[:tests]
    return x[rows], y[rows], x[order[tests:]], y[order[tests:]]


@q1.wrong(
    "An exam whose questions were practised says nothing: leave the test rows out of training."
)
def overlapping(x, y, order, tests):
    return x[order], y[order], x[order[:tests]], y[order[:tests]]


q1.mistake("Nothing comes back: put return before the four arrays.",
           replace="return " + FOUR, by=FOUR, worth=0)
q1.mistake("The order says which ROWS come first: order[tests:], and not which numbers are large.",
           replace="train, test = order[tests:], order[:tests]",
           by="train, test = order >= tests, order < tests", worth=0)

# ------------------------------------------------ q2. Rows in portions

PORTIONS = "[order[start : start + size] for start in range(0, len(order), size)]"
q2.mistake("The last rows are missing: the last batch may be shorter.",
           replace=PORTIONS,
           by="[order[k * size : (k + 1) * size] for k in range(len(order) // size)]")
q2.mistake("When the rows divide evenly there is no empty batch at the end.",
           replace=PORTIONS,
           by="[order[k * size : (k + 1) * size] for k in range(len(order) // size + 1)]")
q2.mistake("`size` is the number of rows in a batch, not the number of batches.",
           replace=PORTIONS, by="list(np.array_split(order, size))")
q2.mistake("The batches overlap: the next one begins where the last one ended.",
           replace="range(0, len(order), size)", by="range(len(order))")
q2.mistake("A slice goes from start to start + size: order[start : start + size].",
           replace="start : start + size", by="start:size")
q2.mistake("A slice ends BEFORE its second number: order[start : start + size], without + 1.",
           replace="start + size", by="start + size + 1")
q2.mistake("All batches but the last have `size` rows; array_split makes them about equally long.",
           replace=PORTIONS, by="list(np.array_split(order, -(-len(order) // size)))")


@q2.wrong("Cut the order as it comes: without sorting it, and not the places in it.")
def places(order, size):
    rows = np.arange(len(order))
    return [rows[start : start + size] for start in range(0, len(order), size)]


q2.mistake("In sequence: a batch is a slice, order[start : start + size], not every size-th row.",
           replace=PORTIONS, by="[order[start::size] for start in range(size)]")
q2.mistake("A reshape needs rows that divide evenly, and here they need not: cut slices.",
           replace=PORTIONS, by="list(order.reshape(-1, size))")
q2.mistake("range(0, len(order), size) goes up to the end: len(order) - 1 loses the last row.",
           replace="len(order)", by="len(order) - 1")
q2.mistake("The return stands inside the loop: only the first batch is made.",
           replace=PORTIONS, by="[order[:size]]")
q2.mistake("Nothing comes back: put return before the list.",
           replace="return " + PORTIONS, by=PORTIONS, worth=0)
q2.mistake("A slice goes from start to start + size: order[start : start + size].",
           replace="start + size]", by="start * size]", worth=0)

# ------------------------------------------------ q3. Cross-entropy


@q3.wrong("exp(1000) is infinite: first take the largest score of each row away from it.")
def naive(logits, labels):
    p = logits.exp() / logits.exp().sum(1, keepdim=True)
    return -((p * labels.one_hot(logits.shape[1])).sum(1).log()).mean()


q3.mistake("Each row needs its own largest score: with one for all, the others' exp becomes 0.",
           replace="logits.max(1, keepdim=True)", by="logits.max()")
q3.mistake("The loss is the mean over the batch, not the sum.",
           replace="(below.exp().sum(1).log() - right).mean",
           by="(below.exp().sum(1).log() - right).sum")


@q3.wrong("Add up over the classes first, .sum(1): the mean is over the rows, not over all scores.")
def mean_over_all(logits, labels):
    scores = logits - logits.max(1, keepdim=True)
    losses = scores.exp().sum(1, keepdim=True).log() - scores
    return (losses * labels.one_hot(logits.shape[1])).mean()


@q3.wrong("Each row has a right class of its own: pick it with one_hot; [:, labels] picks columns.")
def columns_picked(logits, labels):
    scores = logits - logits.max(1, keepdim=True)
    return (scores.exp().sum(1).log() - scores[:, labels]).mean()


q3.mistake("The sign is turned round: the loss is MINUS the logarithm, and never negative.",
           replace="below.exp().sum(1).log() - right", by="right - below.exp().sum(1).log()")


@q3.wrong("That is one minus the probability; the loss is minus its logarithm.")
def no_logarithm(logits, labels):
    below = logits - logits.max(1, keepdim=True)
    p = below.exp() / below.exp().sum(1, keepdim=True)
    return (1 - (p * labels.one_hot(logits.shape[1])).sum(1)).mean()


@q3.wrong("Each row is one example: its exps are added along axis 1, over the classes.")
def down_the_batch(logits, labels):
    below = logits - logits.max(0, keepdim=True)
    logs = below - below.exp().sum(0, keepdim=True).log()
    return -((logs * labels.one_hot(logits.shape[1])).sum(1)).mean()


q3.mistake("A column of maxima is taken away row by row: .max(1, keepdim=True) keeps the axis.",
           replace="logits.max(1, keepdim=True)", by="logits.max(1)")
q3.mistake("The right score is lowered like the others: (below * labels.one_hot(...)).sum(1).",
           replace="below * labels.one_hot(logits.shape[1])",
           by="logits * labels.one_hot(logits.shape[1])")


@q3.wrong("A probability may be so small that it is 0: take log(sum of exps) minus right score.")
def logarithm_of_a_share(logits, labels):
    share = logits.softmax(1)
    return -((share * labels.one_hot(logits.shape[1])).sum(1).log()).mean()


@q3.wrong("A clamp hides what is wrong by 1,000: take log(sum of exps) minus the right score.")
def clamped(logits, labels):
    share = logits.softmax(1).clamp(1e-7, 1)
    return -((share * labels.one_hot(logits.shape[1])).sum(1).log()).mean()


@q3.wrong("A clamp changes the scores: take the largest of each row away from it instead.")
def clamped_scores(logits, labels):
    logits = logits.clamp(-50, 50)
    right = (logits * labels.one_hot(logits.shape[1])).sum(1)
    return (logits.exp().sum(1).log() - right).mean()


q3.mistake("one_hot takes the number of classes, logits.shape[1]; shape[0] is that of the rows.",
           replace="logits.shape[1]", by="logits.shape[0]")
q3.mistake("Each row has a sum of its own: .exp().sum(1).",
           replace="below.exp().sum(1)", by="below.exp().sum()")
q3.mistake("Those are the losses of the rows: return their mean.",
           replace="(below.exp().sum(1).log() - right).mean()",
           by="below.exp().sum(1).log() - right")
q3.mistake("Return the Tensor itself: a plain number has no gradient.",
           replace="(below.exp().sum(1).log() - right).mean()",
           by="(below.exp().sum(1).log() - right).mean().item()")


@q3.wrong("NumPy ends the graph, and no gradient comes back: work with tensors alone.")
def by_numpy(logits, labels):
    z, y = logits.numpy(), labels.numpy().astype(int)
    z = z - z.max(1, keepdims=True)
    return Tensor(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]))


@q3.wrong("cross_entropy is what you write: it runs your function, which calls it again.")
def calls_itself(logits, labels):
    return logits.cross_entropy(labels)


q3.mistake("Nothing comes back: put return before the mean.",
           replace="return (below", by="(below", worth=0)
q3.mistake("The logarithm of the SUM: first .sum(1), then .log().",
           replace=".sum(1).log()", by=".log().sum(1)", worth=0)
q3.mistake("The logarithm of the sum is missing: below.exp().sum(1).log().",
           replace=".sum(1).log()", by=".sum(1)", worth=0)

# ------------------------------------------------ q4. What flows back

q4.mistake("The loss is a mean: divide by the number of rows.",
           replace="p / len(labels)", by="p")


@q4.wrong("The loss is a mean over the rows: divide by their number, not by that of all scores.")
def divided_by_all(logits, labels):
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return (powers / powers.sum(1, keepdims=True) - np.eye(logits.shape[1])[labels]) / logits.size


@q4.wrong("At the right class, 1 is taken away from the probability.")
def probabilities_alone(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True) / len(labels)


@q4.wrong("The sign is turned round: probabilities minus truth, for a larger wrong score is worse.")
def truth_minus_p(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return -p / len(labels)


q4.mistake("exp(1000) is infinite: first take the largest score of each row away from it.",
           replace="    e = np.exp(logits - logits.max(1, keepdims=True))\n"
                   "    p = e / e.sum(1, keepdims=True)\n",
           by="    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)\n")
q4.mistake("p[:, labels] picks those columns in EVERY row: each row has a right class of its own.",
           replace="np.arange(len(labels))", by=":")
q4.mistake("Each row needs its own largest score: with one for all, the others' exp becomes 0.",
           replace="logits.max(1, keepdims=True)", by="logits.max()")
q4.mistake("logits is an array: NumPy writes keepdims=True, with an s.",
           replace="logits.max(1, keepdims=True)", by="logits.max(1, keepdim=True)")
q4.mistake("Maxima and sums stay columns, one number for each row: keepdims=True in both.",
           replace="logits.max(1, keepdims=True)", by="logits.max(1)")


@q4.wrong("The 1 is divided by the number of rows, too: subtract first, then divide everything.")
def divided_too_early(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True) / len(labels)
    p[np.arange(len(labels)), labels] -= 1
    return p


q4.mistake("p[labels] picks whole ROWS; one number in each is p[np.arange(len(labels)), labels].",
           replace="np.arange(len(labels)), labels", by="labels")
q4.mistake("Each row is one example: its softmax goes along axis 1, over the classes.",
           replace="    e = np.exp(logits - logits.max(1, keepdims=True))\n"
                   "    p = e / e.sum(1, keepdims=True)\n",
           by="    e = np.exp(logits - logits.max(0, keepdims=True))\n"
              "    p = e / e.sum(0, keepdims=True)\n")


@q4.wrong("The 1 is taken away at the right class alone.")
def everywhere(logits, labels):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return (e / e.sum(1, keepdims=True) - 1) / len(labels)


q4.mistake("The probability MINUS 1 stands at the right class, not -1 in its place: -= 1.",
           replace="p[np.arange(len(labels)), labels] -= 1",
           by="p[np.arange(len(labels)), labels] = -1")
q4.mistake("Every row has a softmax of its own: divide by its own sum, .sum(1, keepdims=True).",
           replace="e.sum(1, keepdims=True)", by="e.sum()")
q4.mistake("Nothing comes back: put return before the slopes.",
           replace="return p / len(labels)", by="p / len(labels)", worth=0)
q4.mistake("The mean is over the rows: divide by len(labels), not by the number of classes.",
           replace="len(labels)\n", by="logits.shape[1]\n", worth=0)
q4.mistake("Maxima and sums stay columns, one number for each row: keepdims=True in both.",
           replace="e.sum(1, keepdims=True)", by="e.sum(1)", worth=0)
q4.mistake(
    "logits is changed where it lies, and belongs to whoever calls: logits - ..., without -=.",
    replace="    e = np.exp(logits - logits.max(1, keepdims=True))\n",
    by="    logits -= logits.max(1, keepdims=True)\n    e = np.exp(logits)\n",
)

# ------------------------------------------------ q5. A step downhill

q5.mistake("That goes uphill: the step is against the gradient.",
           replace="w - lr * g", by="w + lr * g")
q5.mistake("That is the step alone: return the weight after it.",
           replace="w - lr * g", by="-lr * g")
q5.mistake("The learning rate is missing: it says how far to go.",
           replace="w - lr * g", by="w - g")
q5.mistake("lr belongs to the gradient; the weight itself is kept as it is.",
           replace="w - lr * g", by="lr * (w - g)")
q5.mistake("The old w is changed: return a new one, w - lr * g, and leave w as it is.",
           replace="w - lr * g", by="w.assign(w - lr * g)")
q5.mistake("Nothing is returned: w - lr * g is the new weight, return it.",
           replace="return w - lr * g", by="w = w - lr * g")
q5.mistake("The gradient is multiplied by lr: a small rate makes a small step.",
           replace="w - lr * g", by="w - g / lr")
q5.mistake("w and g are exchanged: from the weight, lr times the gradient is taken away.",
           replace="w - lr * g", by="g - lr * w")
q5.mistake("Each weight goes by its own gradient, not by the mean of all.",
           replace="w - lr * g", by="w - lr * g.mean()")
q5.mistake("The step does not depend on the weight's size: w - lr * g, without w in the product.",
           replace="w - lr * g", by="w * (1 - lr * g)")
q5.mistake("The rate and the gradient are multiplied, not added: lr * g.",
           replace="w - lr * g", by="w - (lr + g)", worth=0)
q5.mistake("Without brackets: lr times g is taken away from w.",
           replace="w - lr * g", by="(w - lr) * g", worth=0)

# ------------------------------------------------ q6. A heavy ball


@q6.wrong("The weight moves by the NEW velocity, the one with this gradient in it.")
def old_velocity(w, g, v, lr, momentum):
    return w - lr * v, momentum * v + g


q6.mistake("The whole gradient is added; (1 - momentum) * g makes a mean, as in Adam.",
           replace="momentum * v + g", by="momentum * v + (1 - momentum) * g")


@q6.wrong("lr stands outside of v: v is made of gradients, and the weight's step is lr * v.")
def lr_inside(w, g, v, lr, momentum):
    v = momentum * v + lr * g
    return w - v, v


@q6.wrong("The velocity is forgotten: return the new v, not the old one.")
def v_not_kept(w, g, v, lr, momentum):
    return w - lr * (momentum * v + g), v


q6.mistake("The weight comes first in the tuple: the new w, then the new v.",
           replace="w - lr * v, v", by="v, w - lr * v")


@q6.wrong("v is made of gradients as they are; the minus and lr stand in the weight's step.")
def step_as_velocity(w, g, v, lr, momentum):
    v = momentum * v - lr * g
    return w + v, v


@q6.wrong("v adds the gradient up, with a plus; the minus stands in the weight's step.")
def velocity_downhill(w, g, v, lr, momentum):
    v = momentum * v - g
    return w + lr * v, v


q6.mistake("That goes uphill: the weight moves AGAINST the velocity, w - lr * v.",
           replace="w - lr * v", by="w + lr * v")


@q6.wrong("Return two things: the new w and the new v.")
def weight_alone(w, g, v, lr, momentum):
    return w - lr * (momentum * v + g)


q6.mistake("The velocity is used once: w - lr * v. With a second push it is Nesterov's momentum.",
           replace="w - lr * v", by="w - lr * (g + momentum * v)")
q6.mistake("momentum belongs to the old v alone; the whole gradient is added.",
           replace="momentum * v + g", by="momentum * (v + g)")
q6.mistake("The learning rate is missing: the weight moves by lr * v.",
           replace="w - lr * v", by="w - v")
q6.mistake("v keeps only the share `momentum` of itself, or it never slows down.",
           replace="momentum * v", by="v")
q6.mistake("The weight follows the velocity, not the gradient: w - lr * v.",
           replace="w - lr * v", by="w - lr * g")
q6.mistake("`momentum` is the share that v KEEPS, not the one that it loses.",
           replace="momentum * v", by="(1 - momentum) * v")
q6.mistake("v keeps the share `momentum`, and the WHOLE gradient is added.",
           replace="momentum * v + g", by="(1 - momentum) * v + momentum * g")
q6.mistake("Nothing comes back: put return before the two.",
           replace="return w - lr * v, v", by="w - lr * v, v", worth=0)

# ------------------------------------------------ q7. Adam

q7.mistake("Both means start at zero and are too small at first: divide by the corrections.",
           replace="lr * (m / correction1) / ((v / correction2).sqrt() + eps)",
           by="lr * m / (v.sqrt() + eps)")
q7.mistake("eps is added to the root, not under it.",
           replace="(v / correction2).sqrt() + eps", by="v / correction2 + eps).sqrt(")


@q7.wrong("beta1 belongs to m, and beta2 to v.")
def betas_exchanged(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m, v = beta2 * m + (1 - beta2) * g, beta1 * v + (1 - beta1) * g * g
    return w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), m, v


@q7.wrong(
    "A running mean takes only the share 1 - beta of what is new: (1 - beta1) * g, and so on."
)
def all_of_the_new(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m, v = beta1 * m + g, beta2 * v + g * g
    return w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), m, v


q7.mistake("v is a mean of SQUARES: g * g, never negative.",
           replace="(1 - beta2) * g * g", by="(1 - beta2) * g")
q7.mistake("The root is missing: m is divided by the ROOT of the mean square.",
           replace="(v / correction2).sqrt()", by="v / correction2")


@q7.wrong("Return m and v as they are: corrected ones would be corrected again at the next step.")
def corrected_for_good(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = (beta1 * m + (1 - beta1) * g) / correction1
    v = (beta2 * v + (1 - beta2) * g * g) / correction2
    return w - lr * m / (v.sqrt() + eps), m, v


@q7.wrong("The shares are turned round: m KEEPS beta1 and takes 1 - beta1 of the gradient.")
def shares_turned_round(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = (1 - beta1) * m + beta1 * g
    v = (1 - beta2) * v + beta2 * g * g
    return w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), m, v


q7.mistake("m and v are too small at first: DIVIDE by the corrections, which are below 1.",
           replace="lr * (m / correction1) / ((v / correction2).sqrt() + eps)",
           by="lr * (m * correction1) / ((v * correction2).sqrt() + eps)")
q7.mistake("The corrections are given ready to use: divide by them, not by 1 minus them.",
           replace="lr * (m / correction1) / ((v / correction2).sqrt() + eps)",
           by="lr * (m / (1 - correction1)) / ((v / (1 - correction2)).sqrt() + eps)")
q7.mistake("v is too small at first, too: divide it by correction2.",
           replace="(v / correction2).sqrt", by="v.sqrt")
q7.mistake("The correction belongs to v, under the root: (v / correction2).sqrt().",
           replace="(v / correction2).sqrt()", by="v.sqrt() / correction2")


@q7.wrong("First the new m and v, then the step with them.")
def old_means(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    w = w - lr * (m / correction1) / ((v / correction2).sqrt() + eps)
    return w, beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g


q7.mistake("That goes uphill: w MINUS the step.",
           replace="w - lr * (m / correction1) / ((v / correction2).sqrt() + eps)",
           by="w + lr * (m / correction1) / ((v / correction2).sqrt() + eps)")
q7.mistake("Brackets around the divisor: / binds more tightly than +, and eps belongs to the root.",
           replace="lr * (m / correction1) / ((v / correction2).sqrt() + eps)",
           by="lr * (m / correction1) / (v / correction2).sqrt() + eps")
q7.mistake("eps is missing: without it a weight whose gradients are all 0 divides 0 by 0.",
           replace="(v / correction2).sqrt() + eps", by="v / correction2).sqrt(")


@q7.wrong("The new m and v are forgotten: return them, not the old ones.")
def means_not_kept(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    mean = beta1 * m + (1 - beta1) * g
    square = beta2 * v + (1 - beta2) * g * g
    return w - lr * (mean / correction1) / ((square / correction2).sqrt() + eps), m, v


q7.mistake("The step goes by the mean m, not by the last gradient alone.",
           replace="lr * (m / correction1)", by="lr * g")
q7.mistake("v is the mean of the squared GRADIENTS, g * g, not of m.",
           replace="(1 - beta2) * g * g", by="(1 - beta2) * m * m")
q7.mistake("Return three things: the new w, m and v.",
           replace="w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), m, v",
           by="w - lr * (m / correction1) / ((v / correction2).sqrt() + eps)")
q7.mistake("Nothing comes back: put return before the three.",
           replace="return w - lr", by="w - lr", worth=0)
q7.mistake("v is the mean of the SQUARED gradients, g * g: m has no part in it.",
           replace="(1 - beta2) * g * g", by="(1 - beta2) * m * g", worth=0)
q7.mistake("eps is added to the root, and not a factor.",
           replace="((v / correction2).sqrt() + eps)",
           by="(v / correction2).sqrt() * eps", worth=0)

# ------------------------------------------------ q8. How many are right?

q8.mistake("That is how many; divide by the number of rows for the share.",
           replace="(logits.argmax(1) == labels).mean", by="(logits.argmax(1) == labels).sum")
q8.mistake("Each row is one example: look for the largest score along axis 1.",
           replace="(logits.argmax(1) == labels).mean()",
           by="np.mean([place == label for place, label in zip(logits.argmax(0), labels)])")
q8.mistake("The answer is WHERE the highest score stands, argmax(1), and not the score itself.",
           replace="logits.argmax", by="logits.max")
q8.mistake("That is the share of WRONG answers.",
           replace="logits.argmax(1) == labels", by="logits.argmax(1) != labels")
q8.mistake("Each row is one example: look for the largest score along axis 1, argmax(1).",
           replace="logits.argmax(1)", by="logits.argmax(0)")
q8.mistake("That is one answer for all rows; each row has its own: argmax(1).",
           replace="logits.argmax(1)", by="logits.argmax()")
q8.mistake("A number from 0 to 1, not percent.",
           replace="float((logits.argmax(1) == labels).mean())",
           by="100 * float((logits.argmax(1) == labels).mean())")
q8.mistake("A share of the rows: divide by len(labels), not by the number of classes.",
           replace="(logits.argmax(1) == labels).mean()",
           by="(logits.argmax(1) == labels).sum() / logits.shape[1]")
q8.mistake("all() asks whether every answer is right; the share is the mean of True and False.",
           replace="(logits.argmax(1) == labels).mean", by="(logits.argmax(1) == labels).all")
q8.mistake("The answer is where the LARGEST score stands: argmax.",
           replace="logits.argmax", by="logits.argmin")
q8.mistake("That says which answers are right: take the mean of True and False.",
           replace="float((logits.argmax(1) == labels).mean())", by="logits.argmax(1) == labels")
q8.mistake("Nothing comes back: put return before the share.",
           replace="return float", by="float", worth=0)
q8.mistake("Leave all digits: a share is a number like any other, and is not rounded.",
           replace="float((logits.argmax(1) == labels).mean())",
           by="round(float((logits.argmax(1) == labels).mean()), 1)", worth=0)
q8.mistake("That is one answer for all rows; each row has its own: argmax(1).",
           replace="logits.argmax(1) == labels", by="logits[0].argmax() == labels")

# ------------------------------------------------ q9. The loop

q9.mistake("The gradients pile up: forget them with zero_grad() before the next backward().",
           replace="        optimizer.zero_grad()\n"
                   "        losses.append(loss.item())\n",
           by="        losses.append(loss.item())\n")
q9.mistake("step() finds no gradient: backward() comes before it, and zero_grad() only after it.",
           replace="        optimizer.step()\n"
                   "        optimizer.zero_grad()\n",
           by="        optimizer.zero_grad()\n"
              "        optimizer.step()\n")
q9.mistake("Nothing is learned: optimizer.step() is missing.",
           replace="        optimizer.step()\n"
                   "        optimizer.zero_grad()\n",
           by="        optimizer.zero_grad()\n")


@q9.wrong("Return all losses, one for each batch, not only the last.")
def last_loss_only(model, optimizer, batches):
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return loss.item()


q9.mistake("cross_entropy takes the raw scores: softmax is inside of it already.",
           replace="model(x).cross_entropy", by="model(x).softmax(1).cross_entropy")


@q9.wrong("The loss is taken before the step; after it the model is another one.")
def measured_afterwards(model, optimizer, batches):
    losses = []
    for x, y in batches:
        model(x).cross_entropy(y).backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(model(x).cross_entropy(y).item())
    return losses


q9.mistake("A step for EACH batch: step() and zero_grad() stand inside the loop.",
           replace="        optimizer.step()\n"
                   "        optimizer.zero_grad()\n"
                   "        losses.append(loss.item())\n",
           by="        losses.append(loss.item())\n"
              "    optimizer.step()\n"
              "    optimizer.zero_grad()\n")


@q9.wrong("The return stands inside the loop: it goes through the first batch alone.")
def returns_in_the_loop(model, optimizer, batches):
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return [loss.item()]


q9.mistake("Return the losses themselves, a list with one for each batch, not their mean.",
           replace="return losses", by="return sum(losses) / len(losses)")
q9.mistake("The loss of a classifier is asked for: model(x).cross_entropy(y), not a squared error.",
           replace="        loss = model(x).cross_entropy(y)\n",
           by="        scores = model(x)\n"
              "        loss = (scores - y.one_hot(scores.shape[1])).square().mean()\n")
q9.mistake("Nothing comes back: end with return losses.",
           replace="    return losses", by="    losses", worth=0)
q9.mistake(
    "A loss that is kept as a Tensor keeps its whole graph in memory: loss.item() is a number.",
    replace="losses.append(loss.item())", by="losses.append(loss)",
)
