// Two films side by side that step together: one slider, one sentence about what differs.
class Pair {
  constructor(box, faces, data) {
    Object.assign(this, {box, faces, data, tick: 0, together: true});
    const button = (text, label, act) => html("button", {type: "button", title: label, "aria-label": label, onclick: act}, text), last = data.ticks.length - 1;
    this.slider = html("input", {type: "range", min: 0, max: last, value: 0, step: 1, "aria-label": "Step of both films", oninput: e => this.go(Number(e.target.value))});
    this.count = html("output", {class: "tlv-count"});
    this.apart = html("button", {type: "button", "aria-pressed": "false", onclick: () => this.part()}, "step apart");
    this.says = html("p", {class: "tlv-pairsays", "aria-live": "polite"});
    this.bar = html("div", {class: "tlv-stepper", role: "group", "aria-label": "Steps of both films"},
      html("strong", {}, "Both"), button("|◀", "First", () => this.go(0)), button("‹", "Previous step of both", () => this.go(this.tick - 1)),
      button("›", "Next step of both", () => this.go(this.tick + 1)), button("▶|", "Last", () => this.go(last)), this.slider, this.count, this.apart);
    this.root = html("div", {class: "tlv tlv-pairbar"}, html("div", {class: "tlv-live"}, this.bar, this.says));
    this.root.addEventListener("keydown", e => this.keydown(e));
    box.querySelector(".tlv-films").before(this.root);
    for (const item of box.querySelectorAll("[data-tick]")) {
      const link = html("button", {type: "button", class: "tlv-goto", onclick: () => this.go(Number(item.dataset.tick)), onkeydown: e => this.keydown(e)}, item.textContent);
      item.replaceChildren(link);
    }
    for (const face of faces) face.pair = this;
    box.classList.add("tlv-together");
    const begun = faces.find(face => face.step > 0);
    if (begun) this.follow(begun, begun.step); else this.go(0);
  }
  go(tick) {
    this.tick = Math.min(this.data.ticks.length - 1, Math.max(0, tick));
    if (!this.together) this.part();
    this.faces.forEach((face, k) => face.show(this.data.ticks[this.tick][k]));
    this.slider.value = this.tick;
    this.count.textContent = `${this.tick} / ${this.data.ticks.length - 1}`;
    this.slider.setAttribute("aria-valuetext", this.data.says[this.tick]);
    this.says.textContent = this.data.says[this.tick];
  }
  // One film was sent to a step of its own: the other goes where it has decided as much.
  follow(face, step) {
    const k = this.faces.indexOf(face), tick = this.data.ticks.findIndex(t => t[k] >= step);
    this.go(tick < 0 ? this.data.ticks.length - 1 : tick);
  }
  part() {
    this.together = !this.together;
    this.box.classList.toggle("tlv-together", this.together);
    this.apart.setAttribute("aria-pressed", String(!this.together));
    this.says.textContent = this.together ? "" : "Each film now has a slider of its own.";
    if (this.together) this.follow(this.faces[0], this.faces[0].step);
  }
  keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Tab" || event.key === "Escape") return;
    const to = {ArrowLeft: this.tick - 1, ArrowUp: this.tick - 1, PageUp: this.tick - 1, ArrowRight: this.tick + 1, ArrowDown: this.tick + 1, PageDown: this.tick + 1, Home: 0, End: this.data.ticks.length - 1};
    if (event.key in to) { this.go(to[event.key]); event.preventDefault(); }
    event.stopPropagation();
  }
}
// When the last film of a pair has started, the pair begins.
function pairUp(root) {
  const box = root.closest(".tlv-pair"), films = box ? [...box.querySelectorAll(".tlv[data-tlv]")] : [];
  if (films.length === 2 && films.every(film => film.tlvFace))
    new Pair(box, films.map(film => film.tlvFace), JSON.parse(box.querySelector(".tlv-pair-data").textContent));
}
