"""Known mistakes of chapter 08: edits of the model answers, and whole answers.

The sentence of each is what its author reads. Edits are laid out by hand.
"""

# fmt: off

# ------------------------------------------------ q1. A filter at every place


@q1.wrong("The kernel may have any size: H - h + 1 rows and W - w + 1 columns, windows of h and w.")
def three_by_three(image, kernel):
    rows, columns = image.shape
    result = np.zeros((max(rows - 2, 0), max(columns - 2, 0)))
    for i, j in np.ndindex(*result.shape):
        window = image[i : i + 3, j : j + 3]
        result[i, j] = np.sum(window * kernel)
    return result


@q1.wrong("Each place has its own number: result[i, j] = ..., in an array made before the loops.")
def one_sum_for_all(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    places = np.ndindex(rows - h + 1, columns - w + 1)
    return sum((image[i : i + h, j : j + w] * kernel).sum() for i, j in places)


q1.mistake("The kernel is turned round: networks lay it on the image as it stands.",
           replace="    for i in range(rows - h + 1):\n"
                   "        for j in range(columns - w + 1):\n"
                   "            result[i, j] = (image[i : i + h, j : j + w] * kernel).sum()\n",
           by="    for i, j in np.ndindex(*result.shape):\n"
              "        result[i, j] = (image[i : i + h, j : j + w] * kernel[::-1, ::-1]).sum()\n")


@q1.wrong("The last place is missing: with its corner at row H - h the kernel still fits.")
def last_place_missing(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows - h, columns - w))
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[i : i + h, j : j + w] * kernel).sum()
    return result


q1.mistake("The result has a row for each place, H - h + 1 of them, not a row for each pixel.",
           replace="(rows - h + 1, columns - w + 1)", by="(rows, columns)")
q1.mistake("That is the mean of the products; a convolution adds them up.",
           replace="    for i in range(rows - h + 1):\n"
                   "        for j in range(columns - w + 1):\n"
                   "            result[i, j] = (image[i : i + h, j : j + w] * kernel).sum()\n",
           by="    for i, j in np.ndindex(*result.shape):\n"
              "        result[i, j] = (image[i : i + h, j : j + w] * kernel).mean()\n")
q1.mistake("Number by number is *, between arrays; @ multiplies rows by columns.",
           replace="    for i in range(rows - h + 1):\n"
                   "        for j in range(columns - w + 1):\n"
                   "            result[i, j] = (image[i : i + h, j : j + w] * kernel).sum()\n",
           by="    for i, j in np.ndindex(*result.shape):\n"
              "        result[i, j] = (image[i : i + h, j : j + w] @ kernel.T).sum()\n")
q1.mistake("Number by number is *, between arrays; @ multiplies rows by columns.",
           replace="    for i in range(rows - h + 1):\n"
                   "        for j in range(columns - w + 1):\n"
                   "            result[i, j] = (image[i : i + h, j : j + w] * kernel).sum()\n",
           by="    for i, j in np.ndindex(*result.shape):\n"
              "        result[i, j] = (image[i : i + h, j : j + w] @ kernel).sum()\n")


@q1.wrong("Only the first row of the result is filled: return it after both loops, not inside one.")
def returned_inside(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows - h + 1, columns - w + 1))
    for j in range(columns - w + 1):
        result[0, j] = (image[:h, j : j + w] * kernel).sum()
    return result


q1.mistake("h belongs to the rows and w to the columns: the window is image[i : i + h, j : j + w].",
           replace="    for i in range(rows - h + 1):\n"
                   "        for j in range(columns - w + 1):\n"
                   "            result[i, j] = (image[i : i + h, j : j + w] * kernel).sum()\n",
           by="    for i, j in np.ndindex(*result.shape):\n"
              "        result[i, j] = (image[i : i + w, j : j + h] * kernel).sum()\n")


@q1.wrong("An array of whole numbers cuts off what comes after the point: np.zeros without int.")
def whole_numbers(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows - h + 1, columns - w + 1), int)
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[i : i + h, j : j + w] * kernel).sum()
    return result


