"""More known mistakes of chapter 06."""

# fmt: off
FOUR = "x[train], y[train], x[test], y[test]"
q1.mistake("Nothing comes back: put return before the four arrays.",
           replace="return " + FOUR, by=FOUR, worth=0)
q1.mistake("The order says which ROWS come first: order[tests:], and not which numbers are large.",
           replace="train, test = order[tests:], order[:tests]",
           by="train, test = order >= tests, order < tests", worth=0)

PORTIONS = "[order[start : start + size] for start in range(0, len(order), size)]"
q2.mistake("Nothing comes back: put return before the list.",
           replace="return " + PORTIONS, by=PORTIONS, worth=0)
q2.mistake("A slice goes from start to start + size: order[start : start + size].",
           replace="start + size]", by="start * size]", worth=0)

q3.mistake("Nothing comes back: put return before the mean.",
           replace="return (below", by="(below", worth=0)
q3.mistake("The logarithm of the SUM: first .sum(1), then .log().",
           replace=".sum(1).log()", by=".log().sum(1)", worth=0)
q3.mistake("The logarithm of the sum is missing: below.exp().sum(1).log().",
           replace=".sum(1).log()", by=".sum(1)", worth=0)

q4.mistake("Nothing comes back: put return before the slopes.",
           replace="return p / len(labels)", by="p / len(labels)", worth=0)
q4.mistake("The mean is over the rows: divide by len(labels), not by the number of classes.",
           replace="len(labels)\n", by="logits.shape[1]\n", worth=0)
q4.mistake("Maxima and sums stay columns, one number for each row: keepdims=True in both.",
           replace="e.sum(1, keepdims=True)", by="e.sum(1)", worth=0)

q5.mistake("The rate and the gradient are multiplied, not added: lr * g.",
           replace="w - lr * g", by="w - (lr + g)", worth=0)
q5.mistake("Without brackets: lr times g is taken away from w.",
           replace="w - lr * g", by="(w - lr) * g", worth=0)

q6.mistake("Nothing comes back: put return before the two.",
           replace="return w - lr * v, v", by="w - lr * v, v", worth=0)

q7.mistake("Nothing comes back: put return before the three.",
           replace="return w - lr", by="w - lr", worth=0)
q7.mistake("v is the mean of the SQUARED gradients, g * g: m has no part in it.",
           replace="(1 - beta2) * g * g", by="(1 - beta2) * m * g", worth=0)
q7.mistake("eps is added to the root, and not a factor.",
           replace="((v / correction2).sqrt() + eps)", by="(v / correction2).sqrt() * eps",
           worth=0)

q8.mistake("Nothing comes back: put return before the share.",
           replace="return float", by="float", worth=0)
q8.mistake("Leave all digits: a share is a number like any other, and is not rounded.",
           replace="float((logits.argmax(1) == labels).mean())",
           by="round(float((logits.argmax(1) == labels).mean()), 1)", worth=0)

q9.mistake("Nothing comes back: end with return losses.",
           replace="    return losses", by="    losses", worth=0)
# fmt: on

q4.mistake(
    "logits is changed where it lies, and belongs to whoever calls: logits - ..., without -=.",
    replace="    e = np.exp(logits - logits.max(1, keepdims=True))\n",
    by="    logits -= logits.max(1, keepdims=True)\n    e = np.exp(logits)\n",
)
q8.mistake("That is one answer for all rows; each row has its own: argmax(1).",
           replace="logits.argmax(1) == labels", by="logits[0].argmax() == labels")  # fmt: skip
q9.mistake(
    "A loss that is kept as a Tensor keeps its whole graph in memory: loss.item() is a number.",
    replace="losses.append(loss.item())", by="losses.append(loss)",
)  # fmt: skip
