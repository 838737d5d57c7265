// The memory film beside the stepper: the step's kernel is marked, a click goes to a step.
class Memory {
  constructor(face, data) {
    this.face = face;
    this.chart = html("div", {class: "tlv-chart"});
    this.chart.innerHTML = data.svg; // written by tinylearn, every text in it escaped
    this.root = html("details", {class: "tlv-memory"}, html("summary", {}, data.says),
      html("p", {}, "Columns are kernels in running order, bars are values in memory. A click on a bar or a number goes to the step that decided it."), this.chart);
    this.chart.firstChild.setAttribute("role", "group"); // no longer one image: its parts are buttons
    for (const e of this.chart.querySelectorAll("[data-node]")) {
      e.setAttribute("tabindex", "0");
      e.setAttribute("role", "button");
      e.setAttribute("aria-label", e.querySelector("title").textContent);
      e.addEventListener("click", () => this.open(e.dataset.node));
      e.addEventListener("keydown", event => {
        if (event.key !== "Enter" && event.key !== " ") return;
        this.open(e.dataset.node);
        event.preventDefault();
        event.stopPropagation();
      });
    }
  }
  // Go to the step that decided where this value is stored; without one, show its node.
  open(node) {
    const k = this.face.trace.steps.findIndex(s => s.verdict !== "simplify" && s.nodes.includes(node));
    if (k < 0) this.face.select(node, true);
    else this.face.go(k + 1);
  }
  mark(step) {
    const kernels = step ? step.kernels : [], nodes = step ? step.nodes : [];
    for (const e of this.chart.querySelectorAll("[data-column]")) e.style.display = kernels.includes(e.dataset.column) ? "" : "none";
    for (const e of this.chart.querySelectorAll("[data-node]")) e.classList.toggle("tlv-membar", nodes.includes(e.dataset.node));
    const now = this.chart.querySelector(`[data-column="${kernels[0]}"]`);
    if (now && this.root.open) {
      const box = now.getBBox();
      if (box.x < this.chart.scrollLeft || box.x + box.width > this.chart.scrollLeft + this.chart.clientWidth)
        this.chart.scrollLeft = box.x - this.chart.clientWidth / 2;
    }
  }
}
