"""More known mistakes of chapter 08."""

q6.mistake(
    "A number that is only very small may still win: pad with value=-math.inf.",
    replace="value=-math.inf", by="value=-100.0",
)  # fmt: skip
q9.mistake(
    "mean belongs to whoever calls: make a new one, without changing it where it lies.",
    replace="    mean = (1 - momentum) * mean + momentum * x.mean(axes)\n",
    by="    mean *= 1 - momentum\n    mean += momentum * x.mean(axes)\n",
)
