// A small map of a large graph: all boxes, and a frame around what is in sight. A click goes there.
class Minimap {
  constructor(graph) {
    this.graph = graph;
    this.svg = shape("svg", {class: "tlv-minimap", "aria-hidden": "true"}, graph.host);
    const go = event => {
      const r = this.svg.getBoundingClientRect(), {w, h} = graph.whole, v = graph.view;
      event.stopPropagation();
      if (v && event.buttons) graph.look({...v, x: (event.clientX - r.left) / r.width * w, y: (event.clientY - r.top) / r.height * h});
    };
    this.svg.addEventListener("pointerdown", go);
    this.svg.addEventListener("pointermove", go);
  }
  build() {
    const {w, h} = this.graph.whole, scale = Math.min(150 / w, 130 / h);
    this.svg.replaceChildren();
    for (const [k, v] of Object.entries({viewBox: `0 0 ${w} ${h}`, width: Math.max(12, w * scale), height: Math.max(12, h * scale), preserveAspectRatio: "none"})) this.svg.setAttribute(k, v);
    const boxes = Object.keys(this.graph.boxes).map(i => this.graph.at[i]).map(([x, y, w, h]) => `M${x - w / 2} ${y - h / 2}h${w}v${h}h${-w}z`);
    shape("path", {d: boxes.join("")}, this.svg);
    this.frame = shape("rect", {class: "tlv-seen"}, this.svg);
  }
  // Shown where a part of the graph is out of sight.
  mark(x, y, w, h) {
    const whole = this.graph.whole;
    this.svg.style.display = x > 20 || y > 20 || x + w < whole.w - 20 || y + h < whole.h - 20 ? "" : "none";
    for (const [k, v] of Object.entries({x, y, width: w, height: h})) this.frame?.setAttribute(k, v);
  }
}