@q1.wrong("i goes down and j goes across: the window is image[i : i + h, j : j + w].")
def rows_for_columns(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((columns - w + 1, rows - h + 1))
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[j : j + h, i : i + w] * kernel).sum()
    return result


@q1.wrong("Neighbouring windows overlap: the corner moves on by one, not by a whole kernel.")
def side_by_side(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows // h, columns // w))
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[i * h : i * h + h, j * w : j * w + w] * kernel).sum()
    return result


q1.mistake("Nothing comes back: end with return result.",
           replace="    return result", by="    result", worth=0)
q1.mistake("A window goes from i to i + h and from j to j + w.",
           replace="image[i : i + h, j : j + w]", by="image[i:h, j:w]", worth=0)
q1.mistake("Window and kernel are multiplied, number by number: *, not +.",
           replace="* kernel", by="+ kernel", worth=0)
q1.mistake("One number for each place: .sum() over the whole window.",
           replace="* kernel).sum()", by="* kernel).sum(0)", worth=0)

# ------------------------------------------------ q2. How many places?

PLACES = "(size + 2 * padding - kernel) // stride + 1"
q2.mistake("The stride is missing: the kernel begins only at every stride-th place.",
           replace="(size + 2 * padding - kernel) // stride", by="size + 2 * padding - kernel")


@q2.wrong("Not to the nearest: round DOWN, with //. A step that is nearly whole runs over the end.")
def to_the_nearest(size, kernel, stride, padding):
    return round((size + 2 * padding - kernel) / stride) + 1


q2.mistake("Round down: a kernel that would run over the end is left out.",
           replace="(size + 2 * padding - kernel) // stride",
           by="-((kernel - size - 2 * padding) // stride)")
q2.mistake("// binds more tightly than + and -: brackets around size + 2 * padding - kernel.",
           replace="(size + 2 * padding - kernel) // stride",
           by="size + 2 * padding - kernel // stride")
q2.mistake("Take the kernel away before you divide: it is counted in numbers, and not in strides.",
           replace="(size + 2 * padding - kernel) // stride",
           by="(size + 2 * padding) // stride - kernel")
q2.mistake("The zeros stand at both ends: the size grows by 2 * padding.",
           replace="2 * padding", by="padding")
q2.mistake("The zeros are missing: the size grows by 2 * padding.",
           replace="size + 2 * padding - kernel", by="size - kernel")
q2.mistake("One place is missing: a kernel that cannot move stands at one place.",
           replace=PLACES, by="(size + 2 * padding - kernel) // stride")
q2.mistake("A range ends BEFORE its second number: the last place is missing, so one more.",
           replace=PLACES, by="len(range(0, size + 2 * padding - kernel, stride))")
q2.mistake("The 1 is for the first place and stands outside of the division.",
           replace=PLACES, by="(size + 2 * padding - kernel + 1) // stride")
q2.mistake("A number of places is a whole number: divide with //, which rounds down.",
           replace="(size + 2 * padding - kernel) // stride",
           by="(size + 2 * padding - kernel) / stride")
q2.mistake("Nothing comes back: put return before the number.",
           replace="return " + PLACES, by=PLACES, worth=0)
q2.mistake("The kernel must lie inside: take it away from the size before you divide.",
           replace=" - kernel", by="", worth=0)
q2.mistake("The 1 is for the first place and stands outside of the division.",
           replace="stride + 1", by="(stride + 1)", worth=0)

# ------------------------------------------------ q3. The windows of a row

q3.mistake("The stride is missing: keep only every stride-th column.",
           replace=": n - size + 1 : stride", by=": n - size + 1")


