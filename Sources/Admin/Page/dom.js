// Creates elements and formats values. Data from outside never becomes markup.

export function el(name, options = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") element.className = value;
    else if (key === "text") element.textContent = value;
    else if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

const space = "http://www.w3.org/2000/svg";
export function svg(name, options = {}, ...children) {
  const element = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(options)) {
    if (key === "text") element.textContent = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// Replaces a node's children if the content has changed, and keeps the focus where it was.
const shown = new WeakMap();
export function fill(node, content, make) {
  const signature = JSON.stringify(content);
  if (shown.get(node) === signature) return;
  shown.set(node, signature);
  const key = node.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  node.replaceChildren(...[make(content)].flat().filter(Boolean));
  if (key !== undefined) [...node.querySelectorAll("[data-key]")].find(e => e.dataset.key === key)?.focus();
}

export function panel(title, className, note) {
  const body = el("div"), aside = el("span", {class: "soft", text: note || ""});
  const node = el("section", {class: "panel " + (className || ""), "aria-label": title},
    el("div", {class: "head"}, el("h2", {text: title}), aside), body);
  return {node, body, aside};
}

export function table(label, heads, rows, none) {
  if (!rows.length) return el("p", {class: "none", text: none});
  const cell = (name, content, column) => {
    const node = el(name, {class: column.class || null, scope: name === "th" ? "col" : null});
    node.append(...[content ?? ""].flat());
    return node;
  };
  return el("div", {class: "wide", tabindex: "0", role: "group", "aria-label": label},
    el("table", {},
      el("thead", {}, el("tr", {}, ...heads.map(h => cell("th", h.name, h)))),
      el("tbody", {}, ...rows.map(row => el("tr", {}, ...row.map((c, i) => cell("td", c, heads[i])))))));
}

export const count = v => v === undefined || v === null ? "–" : v >= 1e7 ? (v / 1e6).toFixed(1) + " M"
  : Number.isInteger(v) ? v.toLocaleString("en") : v >= 100 ? Math.round(v).toLocaleString("en") : v.toFixed(1);
export const seconds = v => v === null || v === undefined || Number.isNaN(v) ? "–"
  : v === 0 ? "0 s" : v < 0.0005 ? Math.round(v * 1e6) + " µs" : v < 0.01 ? (v * 1000).toFixed(1) + " ms" : v < 0.9995 ? Math.round(v * 1000) + " ms"
  : v < 9.95 ? v.toFixed(1) + " s" : v < 120 ? Math.round(v) + " s" : v < 7200 ? Math.round(v / 60) + " min"
  : v < 172800 ? Math.round(v / 3600) + " h" : Math.round(v / 86400) + " days";
export const bytes = v => v >= 2 ** 30 ? (v / 2 ** 30).toFixed(1) + " GiB" : v >= 2 ** 20 ? (v / 2 ** 20).toFixed(1) + " MiB"
  : v >= 1024 ? (v / 1024).toFixed(1) + " KiB" : v + " B";
// A time in milliseconds since 1970 as a UTC time of day.
export const clock = (time, digits = 8) => new Date(time).toISOString().slice(11, 11 + digits);
export const cut = (text, most) => text.length > most ? text.slice(0, most - 1) + "…" : text;

// The result of a call by its status, in the words of the commands and the metrics. Status 0 means no answer.
export const outcome = status => status >= 500 || !status ? "failed" : status >= 400 ? "refused" : "answered";
export const meaning = {
  failed: "Failed: answered with 500 or above, or not at all.",
  refused: "Refused: answered with 400 to 499.",
  answered: "Answered: with a status below 400.",
};
const marks = {failed: ["✕", "bad"], refused: ["△", "warn"], answered: ["✓", "good"]};
export function code(status) {
  const word = outcome(status), [mark, kind] = marks[word];
  return el("span", {class: "code " + kind, title: meaning[word], text: mark + " " + (status || "none")},
    el("span", {class: "skip", text: " " + word}));
}

export async function get(path) {
  const answer = await fetch(path, {cache: "no-store", headers: {Accept: "application/json"}});
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok && !path.startsWith("/readyz")) throw new Error(value.detail || value.message || "status " + answer.status);
  return value;
}
