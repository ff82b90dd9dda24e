// The views of tokens, limits and callers.
import {el, fill, get, panel, table, count, seconds, clock, code, cut} from "./dom.js";
import {feed} from "./feed.js";
import {recent, lookNow} from "./window.js";

const left = {class: "keep"}, number = {class: "n"};

// Calls `ask` every `pause` milliseconds while the view is open and visible.
function asking(view, pause, ask) {
  let timer = 0;
  const look = async () => {
    clearTimeout(timer);
    if (!view.node.isConnected) return;
    if (!feed.isGone && !document.hidden) {
      try { await ask(); view.status.textContent = ""; } catch (error) { view.status.textContent = error.message; }
    }
    timer = setTimeout(look, pause);
  };
  view.open = () => look();
  return view;
}

function frame(title, note) {
  const part = panel(title, "", note), status = el("p", {class: "none", role: "status"});
  return {title, node: el("div", {class: "grid"}, part.node, status), body: part.body, aside: part.aside, status};
}

export const tokens = frame("Tokens");
const tokenState = {fresh: ["✓", "good"], refreshing: ["↻", "good"], fetching: ["↻", "warn"], failing: ["✕", "bad"], empty: ["–", "soft"]};
asking(tokens, 3000, async () => {
  const answer = await get("/api/tokens"), acts = Boolean(feed.state?.actions);
  tokens.aside.textContent = answer.runway === null ? "no token is in use" : answer.runway === 0 ? "a token that is needed is missing"
    : `without the token endpoint calls go on for ${seconds(answer.runway)}`;
  fill(tokens.body, [acts, answer.tokens, answer.apps], () => [table("Tokens",
    [{name: "App"}, {name: "Scope", class: "long"}, {name: "State", ...left}, {name: "Left", ...number}, {name: "Uses", class: "n hide"}, {name: "Next", class: "n hide"}, {name: "Last error", class: "hide"}, ...(acts ? [{name: el("span", {class: "skip", text: "Act"}), ...number}] : [])],
    answer.tokens.map(t => {
      const [mark, kind] = tokenState[t.state] || ["", ""];
      const renew = el("button", {type: "button", text: "Renew", "aria-label": `Renew the token of app ${t.app} for ${t.scope}`, "data-key": t.app + " " + t.scope});
      renew.addEventListener("click", () => act(renew, "/api/tokens/renew", {app: t.app, scope: t.scope}));
      return [t.app, el("span", {class: "mono", text: t.scope}), [el("span", {class: kind, text: `${mark} ${t.state}`}), t.error ? el("div", {class: "bad long", text: cut(t.error, 200)}) : ""], seconds(t.remaining), count(t.uses),
        t.next === undefined ? "–" : t.inUse || t.state === "failing" ? "in " + seconds(t.next) : "if used",
        t.lastError ? `${cut(t.lastError, 200)}${t.lastErrorAge === undefined ? "" : `, ${seconds(t.lastErrorAge)} ago`}` : "–", ...(acts ? [renew] : [])];
    }), "No token has been needed yet."),
  ...answer.apps.filter(a => a.secretRefused).map(a => el("p", {class: "bad", text: `✕ The secret of app ${a.app} is refused: put the right one in apps[].secret.`}))]);
});

