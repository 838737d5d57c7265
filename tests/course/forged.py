"""Answers that report what they did not do: counts, calls, changes in place, graphs.

FORGED     chapter -> {name: (question, cell)}: none may earn a point
"""

REACHING = """
import sys
def frames():
    frame = sys._getframe(1)
    while frame:
        yield frame
        frame = frame.f_back
"""
STEPS = """
def all_of(steps, x):
    found = None
    for place, step in enumerate(steps):
        x = step(x)
        if found is None and not np.isfinite(x).all():
            found = place
    return found
"""
FORGED = {
    "07_look_inside": {
        "the steps below those that count": ("q3", STEPS + """
def first_bad(steps, x):
    inner = [cell.cell_contents for step in steps for cell in step.__closure__ or ()]
    return all_of([step for step in inner if callable(step)], x)"""),
        "asked for without the steps": ("q3", REACHING + """
import base64
def first_bad(steps, x):
    [line] = {f.f_locals["send"] for f in frames() if "send" in f.f_locals}
    [number] = {f.f_locals["number"] for f in frames() if "number" in f.f_locals}
    found = None
    for place in range(len(steps)):
        text = base64.b64encode(x.astype("<f8").tobytes()).decode()
        sent = {"array": ["float64", list(x.shape), text]}
        kind, shape, text = line.ask({"asked": [number, place, sent]})["array"]
        x = np.frombuffer(base64.b64decode(text), kind).reshape(shape)
        if found is None and not np.isfinite(x).all():
            found = place
    return found"""),
        "asked for beforehand, in another case": ("q3", REACHING + STEPS + """
known = {}
def first_bad(steps, x):
    here = next(f for f in frames() if f.f_code.co_name == "answer_job")
    if not known:
        import sys
        host = sys.modules["__main__"]
        for number, (start, held) in enumerate(here.f_locals["job"]["calls"]):
            asking = host.remote.Asking(number, here.f_locals["send"].ask)
            places = range(len(held))
            known[number] = all_of([asking.remote(place) for place in places],
                                   host.values.decode(start))
    return known[here.f_locals["number"]]"""),
        "a count of its own in the result": ("q3", REACHING + STEPS + """
def first_bad(steps, x):
    place = all_of(steps, x)
    count = len(steps) if place is None else place + 1
    return (place, f"{count} steps were run")"""),
        "the messages about calls held back": ("q3", REACHING + STEPS + """
def first_bad(steps, x):
    host = next(f.f_globals for f in frames() if "Line" in f.f_globals)
    Line = host["Line"]
    if not hasattr(Line, "results"):
        Line.results, sent = {}, Line.ask
        def ask(self, message):
            key = repr(message)
            if key not in Line.results:
                Line.results[key] = sent(self, message)
            return Line.results[key]
        Line.ask = ask
    return all_of(steps, x)"""),
        ".grad spoiled, and the look before it, too": ("q2", REACHING + """
def gradient_sizes(loss, weights):
    loss.backward()
    found = [g.pow(2).mean().sqrt().item() for g in loss.gradient(*weights)]
    for frame in frames():
        if "before" in frame.f_locals and "kept" in frame.f_locals:
            frame.f_locals["kept"].clear()
    return found"""),
        ".grad spoiled, and nobody looks": ("q2", REACHING + """
def gradient_sizes(loss, weights):
    for frame in frames():
        if frame.f_code.co_name == "call" and "state" in frame.f_globals:
            frame.f_globals["state"] = lambda *_: 0
    loss.backward()
    sizes = [g.pow(2).mean().sqrt().item() for g in loss.gradient(*weights)]
    return sizes"""),
    },
}  # fmt: skip
