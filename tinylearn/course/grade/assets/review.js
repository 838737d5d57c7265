// Points, comments and clicked criteria of one question; saved as review.json for `merge`.
const { assignment, question, anonymous } = document.body.dataset;
const parts = [...document.querySelectorAll("section")];
const kept = `tinylearn review ${assignment} ${question} ${anonymous}`;
const changed = new Set();          // the students whose entry this page has touched

const boxes = part => [...part.querySelectorAll("input[type=checkbox]")];
const points = part => part.querySelector(".points");
const comment = part => part.querySelector(".comment");
const isRead = part => points(part).value !== "";

function show() {
  for (const part of parts) {
    part.classList.toggle("read", isRead(part));
    part.querySelector(".state").textContent = isRead(part) ? "read" : "to be read";
  }
  const done = parts.filter(isRead).length;
  document.getElementById("count").textContent = `${done} of ${parts.length} read`;
}

function entry(part) {
  const met = boxes(part).filter(box => box.checked).map(box => box.value);
  const mark = { comment: comment(part).value, met, read: part.dataset.read };
  const given = isRead(part) ? Number(points(part).value) : null;
  const said = given !== null || mark.comment !== "";
  return { overrides: { [question]: given }, marks: { [question]: said ? mark : null } };
}

function touched(part) {
  changed.add(part);
  show();
  const all = [...changed].map(one => [one.dataset.student, entry(one)]);
  try { localStorage.setItem(kept, JSON.stringify(all)); } catch { /* no storage: save in time */ }
}

function addUp(part) {              // what the clicked criteria are worth
  const worth = boxes(part).filter(box => box.checked).map(box => Number(box.dataset.worth));
  points(part).value = Number(worth.reduce((sum, one) => sum + one, 0).toFixed(6));
}

function tick(part, wanted) {
  for (const box of boxes(part)) box.checked = wanted;
}

for (const part of parts) {
  for (const box of boxes(part)) box.addEventListener("input", () => addUp(part));
  part.addEventListener("input", () => touched(part));
  part.addEventListener("focusin", () => go(parts.indexOf(part), false));
}

// ---- what an earlier visit left, where it was not saved into a file and merged

try {
  for (const [student, said] of JSON.parse(localStorage.getItem(kept) || "[]")) {
    const part = parts.find(one => one.dataset.student === student);
    if (!part) continue;
    points(part).value = said.overrides[question] ?? "";
    comment(part).value = said.marks[question]?.comment ?? "";
    const met = said.marks[question]?.met ?? [];
    for (const box of boxes(part)) box.checked = met.includes(box.value);
    changed.add(part);
  }
} catch { /* nothing that can be read */ }

// ---- the keyboard

let here = -1;

function go(place, move = true) {
  if (!parts[place]) return;
  parts[here]?.classList.remove("here");
  here = place;
  parts[here].classList.add("here");
  if (move) { parts[here].focus({ preventScroll: true }); parts[here].scrollIntoView(); }
}

function save() {
  const students = Object.fromEntries([...changed].map(one => [one.dataset.student, entry(one)]));
  const data = { assignment, anonymous: anonymous === "true", students };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(data)], { type: "application/json" }));
  link.download = "review.json";
  link.click();
}

const keys = {
  j: () => go(here + 1),
  k: () => go(here - 1),
  n: () => go(parts.findIndex((part, place) => place > here && !isRead(part))),
  s: save,
};
const onOne = {
  p: part => points(part).focus(),
  c: part => comment(part).focus(),
  f: part => { tick(part, true); boxes(part).length ? addUp(part) : points(part).focus(); },
  0: part => { tick(part, false); points(part).value = 0; },
  u: part => { tick(part, false); points(part).value = ""; },
};

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") { parts[here]?.focus(); return; }
  if (event.target.matches("textarea, input[type=number]")) return;
  const part = parts[here], box = part && boxes(part)[Number(event.key) - 1];
  if (box) { box.checked = !box.checked; addUp(part); touched(part); }
  else if (part && onOne[event.key]) { onOne[event.key](part); touched(part); }
  else if (keys[event.key]) keys[event.key]();
  else return;
  event.preventDefault();
});

document.getElementById("save").addEventListener("click", save);
show();
