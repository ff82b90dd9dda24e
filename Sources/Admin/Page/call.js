// One call: what each plan step decided, where the time went, and ways to repeat the call.
import {el, svg, get, code, seconds, bytes, clock, cut, panel} from "./dom.js";
import {known} from "./traffic.js";

const steps = ["framing", "host", "caller", "app", "operation", "policy", "quota", "credential"];
let wanted = "";

export const view = {
  title: "Call",
  node: el("div"),
  async open(id) {
    wanted = id;
    const first = known(id);
    if (first) show([first], null); else view.node.replaceChildren(el("p", {class: "none", text: "Searching …"}));
    for (let tries = 0; ; tries++) {
      try {
        const answer = await get("/api/traffic/" + encodeURIComponent(id));
        if (wanted === id) show(answer.records, answer.curl);
        return;
      } catch (error) {
        if (wanted !== id) return;
        // The journal has a call a moment after its end, not at once.
        if (tries < 3) { await new Promise(done => setTimeout(done, 400)); continue; }
        if (!first) view.node.replaceChildren(back(), el("p", {class: "none", text: error.message}));
        return;
      }
    }
  },
};

const back = () => el("p", {class: "tools"}, el("a", {class: "button", href: "#traffic", text: "← Calls", click: event => {
  if (history.length > 1 && document.body.dataset.from === "traffic") { event.preventDefault(); history.back(); }
}}));

function show(records, curl) {
  view.node.replaceChildren(back(), ...records.map((record, i) => one(record, curl?.[i], records.length > 1 ? `${i + 1} of ${records.length} with this request id` : "")));
}

// What each plan step decided, as far as the record shows. A refused call ends at the step that refused it.
function plan(record) {
  const [who, phase] = (record.termination || "").split("/");
  const at = who === "gateway" ? steps.indexOf(phase) : -1;
  const isRequest = record["http.request.method"] !== undefined && record.termination !== "caller/request";
  const decided = {
    framing: "the bytes are one request", host: "the name is one of this gateway's, and no web page is asking",
    caller: record.caller, app: record.app, operation: record.operation || "a path outside the catalogue",
    policy: "allowed", quota: record.queue_wait > 0 ? `waited ${seconds(record.queue_wait)}` : "no wait",
    credential: [record.credential, record.scope, record.token_wait > 0 ? `waited ${seconds(record.token_wait)}` : ""].filter(Boolean).join(", "),
  };
  return steps.map((step, i) => {
    if (!isRequest) return i ? [step, "open", "not reached"] : [step, "bad", record["error.type"] || "no request"];
    if (i === at) return [step, "bad", record["error.type"] || record.termination];
    if (at >= 0 && i > at) return [step, "open", "not reached"];
    return decided[step] ? [step, "good", decided[step]] : [step, "open", "not told"];
  });
}

function times(record) {
  const total = Math.max(record.duration || 0, 1e-6), rows = [];
  const add = (name, kind, start, length, note) => rows.push(
    el("span", {text: name}),
    svg("svg", {viewBox: "0 0 1000 16", preserveAspectRatio: "none", role: "img", "aria-label": `from ${seconds(start)}, for ${seconds(length)}`},
      svg("rect", {class: kind, x: Math.min(996, start / total * 1000), y: 2, height: 12, rx: 2, width: Math.max(4, Math.min(1000, length / total * 1000))})),
    el("span", {class: "keep", text: note || seconds(length)}));
  add("call", "all", 0, record.duration || 0);
  let at = 0;
  for (const [name, length] of [["limits", record.queue_wait], ["token", record.token_wait]])
    if (length > 0) { add("waits: " + name, "wait", at, length); at += length; }
  const attempts = record.upstream || [], sum = attempts.reduce((all, a) => all + a.duration, 0);
  // Without spans the record has no start times. Then each attempt is shown directly after the previous one, and the last
  // one ends with the call.
  at = Math.max(at, Math.min(at, total - sum));
  attempts.forEach((attempt, i) => {
    const start = attempt.start ?? at;
    add(attempts.length > 1 ? `attempt ${i + 1}` : "upstream", attempt.status && attempt.status < 500 ? "try" : "lost", start, attempt.duration,
      `${attempt.status || "no answer"}, ${seconds(attempt.duration)}${attempt.retry ? ", again: " + attempt.retry : ""}`);
    at = start + attempt.duration;
  });
  return el("div", {class: "times"}, ...rows);
}

function copy(button, text) {
  const done = word => { button.textContent = word; setTimeout(() => { button.textContent = button.dataset.name; }, 1500); };
  (navigator.clipboard ? navigator.clipboard.writeText(text) : Promise.reject()).then(() => done("Copied"), () => {
    const area = el("textarea", {readonly: true, "aria-label": "text to copy"});
    area.value = text;
    button.after(area);
    area.select();
    done("Copy it from here");
  });
}
const copier = (name, text) => {
  const button = el("button", {type: "button", "data-name": name, text: name});
  button.addEventListener("click", () => copy(button, text()));
  return button;
};

function one(record, curl, note) {
  const id = record.request_id, path = record["url.path"] || "";
  const title = record["http.request.method"] ? `${record["http.request.method"]} ${path}` : "Bytes that could not be read as a request";
  const planPanel = panel("Plan", "half", "what the gateway decided, in this order"), timePanel = panel("Time", "half", `began ${record.timestamp.slice(0, 10)} ${clock(Date.parse(record.timestamp), 12)} UTC`);
  const marks = {good: "✓", bad: "✕", open: "–"}, words = {good: "passed", bad: "refused", open: ""};
  const isAction = record.termination === "admin";
  planPanel.body.append(isAction ? el("p", {class: "none", text: "An action at the admin address: nothing was sent upstream."})
    : el("ol", {class: "steps"}, ...plan(record).map(([step, kind, text]) => el("li", {},
      el("span", {class: "mark " + kind, text: marks[kind]}, el("span", {class: "skip", text: words[kind]})), el("span", {text: step}), el("span", {class: kind === "open" ? "open" : "", text: cut(String(text), 400)})))));
  timePanel.body.append(times(record), el("p", {class: "soft", title: "bytes of bodies, as the caller sees them",
    text: `sent ${bytes(record["http.request.body.size"] || 0)}, received ${bytes(record["http.response.body.size"] || 0)}`}));
  const fieldPanel = panel("Record", "", "everything in the traffic log");
  fieldPanel.body.append(el("dl", {class: "facts"}, ...Object.entries(record).flatMap(([name, value]) => [
    el("dt", {text: name}), el("dd", {class: "mono", text: typeof value === "object" ? JSON.stringify(value) : String(value)})])));
  const buttons = el("p", {class: "tools"},
    curl?.command ? copier("Copy as curl", () => [...curl.caveats.map(c => "# " + c), curl.command].join("\n")) : null,
    isAction ? null : el("a", {class: "button", href: "/api/traffic.har?id=" + encodeURIComponent(id), download: cut(id, 60).replace(/[^\w.-]/g, "_") + ".har", text: "Download HAR"}),
    copier("Copy record", () => JSON.stringify(record, null, 2)));
  const cause = record.termination === "completed" ? null : el("p", {class: "soft long", text: `ended by ${cut(record.termination, 200)}${record["error.type"] ? ", " + cut(record["error.type"], 200) : ""}`});
  return el("div", {}, el("h2", {class: "title"}, code(record["http.response.status_code"]), el("span", {text: title})), el("p", {class: "soft", text: note}), cause,
    el("p", {class: "words"}), buttons, el("div", {class: "grid"}, planPanel.node, timePanel.node, fieldPanel.node));
}
