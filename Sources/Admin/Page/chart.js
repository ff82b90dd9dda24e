// Charts with axes and sixty columns over fifteen minutes. A line follows the pointer or the arrow keys.
import {el, svg, clock} from "./dom.js";

const height = 190, left = 52, right = 12, top = 8, bottom = 24;

// A scale for values up to `most` that reaches at least to `least`: a round number as its end, and the ticks up to it.
export function scale(most, least) {
  const wanted = Math.max(most, least), power = 10 ** Math.floor(Math.log10(wanted / 4));
  const step = [1, 2, 2.5, 5, 10].map(v => v * power).find(v => v * 4 >= wanted);
  const end = Math.ceil(wanted / step - 1e-9) * step;
  return {end, ticks: Array.from({length: Math.round(end / step) + 1}, (_, i) => i * step)};
}

export class Chart {
  // `format` converts a value to text. `describe(data, column)` returns the text of the tip. The scale reaches at least
  // to `least`. `draw(data, x, y, step)` returns the shapes.
  constructor(label, {format, describe, least, draw}) {
    this.picture = svg("svg", {role: "img", tabindex: "0", "aria-label": label});
    this.tip = el("div", {class: "tip", hidden: true, "aria-live": "polite"});
    this.node = el("div", {class: "chart"}, this.picture, this.tip);
    Object.assign(this, {format, describe, least, drawData: draw, at: null, label});
    new ResizeObserver(() => this.draw()).observe(this.node);
    this.picture.addEventListener("pointermove", event => {
      const box = this.picture.getBoundingClientRect();
      this.point(Math.floor((event.clientX - box.left - left) / this.step));
    });
    this.picture.addEventListener("pointerleave", () => this.point(null));
    this.picture.addEventListener("blur", () => this.point(null));
    this.picture.addEventListener("keydown", event => {
      const move = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (!move) return;
      event.preventDefault();
      this.point(this.at === null ? 59 : this.at + move);
    });
  }

  // `from` is the time of the first column, in milliseconds since 1970. `column` is the length of a column, in
  // milliseconds. `most` is the largest value.
  show(from, column, most, data, summary) {
    Object.assign(this, {from, column, most, data});
    this.picture.setAttribute("aria-label", this.label + ". " + summary);
    this.draw();
  }

  draw() {
    const width = this.node.clientWidth;
    if (!width || !this.data) return;
    this.step = (width - left - right) / 60;
    const {end, ticks} = scale(this.most, this.least);
    const x = column => left + column * this.step, y = v => height - bottom - v / end * (height - top - bottom);
    const parts = ticks.map(v => [
      svg("line", {class: "rule", x1: left, x2: width - right, y1: y(v), y2: y(v)}),
      svg("text", {x: left - 8, y: y(v) + 4, "text-anchor": "end", text: v ? this.format(v) : "0"})]).flat();
    const every = width < 520 ? 5 : 3;
    for (let i = 0; i <= 60; i++) {
      const time = this.from + i * this.column;
      if (time / 60000 % every === 0 && x(i) < width - 24 && x(i) > left - 1)
        parts.push(svg("line", {class: "rule", x1: x(i), x2: x(i), y1: height - bottom, y2: height - bottom + 4}),
          svg("text", {x: x(i), y: height - 5, "text-anchor": "middle", text: clock(time, 5)}));
    }
    this.picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.cursor = svg("line", {class: "cursor", y1: top, y2: height - bottom, x1: 0, x2: 0, visibility: "hidden"});
    this.picture.replaceChildren(...parts, ...this.drawData(this.data, x, y, this.step), this.cursor);
    if (this.at !== null) this.point(this.at);
  }

  point(column) {
    if (column === null || !this.data) {
      this.at = null;
      this.tip.hidden = true;
      this.cursor?.setAttribute("visibility", "hidden");
      return;
    }
    this.at = Math.max(0, Math.min(59, column));
    const x = left + (this.at + 0.5) * this.step, time = this.from + this.at * this.column;
    for (const end of ["x1", "x2"]) this.cursor.setAttribute(end, x);
    this.cursor.setAttribute("visibility", "visible");
    this.tip.textContent = `${clock(time)} to ${clock(time + this.column)} UTC\n${this.describe(this.data, this.at)}`;
    this.tip.hidden = false;
    const room = this.node.clientWidth - this.tip.offsetWidth;
    this.tip.style.left = Math.max(0, Math.min(room, x + 10 > room ? x - this.tip.offsetWidth - 10 : x + 10)) + "px";
  }
}