@q3.wrong("Rows of n put the copies under each other; in rows of n + 1 each begins one later.")
def not_shifted(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    rows = x.unsqueeze(-2).expand(*front, size, n)
    return rows[..., : n - size + 1 : stride]


q3.mistake("Cut the rows before you take steps: a window that begins after n - size has no end.",
           replace=": n - size + 1 : stride", by="::stride")
q3.mistake("The last window is missing: it begins at n - size, so cut behind it, : n - size + 1.",
           replace=": n - size + 1 : stride",
           by=": n - size : stride] if n > size else rows[..., :1")
q3.mistake("The zeros belong at the END of the copies, to fill up the last row: (0, size).",
           replace="(0, size)", by="(size, 0)")


@q3.wrong("The whole row is copied, not each number: the new axis stands BEFORE it, unsqueeze(-2).")
def each_number_copied(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    copies = x.unsqueeze(-1).expand(*front, n, size).reshape(*front, size * n)
    rows = copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n + 1)
    return rows[..., : n - size + 1 : stride]


@q3.wrong("Other axes may stand in front: the copies need a new one, x.unsqueeze(-2), behind them.")
def no_axis_for_the_copies(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    copies = x.expand(*front, size, n).reshape(*front, size * n)
    rows = copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n + 1)
    return rows[..., : n - size + 1 : stride]


q3.mistake("pad counts axes from the front: one None for each in front, *[None] * len(front).",
           replace="copies.pad(*[None] * len(front), (0, size))", by="copies.pad((0, size))")


@q3.wrong(
    "Other axes may stand in front of the last: *front in expand, in reshape and in the fold."
)
def one_row_alone(x, size, stride=1):
    n = x.shape[-1]
    copies = x.unsqueeze(-2).expand(size, n).reshape(size * n)
    rows = copies.pad((0, size)).reshape(size, n + 1)
    return rows[:, : n - size + 1 : stride]


q3.mistake("Each window stands in a column: the shape is (..., size, count).",
           replace="rows[..., : n - size + 1 : stride]",
           by="rows[..., : n - size + 1 : stride].transpose()")


@q3.wrong("These windows have left the graph, and no gradient finds its way back: move tensors.")
def by_numpy(x, size, stride=1):
    windows = np.lib.stride_tricks.sliding_window_view(x.numpy(), size, -1)
    return Tensor(windows[..., ::stride, :].swapaxes(-1, -2))


q3.mistake("Cut first, then take steps, in one slice: [..., : n - size + 1 : stride].",
           replace=": n - size + 1 : stride", by="::stride][..., : n - size + 1")
q3.mistake("After the zeros the rows are n + 1 long: size * n and size more are size * (n + 1).",
           replace="copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n + 1)",
           by="copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n)")


@q3.wrong("An array of places is looked up, which computes. Moves alone: copy, pad, fold, cut.")
def looked_up(x, size, stride=1):
    n = x.shape[-1]
    return x[..., np.arange(size)[:, None] + np.arange(0, n - size + 1, stride)]


@q3.wrong("A stack adds up padded pieces. Moves compute nothing: copy, pad, fold, cut.")
def stacked(x, size, stride=1):
    last = x.shape[-1] - size + 1
    return Tensor.stack(*[x[..., t : t + last : stride] for t in range(size)], axis=-2)


@q3.wrong("A stack adds up padded pieces. Moves compute nothing: copy, pad, fold, cut.")
def stacked_windows(x, size, stride=1):
    last = x.shape[-1] - size + 1
    return Tensor.stack(*[x[..., t : t + size] for t in range(0, last, stride)], axis=-1)


q3.mistake("Nothing comes back: put return before the windows.",
           replace="return rows", by="rows", worth=0)
q3.mistake("size zeros at the end fill up the last row: (0, size).",
           replace="(0, size)", by="(0, 1)", worth=0)

# ------------------------------------------------ q4. The windows of an image


@q4.wrong("The first number of a pair goes down: size[0] and stride[0] belong to the height.")
def pairs_exchanged(x, size, stride):
    (n, c, h, w), (kw, kh), (across, down) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across].permute(0, 1, 2, 4, 3, 5)


@q4.wrong("Height and width are exchanged: the windows go down first, then across.")
def across_first(x, size, stride):
    (n, c, h, w), (kh, kw), (down, across) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 4, 2, 5, 3)


