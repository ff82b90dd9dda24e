// Calls in the journal, newest first. New calls are only counted on a button until the user asks for them, so the list
// never jumps.
import {el, fill, get, code, seconds, clock, cut, count} from "./dom.js";
import {feed} from "./feed.js";

const most = 500, page = 100;
const names = ["caller", "app", "operation", "method", "status", "slower", "since", "until", "id"];
let query = new URLSearchParams(), records = [], fresh = [], freshCount = 0, before = null, isLive = true, asked = 0;

// Parses the text of the filter: `status=5xx caller=crm`, and words that occur in the path or the error. `write` is the
// inverse.
export function parse(text) {
  const found = new URLSearchParams(), words = [];
  for (const part of text.trim().split(/\s+/).filter(Boolean)) {
    const [, name, value] = part.match(/^-{0,2}([a-z]+)=(.*)$/) || [];
    if (names.includes(name)) { if (value) found.set(name, value); } else words.push(part);
  }
  if (words.length) found.set("text", words.join(" "));
  return found;
}
export const write = query => [...query].map(([name, value]) => name === "text" ? value : `${name}=${value}`).join(" ");

const unit = {us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400};
function matches(record) {
  const status = record["http.response.status_code"] || 0;
  for (const [name, value] of query) {
    if (name === "caller" || name === "app" || name === "operation") { if (record[name] !== value) return false; }
    else if (name === "method") { if (record["http.request.method"] !== value) return false; }
    else if (name === "id") { if (record.request_id !== value) return false; }
    else if (name === "status") {
      if (!value.split(",").some(v => v === "none" ? !status : /^\dxx$/i.test(v) ? Math.floor(status / 100) === Number(v[0]) : status === Number(v))) return false;
    } else if (name === "slower") {
      const [, number, of] = value.match(/^(\d+)(us|ms|s|m|h|d)$/) || [];
      if (!number || record.duration <= number * unit[of]) return false;
    } else if (name === "until") return false;
    else if (name === "text") {
      const text = `${record["url.path"] || ""} ${record["error.type"] || ""}`.toLowerCase();
      if (!value.toLowerCase().split(" ").every(word => text.includes(word))) return false;
    }
  }
  return true;
}

const input = el("input", {type: "search", id: "filter", placeholder: "status=5xx caller=crm words of the path", autocomplete: "off", spellcheck: "false", "aria-describedby": "words"});
const pill = el("button", {type: "button", class: "pill", hidden: true, click: takeNew});
const status = el("p", {class: "none", role: "status"});
const head = ["Time", "Status", "Call", "Operation", "Caller", "Took"];
const body = el("tbody");
const list = el("table", {class: "calls"}, el("thead", {}, el("tr", {}, ...head.map((name, i) =>
  el("th", {scope: "col", class: ["", "", "", "hide long", "hide long", "n"][i], text: name})))), body);
const older = el("button", {type: "button", text: "Older calls", hidden: true, click: () => load(true)});
const form = el("form", {class: "tools", role: "search", submit: event => {
  event.preventDefault();
  const wanted = parse(input.value).toString();
  const hash = "#traffic" + (wanted ? "?" + wanted : "");
  if (location.hash === hash) load(); else location.hash = hash;
}}, el("label", {}, el("span", {text: "Filter"}), input), el("button", {type: "submit", text: "Search"}), pill);

export const view = {
  title: "Traffic",
  node: el("div", {}, el("h2", {class: "skip", text: "Traffic"}), form,
    el("p", {class: "words", id: "words"}, "Filters, as on the command line: ", el("code", {text: "status=4xx,5xx  caller=  app=  operation=  method=  slower=500ms  since=1h  until=  id="}),
      ", and words in the path or the error."),
    el("section", {class: "panel", "aria-label": "Calls"}, list, status, older)),
  open(rest) {
    const wanted = new URLSearchParams(rest);
    if (wanted.toString() === query.toString() && asked) { showPill(); return; }
    query = wanted;
    input.value = write(query);
    load();
  },
  focusFilter() { input.focus(); input.select(); },
  takeNew,
  // Moves the focus down by `by` calls, or up if it is negative.
  move(by) {
    const links = [...body.querySelectorAll("a")], at = links.indexOf(document.activeElement);
    links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
  },
};

export const known = id => records.find(r => r.request_id === id) || fresh.find(r => r.request_id === id);

function row(record) {
  const path = record["url.path"] || "bytes that could not be read as a request", id = record.request_id;
  const cell = (className, ...content) => el("td", {class: className}, ...content);
  return el("tr", {},
    cell("keep soft", record.timestamp.slice(11, 19), el("span", {class: "hide", text: record.timestamp.slice(19, 23)})), cell("keep", code(record["http.response.status_code"])),
    cell("cut", el("a", {href: "#traffic/" + encodeURIComponent(id), title: cut(path, 300)},
      (record["http.request.method"] || "") + " " + cut(path, 300)),
    record["error.type"] ? el("span", {class: "soft", text: "  " + cut(record["error.type"], 60)}) : null),
    cell("hide long", cut(record.operation || "–", 40)), cell("hide long", cut(record.caller || "–", 40)), cell("n", seconds(record.duration)));
}

function show() {
  body.replaceChildren(...records.map(row));
  list.hidden = !records.length;
  older.hidden = !before || records.length >= most;
}

async function load(isOlder = false) {
  const mine = ++asked;
  const wanted = new URLSearchParams(query);
  wanted.set("limit", page);
  if (isOlder && before) wanted.set("before", before);
  status.textContent = "Searching …";
  if (!isOlder) { fresh = []; freshCount = 0; showPill(); }
  try {
    const answer = await get("/api/traffic?" + wanted.toString().replaceAll("+", "%20"));
    if (mine !== asked) return;
    records = isOlder ? [...records, ...answer.records].slice(0, most) : answer.records;
    before = answer.before;
    show();
    status.textContent = !records.length ? "No calls match." : !answer.complete ? "The search timed out before the oldest calls; ask for more." 
      : records.length >= most && before ? `The list holds ${most} calls; for older ones add until=.` : "";
  } catch (error) {
    if (mine !== asked) return;
    if (!isOlder) { records = []; before = null; show(); }
    status.textContent = error.message;
  }
}

function showPill() {
  pill.hidden = !freshCount;
  pill.textContent = `▲ ${count(freshCount)} new`;
}

function takeNew() {
  if (!freshCount) return;
  // More calls ended than `fresh` keeps, so the list would have a gap.
  if (freshCount > fresh.length) { load(); window.scrollTo(0, 0); return; }
  records = [...fresh, ...records].slice(0, most);
  fresh = [];
  freshCount = 0;
  show();
  showPill();
  window.scrollTo(0, 0);
  // The button is hidden now, and would lose the focus.
  body.querySelector("a")?.focus({preventScroll: true});
}

feed.on("call", record => {
  if (!asked || !matches(record)) return;
  freshCount += 1;
  fresh.unshift(record);
  if (fresh.length > page) fresh.pop();
  isLive = true;
});
// Updates the button at most four times a second, however many calls end.
setInterval(() => { if (isLive && view.node.isConnected) { isLive = false; showPill(); } }, 250);
feed.on("resync", () => {
  if (!asked) return;
  // Events were lost. The count exceeds the calls in `fresh`, so `takeNew` loads the list from the journal.
  freshCount = Math.max(freshCount, fresh.length) + 1;
  fresh = [];
  isLive = true;
});