async function act(button, path, parameters) {
  button.disabled = true;
  try {
    const answer = await fetch(`${path}?${new URLSearchParams(parameters).toString().replaceAll("+", "%20")}`,
      {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"});
    const value = await answer.json();
    button.textContent = answer.ok ? "Asked for" : "Refused";
    if (!answer.ok) tokens.status.textContent = value.detail || value.message;
  } catch { button.textContent = "No answer"; }
  setTimeout(() => { button.disabled = false; button.textContent = "Renew"; }, 2000);
}

export const limits = frame("Limits", "each limit, with what it counts separately below");
asking(limits, 1000, async () => {
  const state = feed.state;
  if (!state) return;
  const rows = state.limitsOmitted ? (await get("/api/limits")).limits : state.limits;
  const byName = new Map();
  for (const row of rows) byName.set(row.limit, [...(byName.get(row.limit) || []), row]);
  fill(limits.body, rows, () => [...byName].length ? [table("Limits",
    [{name: "Limit", class: "long"}, {name: "For", ...left}, {name: "Rate", class: "keep hide"}, {name: "Left", ...left}, {name: "Under way", class: "n hide"}, {name: "Waiting", class: "n hide"}, {name: "Wait", ...number}],
    [...byName].flatMap(([name, members]) => {
      const used = members.filter(m => m.used), shown = (used.length ? used : members.slice(0, 1)).slice(0, 50);
      return shown.map((l, i) => [i ? "" : el("b", {text: name}), who(l), i ? "" : l.rate ? `${l.rate}, burst ${l.burst}` : "–",
        l.remaining === undefined ? "–" : [gauge(l, name), ` ${count(l.remaining)}`],
        l.concurrency ? `${l.inUse} of ${l.concurrency}` : count(l.inUse), count(l.waiting),
        l.pausedFor ? el("span", {class: "warn", text: `‖ paused, ${Math.ceil(l.pausedFor)} s`}) : l.predictedWait ? seconds(l.predictedWait) : "none"])
        .concat(used.length > 50 ? [["", `${used.length - 50} more`, "", "", "", "", ""]] : []);
    }), "")] : [el("p", {class: "none", text: "No limits are configured."})]);
});
const who = l => l.caller || l.app ? [l.app && "app " + l.app, l.caller && "caller " + l.caller].filter(Boolean).join(", ") : l.used ? "all" : "not used yet";
const gauge = (l, name) => el("meter", {class: "hide", min: 0, max: l.burst, low: l.burst / 5, optimum: l.burst, value: l.remaining, "aria-label": `${name}: ${l.remaining} of ${l.burst} left`});

export const callers = frame("Callers");
const lastErrors = new Map(), asksAtMost = 20;
asking(callers, 5000, async () => {
  lookNow();
  const answer = await get("/api/callers");
  if (feed.state?.journal) for (const caller of answer.callers.slice(0, asksAtMost)) {
    const found = await get(`/api/traffic?limit=1&status=4xx,5xx,none&caller=${encodeURIComponent(caller.caller)}`);
    lastErrors.set(caller.caller, found.records[0]);
  }
  const figures = new Map();
  for (const group of recent.summary?.groups || []) {
    const sum = figures.get(group.caller) || {calls: 0, failed: 0, refused: 0};
    for (const name in sum) sum[name] += group[name];
    figures.set(group.caller, sum);
  }
  callers.aside.textContent = "figures of the last 15 minutes";
  fill(callers.body, [answer, [...figures], [...lastErrors.values()]], () => table("Callers",
    [{name: "Caller"}, {name: "Apps", class: "hide"}, {name: "Calls", ...number}, {name: "Failed", ...number}, {name: "Refused", class: "n hide"}, {name: "Last error"}, {name: "May do", class: "hide"}],
    answer.callers.map(c => {
      const sum = figures.get(c.caller), last = lastErrors.get(c.caller);
      return [[el("a", {href: "#traffic?" + new URLSearchParams({caller: c.caller}), text: c.caller, "data-key": "caller " + c.caller}), c.mode === "normal" ? "" : el("div", {class: "warn", text: "‖ " + c.mode}), el("div", {class: "soft only-narrow", text: summary(c)})],
        c.apps.join(", ") || "none", count(sum?.calls ?? 0), el("span", {class: sum?.failed ? "bad" : "", text: count(sum?.failed ?? 0)}), count(sum?.refused ?? 0),
        last ? [code(last["http.response.status_code"]), " ", el("a", {href: "#traffic/" + encodeURIComponent(last.request_id), "data-key": "last " + c.caller,
          text: `${cut(last["error.type"] || last.operation || "", 60)} ${last.timestamp.slice(0, 10)} ${clock(Date.parse(last.timestamp))}`})] : feed.state?.journal ? "–" : "needs a journal",
        rights(c)];
    }), "No callers are configured."));
});

const summary = c => c.all ? "all operations" : c.operations.length + " operations";

function rights(caller) {
  const unknown = caller.unknownOperations ? ", and paths in no catalogue" : "";
  if (caller.all) return `all ${caller.operations.length} operations${unknown}`;
  if (!caller.operations.length) return "nothing";
  return el("details", {}, el("summary", {"data-key": "may " + caller.caller, text: `${caller.operations.length} operations${unknown}`}),
    el("ul", {class: "operations"}, ...caller.operations.map(o => el("li", {text: o}))));
}