@q4.wrong("stride[0] goes down, in the slice of the height; stride[1] across.")
def strides_exchanged(x, size, stride):
    (n, c, h, w), (kh, kw), (across, down) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across].permute(0, 1, 2, 4, 3, 5)


@q4.wrong(
    "The sizes come before the counts: permute(0, 1, 2, 4, 3, 5) brings axis 4 beside axis 2."
)
def counts_first(x, size, stride):
    (n, c, h, w), (kh, kw), (down, across) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across].permute(0, 1, 3, 5, 2, 4)


@q4.wrong("pad counts axes from the front: pad(None, None, (0, kh), (0, kw)) leaves N and C alone.")
def padded_in_front(x, size, stride):
    (n, c, h, w), (kh, kw), (down, across) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad((0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across].permute(0, 1, 2, 4, 3, 5)


@q4.wrong("Both strides are needed: stride[0] down, stride[1] across.")
def one_stride(x, size, stride):
    (n, c, h, w), (kh, kw), (down, _) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : down].permute(0, 1, 2, 4, 3, 5)


@q4.wrong("The strides are missing: keep only every stride-th row and column of windows.")
def no_strides(x, size, stride):
    (n, c, h, w), (kh, kw) = x.shape, size
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1, :, : w - kw + 1].permute(0, 1, 2, 4, 3, 5)


@q4.wrong("The order is size down, size across, count down, count across: permute at the end.")
def not_permuted(x, size, stride):
    (n, c, h, w), (kh, kw), (down, across) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]


@q4.wrong("Each slide takes the last axis: exchange height and width before you slide down.")
def slid_across_twice(x, size, stride):
    for k, step in zip(size, stride):
        n, front = x.shape[-1], x.shape[:-1]
        x = x.unsqueeze(-2).expand(*front, k, n).reshape(*front, k * n)
        x = x.pad(*[None] * len(front), (0, k)).reshape(*front, k, n + 1)
        x = x[..., : n - k + 1 : step]
    return x


@q4.wrong("After the first slide the last axis is a count: bring the height back to the end.")
def slid_over_the_counts(x, size, stride):
    for k, step in ((size[1], stride[1]), (size[0], stride[0])):
        n, front = x.shape[-1], x.shape[:-1]
        x = x.unsqueeze(-2).expand(*front, k, n).reshape(*front, k * n)
        x = x.pad(*[None] * len(front), (0, k)).reshape(*front, k, n + 1)
        x = x[..., : n - k + 1 : step]
    return x


@q4.wrong("After the first slide the last axis is a count: bring the width to the end as well.")
def slid_down_over_the_counts(x, size, stride):
    x = x.transpose(2, 3)
    for k, step in zip(size, stride):
        n, front = x.shape[-1], x.shape[:-1]
        x = x.unsqueeze(-2).expand(*front, k, n).reshape(*front, k * n)
        x = x.pad(*[None] * len(front), (0, k)).reshape(*front, k, n + 1)
        x = x[..., : n - k + 1 : step]
    return x


@q4.wrong("Both slides are right; now bring the sizes to axes 2 and 3, the counts to 4 and 5.")
def slid_and_not_permuted(x, size, stride):
    for k, step in ((size[1], stride[1]), (size[0], stride[0])):
        n, front = x.shape[-1], x.shape[:-1]
        x = x.unsqueeze(-2).expand(*front, k, n).reshape(*front, k * n)
        x = x.pad(*[None] * len(front), (0, k)).reshape(*front, k, n + 1)
        x = x[..., : n - k + 1 : step]
        x = x.permute(0, 1, 3, 4, 2) if x.ndim == 5 else x
    return x


@q4.wrong("Exchanging two axes puts the height last and the count before the size: permute all.")
def slid_and_exchanged(x, size, stride):
    for k, step in ((size[1], stride[1]), (size[0], stride[0])):
        n, front = x.shape[-1], x.shape[:-1]
        x = x.unsqueeze(-2).expand(*front, k, n).reshape(*front, k * n)
        x = x.pad(*[None] * len(front), (0, k)).reshape(*front, k, n + 1)
        x = x[..., : n - k + 1 : step]
        x = x.transpose(2, 4) if x.ndim == 5 else x
    return x


@q4.wrong("These windows have left the graph, and no gradient finds its way back: move tensors.")
def patches_by_numpy(x, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(x.numpy(), size, (2, 3))
    return Tensor(windows[:, :, :: stride[0], :: stride[1]].transpose(0, 1, 4, 5, 2, 3))


@q4.wrong("The copies need an axis of their own BEFORE the height: (n, c, 1, h, 1, w).")
def copies_behind(x, size, stride):
    (n, c, h, w), (kh, kw), (down, across) = x.shape, size, stride
    x = x.reshape(n, c, h, 1, w, 1).expand(n, c, h, kh, w, kw).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across].permute(0, 1, 2, 4, 3, 5)


q4.mistake("Nothing comes back: put return before the windows.",
           replace="return seen", by="seen", worth=0)

# ------------------------------------------------ q5. One product, one sum


@q5.wrong("The zeros around are missing: x.pad(None, None, *around).")
def not_padded(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), _ = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("The stride is not used: hand it to patches.")
def stride_not_handed_on(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, _, around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1, :, : w - kw + 1]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("The channels are not added up: axis 2 belongs into the sum, too.")
def channels_apart(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((3, 4))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("The filters need an axis of their own: seen.unsqueeze(1) is (N, 1, C, kh, kw, ...).")
def no_axis_for_filters(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 4, 3, 5)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("Axis 1 of the product is the filters', which stay apart: the sum is over 2, 3 and 4.")
def over_the_filters(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((1, 2, 3))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("You add up over the places: the windows run along the axes 3 and 4 of the product.")
def over_the_places(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 5, 6))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("The filter is turned round: networks lay it on the window as it stands.")
def flipped(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.flip((2, 3)).reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("A bias for each filter: it stands along axis 1, so bias.reshape(-1, 1, 1).")
def bias_across(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y if bias is None else y + bias


@q5.wrong("bias may be None: then nothing is added.")
def always_a_bias(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y + bias.reshape(-1, 1, 1)


@q5.wrong("The bias is missing: every filter begins at its own number.")
def no_bias(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y


@q5.wrong("Name all axes in one sum: .sum((2, 3, 4)). Each sum is a loop of its own.")
def three_sums(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum(4).sum(3).sum(2)
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("A loop over the filter makes a sum for each of its places. Use patches, and one sum.")
def loop_over_the_filter(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x, y = x.pad(None, None, *around).unsqueeze(1), 0.0
    for i in range(kh):
        for j in range(kw):
            seen = x[:, :, :, i : x.shape[3] - kh + 1 + i : down]
            seen = seen[..., j : x.shape[4] - kw + 1 + j : across]
            y = (seen * weight[:, :, i, j].reshape(f, c, 1, 1)).sum(2) + y
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("A loop over the places makes a sum for each of them. Use patches, and one sum.")
def sums_in_a_loop(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    kh, kw = weight.shape[2:]
    x, rows = x.pad(None, None, *around).unsqueeze(1), []
    for i in range(0, x.shape[3] - kh + 1, down):
        row = [
            (x[:, :, :, i : i + kh, j : j + kw] * weight).sum((2, 3, 4))
            for j in range(0, x.shape[4] - kw + 1, across)
        ]
        rows.append(Tensor.stack(*row, axis=-1))
    y = Tensor.stack(*rows, axis=-2)
    return y if bias is None else y + bias.reshape(-1, 1, 1)


q5.mistake("Nothing comes back: put return before the result.",
           replace="return y if", by="y if", worth=0)
q5.mistake("A convolution adds up: sum, and not mean.",
           replace=".sum((2, 3, 4))", by=".mean((2, 3, 4))", worth=0)
q5.mistake("Pad the image, and not its windows: x.pad(...) stands inside of patches(...).",
           replace="patches(x.pad(None, None, *around), (kh, kw), stride)",
           by="patches(x, (kh, kw), stride).pad(None, None, None, None, *around)")

# ------------------------------------------------ q6. The largest of each window


@q6.wrong("Zeros around the image win against negative numbers: pad with value=-math.inf.")
def zeros_around(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q))
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("Without a stride the windows stand side by side: the stride is their size.")
def stride_one(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, two("stride", stride or 1)
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("The stride may be one number, or None: make a pair of it first.")
def stride_not_a_pair(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, stride or size
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("The stride that is given is not used.")
def stride_not_used(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("That is the average of each window, not its largest number.")
def average(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q))
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).mean((2, 3))


@q6.wrong("Two maxima, one after the other, share unevenly among equals: take .max((2, 3)).")
def one_after_the_other(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max(3).max(2)


@q6.wrong("That is the largest over the places: the windows run along the axes 2 and 3.")
def over_places(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((4, 5))


@q6.wrong("p goes above and below, q left and right: (p, p) for the height, (q, q) for the width.")
def paddings_exchanged(x, kernel_size=2, stride=None, padding=0):
    size, (q, p) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong(
    "Each side gets its padding twice, before and behind: (p, p) for the height, then (q, q)."
)
def paddings_as_one_pair(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, q), (p, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("None stands for the size: make a pair of the stride only if it is not None.")
def pair_of_none(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("The padding is not used.")
def padding_ignored(x, kernel_size=2, stride=None, padding=0):
    size = two("kernel_size", kernel_size)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("A loop over the places takes a maximum for each of them. Use patches, and one max.")
def maxima_in_a_loop(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x, rows = x.pad(None, None, (p, p), (q, q), value=-math.inf), []
    for i in range(0, x.shape[2] - kh + 1, down):
        columns = range(0, x.shape[3] - kw + 1, across)
        row = [x[:, :, i : i + kh, j : j + kw].max((2, 3)) for j in columns]
        rows.append(Tensor.stack(*row, axis=-1))
    return Tensor.stack(*rows, axis=-2)


q6.mistake("Nothing comes back: put return before the largest numbers.",
           replace="return patches", by="patches", worth=0)
q6.mistake("The axes of the window go: .max((2, 3)), without keepdim.",
           replace=".max((2, 3))", by=".max((2, 3), keepdim=True)", worth=0)
q6.mistake("Each window has its own largest number: .max((2, 3)).",
           replace=".max((2, 3))", by=".max()", worth=0)
q6.mistake("The largest of each window, and not its sum.",
           replace=".max((2, 3))", by=".sum((2, 3))", worth=0)
q6.mistake("Infinity always wins: what never wins has a minus, -math.inf.",
           replace="-math.inf", by="math.inf")
q6.mistake("A number that is only very small may still win: pad with value=-math.inf.",
           replace="value=-math.inf", by="value=-100.0")

# ------------------------------------------------ q7. Mean and variance of a channel

PAIR = "x.mean(axes), x.var(axes, correction=0)"
q7.mistake("x.var divides by the count minus 1: with correction=0 it divides by the count.",
           replace="x.var(axes, correction=0)", by="x.var(axes)")


@q7.wrong("All places of a channel count together: the axes are 0 and all from 2 on.")
def over_the_batch_alone(x):
    return x.mean(0), x.var(0, correction=0)


q7.mistake("All images of the batch count together: axis 0 belongs to the axes.",
           replace="(0, *range(2, x.ndim))", by="tuple(range(2, x.ndim))")
q7.mistake("That is the standard deviation: the variance is its square.",
           replace="x.var(axes, correction=0)", by="x.std(axes, correction=0)")


@q7.wrong("Each channel has its own: leave axis 1 out.")
def over_everything(x):
    return x.mean(), x.var(correction=0)


@q7.wrong("Other data have no axes 2 and 3: name them for any number, (0, *range(2, x.ndim)).")
def for_images_alone(x):
    return x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)


@q7.wrong("That is over the channels, which stay apart: take all axes but 1.")
def over_the_channels(x):
    return x.mean(1), x.var(1, correction=0)


q7.mistake("The shape is (channels,): without keepdim.",
           replace=PAIR, by="x.mean(axes, keepdim=True), x.var(axes, keepdim=True, correction=0)")
q7.mistake("That is the mean square: the variance is measured from the mean.",
           replace="x.var(axes, correction=0)", by="(x * x).mean(axes)")


@q7.wrong("NumPy ends the graph, and no gradient comes back: .mean and .var are a Tensor's.")
def statistics_by_numpy(x):
    numbers, axes = x.numpy(), (0, *range(2, x.ndim))
    return Tensor(numbers.mean(axes)), Tensor(numbers.var(axes))


@q7.wrong("NumPy ends the graph, and no gradient comes back: .mean and .var are a Tensor's.")
def arrays(x):
    numbers, axes = x.numpy(), (0, *range(2, x.ndim))
    return numbers.mean(axes), numbers.var(axes)


q7.mistake("Nothing comes back: put return before the two.",
           replace="return " + PAIR, by=PAIR, worth=0)
q7.mistake("The mean comes first, then the variance.",
           replace=PAIR, by="x.var(axes, correction=0), x.mean(axes)", worth=0)
q7.mistake("The mean is the sum divided by the count: x.mean(axes).",
           replace="x.mean(axes)", by="x.sum(axes)", worth=0)


@q7.wrong("NumPy ends the graph, and no gradient comes back: .mean and .var are a Tensor's.")
def one_by_one(x):
    numbers, axes = x.numpy(), (0, *range(2, x.ndim))
    yield Tensor(numbers.mean(axes))
    yield Tensor(numbers.var(axes))


# ------------------------------------------------ q8. The same size for every channel

q8.mistake("eps is added under the root: sqrt(variance + eps).",
           replace="(variance + eps).sqrt()", by="(variance.sqrt() + eps)")
q8.mistake("Divide by the ROOT of variance + eps.",
           replace="(variance + eps).sqrt().reshape", by="(variance + eps).reshape")
q8.mistake("mean and variance are handed in; these are x's own. After the training that is wrong.",
           replace="    y = (x - mean.reshape(shape)) / (variance + eps).sqrt().reshape(shape)\n",
           by="    axes = (0, *range(2, x.ndim))\n"
              "    mean, variance = x.mean(axes), x.var(axes, correction=0)\n"
              "    y = (x - mean.reshape(shape)) / (variance + eps).sqrt().reshape(shape)\n")


@q8.wrong("The channels are axis 1, not the last: reshape what belongs to them to (-1, 1, 1).")
def along_the_last_axis(x, weight, bias, mean, variance, eps=1e-5):
    y = (x - mean) / (variance + eps).sqrt()
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


q8.mistake("eps is missing: a channel without variance divides by 0.",
           replace="(variance + eps).sqrt", by="variance.sqrt")
q8.mistake("weight and bias may be None: then they are left out.",
           replace="    y = y if weight is None else y * weight.reshape(shape)\n"
                   "    return y if bias is None else y + bias.reshape(shape)\n",
           by="    return y * weight.reshape(shape) + bias.reshape(shape)\n")
q8.mistake("Each may be None without the other: ask for the weight, and then for the bias.",
           replace="    y = y if weight is None else y * weight.reshape(shape)\n"
                   "    return y if bias is None else y + bias.reshape(shape)\n",
           by="    if weight is None or bias is None:\n"
              "        return y\n"
              "    return y * weight.reshape(shape) + bias.reshape(shape)\n")
q8.mistake("Several numbers are neither true nor false: ask `if weight is not None`.",
           replace="    y = y if weight is None else y * weight.reshape(shape)\n"
                   "    return y if bias is None else y + bias.reshape(shape)\n",
           by="    y = y * weight.reshape(shape) if weight else y\n"
              "    return y + bias.reshape(shape) if bias else y\n")
q8.mistake("/ binds more tightly than -: brackets around x - mean.",
           replace="(x - mean.reshape(shape)) / (variance + eps).sqrt().reshape(shape)",
           by="x - mean.reshape(shape) / (variance + eps).sqrt().reshape(shape)")
q8.mistake("weight and bias are missing at the end.",
           replace="    y = y if weight is None else y * weight.reshape(shape)\n"
                   "    return y if bias is None else y + bias.reshape(shape)\n",
           by="    return y\n")


@q8.wrong("NumPy ends the graph, and no gradient comes back: .reshape and .sqrt are a Tensor's.")
def scaled_by_numpy(x, weight, bias, mean, variance, eps=1e-5):
    shape = (-1,) + (1,) * (x.ndim - 2)
    given = (weight, bias, mean, variance)
    w, b, m, v = (None if t is None else t.numpy().reshape(shape) for t in given)
    y = (x.numpy() - m) / np.sqrt(v + eps)
    y = y if w is None else y * w
    return Tensor(y if b is None else y + b)


q8.mistake("weight is a factor: y * weight.",
           replace="y * weight", by="y + weight", worth=0)
q8.mistake("The bias is added: y + bias.",
           replace="y + bias", by="y - bias", worth=0)
q8.mistake("The mean is taken away: x - mean.",
           replace="(x - mean.reshape", by="(x + mean.reshape", worth=0)

# ------------------------------------------------ q9. What is kept for after the training

q9.mistake("The variance of a sample divides by count - 1: x.var(axes, ddof=1).",
           replace="x.var(axes, ddof=1)", by="x.var(axes)")


@q9.wrong("The shares are turned round: momentum is the share of the new batch.")
def shares_exchanged(mean, variance, x, momentum):
    axes = (0, *range(2, x.ndim))
    mean = momentum * mean + (1 - momentum) * x.mean(axes)
    return mean, momentum * variance + (1 - momentum) * x.var(axes, ddof=1)


@q9.wrong("That forgets everything before this batch.")
def this_batch_alone(mean, variance, x, momentum):
    axes = (0, *range(2, x.ndim))
    mean = x.mean(axes)
    return mean, x.var(axes, ddof=1)


q9.mistake("The count is all numbers of a channel in this batch, the places included.",
           replace="x.var(axes, ddof=1)", by="x.var(axes) * len(x) / (len(x) - 1)")
q9.mistake("Each channel has one mean: take it over all axes but axis 1.",
           replace="(0, *range(2, x.ndim))", by="0")


@q9.wrong("What was remembered keeps only the share 1 - momentum.")
def added_on(mean, variance, x, momentum):
    axes = (0, *range(2, x.ndim))
    mean = mean + momentum * x.mean(axes)
    return mean, variance + momentum * x.var(axes, ddof=1)


@q9.wrong("momentum is handed in, and may be another number than 0.1.")
def a_fixed_share(mean, variance, x, momentum):
    axes = (0, *range(2, x.ndim))
    mean = 0.9 * mean + 0.1 * x.mean(axes)
    return mean, 0.9 * variance + 0.1 * x.var(axes, ddof=1)


q9.mistake("x is an array: NumPy calls it ddof=1, and not correction.",
           replace="x.var(axes, ddof=1)", by="x.var(axes, correction=1)")
q9.mistake("That is the deviation: a variance is remembered, its square.",
           replace="x.var(axes, ddof=1)", by="x.std(axes, ddof=1)")
q9.mistake("Nothing comes back: put return before the two.",
           replace="return mean,", by="mean,", worth=0)
q9.mistake("Return both, the mean and the variance.",
           replace="return mean, ", by="return ", worth=0)
q9.mistake("What was remembered keeps the share 1 - momentum, in the variance as well.",
           replace="return mean, (1 - momentum) * variance",
           by="return mean, momentum * variance", worth=0)
q9.mistake("The batch's mean counts, and not its sum.",
           replace="x.mean(axes)", by="x.sum(axes)", worth=0)
q9.mistake("mean belongs to whoever calls: make a new one, without changing it where it lies.",
           replace="    mean = (1 - momentum) * mean + momentum * x.mean(axes)\n",
           by="    mean *= 1 - momentum\n"
              "    mean += momentum * x.mean(axes)\n")
