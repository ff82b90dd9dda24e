// The gateway's current state, and its figures for the last fifteen minutes.
import {el, svg, fill, panel, table, count, seconds, bytes, clock, code, meaning, cut} from "./dom.js";
import {feed} from "./feed.js";
import {recent, groups, minutes, lookNow} from "./window.js";
import {Chart} from "./chart.js";

const column = minutes * 1000;
let before = null, rate = null;

function tile(label, title) {
  const value = el("p", {class: "value", text: "–"}), note = el("p", {class: "note"});
  const node = el("div", {class: "tile", title: title || null}, el("p", {class: "label", text: label}), value, note);
  return {node, show(text, noteText, kind) {
    value.textContent = text;
    value.className = "value " + (kind || "");
    note.textContent = noteText || "";
    note.title = noteText || "";
  }};
}

const tiles = {
  calls: tile("Calls"), success: tile("Success", "Calls that did not fail. " + meaning.failed),
  p50: tile("p50", "Half of the calls took at most this long."), p95: tile("p95", "95 % of calls took at most this long."),
  p99: tile("p99", "99 % of calls took at most this long."), way: tile("Under way"),
};
const hatch = (id) => svg("defs", {}, svg("pattern", {id, width: 5, height: 5, patternUnits: "userSpaceOnUse"},
  svg("rect", {class: "failed", width: 5, height: 5}), svg("path", {class: "hatch", d: "M0 5L5 0"})));
const calls = new Chart("Calls per 15 seconds", {
  format: count, least: 4,
  describe: (data, i) => `${count(data.calls[i])} calls\n${count(data.failed[i])} failed`,
  draw: (data, x, y, step) => [hatch("hatch"), ...data.calls.map((v, i) => v > 0 && svg("rect", {
    class: "calls", x: x(i) + step * 0.12, width: step * 0.76, y: y(v), height: y(0) - y(v)})),
  ...data.failed.map((v, i) => v > 0 && svg("rect", {
    fill: "url(#hatch)", x: x(i) + step * 0.12, width: step * 0.76, y: y(v), height: y(0) - y(v)}))].filter(Boolean),
});
const names = ["p50", "p95", "p99"];
const durations = new Chart("Durations per 15 seconds", {
  format: seconds, least: 0.001,
  describe: (data, i) => names.map(n => `${n} ${seconds(data[n][i])}`).join("\n"),
  draw: (data, x, y, step) => names.map(name => {
    let path = "", isOpen = false;
    data[name].forEach((v, i) => {
      if (v === null) { isOpen = false; return; }
      const alone = !isOpen && (data[name][i + 1] ?? null) === null;
      path += `${isOpen ? "L" : "M"}${(x(i + 0.5)).toFixed(1)} ${y(v).toFixed(1)}` + (alone ? "h2" : "");
      isOpen = true;
    });
    return svg("path", {class: "line " + name, d: path || "M0 0"});
  }),
});
const sample = name => svg("svg", {viewBox: "0 0 22 10", "aria-hidden": "true"},
  svg("path", {class: "line " + name, d: "M0 5H22"}));

const notices = el("div", {class: "grid", id: "notices"});
const callsPanel = panel("Calls", "half"), timePanel = panel("Durations", "half");
const limitPanel = panel("Limits", "half", "a call waits for the fullest"), appPanel = panel("Apps", "half", "runway: how long calls go on without the token endpoint");
const errorPanel = panel("What went wrong", "two-thirds"), checkPanel = panel("Checks", "third");
callsPanel.aside.textContent = "hatched: failed, answered with 500 or above, or not at all";
callsPanel.body.append(calls.node);
timePanel.aside.replaceWith(el("span", {class: "legend chart"}, ...names.map(n => el("span", {}, sample(n), n))));
timePanel.body.append(durations.node);

export const view = {
  title: "Now",
  node: el("div", {}, el("h2", {class: "skip", text: "Now"}), notices,
    el("div", {class: "grid"}, el("div", {class: "tiles"}, ...Object.values(tiles).map(t => t.node)),
      callsPanel.node, timePanel.node, errorPanel.node, checkPanel.node, limitPanel.node, appPanel.node)),
  open() { lookNow(); showState(); showRecent(); },
};

// Converts a summary's columns to those of the charts. A new journal's summary covers less time, so its columns are
// narrower.
function columns(summary) {
  const series = {calls: [], failed: [], p50: [], p95: [], p99: []};
  for (const name in series) series[name] = Array(60).fill(names.includes(name) ? null : 0);
  const width = (summary.until - summary.since) / 60;
  summary.calls.forEach((calls, bar) => {
    if (!calls) return;
    const i = Math.floor(((summary.since + (bar + 0.5) * width) * 1000 - recent.from) / column);
    if (i < 0 || i > 59) return;
    series.calls[i] += calls;
    series.failed[i] += summary.failed[bar];
    for (const name of names) series[name][i] = Math.max(series[name][i] ?? 0, summary[name][bar] ?? 0);
  });
  return series;
}

function showRecent() {
  const summary = recent.summary, all = summary?.all;
  if (all) {
    const within = `in ${minutes} minutes`, quality = all.calls ? 1 - all.failed / all.calls : 1;
    tiles.calls.show(count(all.calls), rate === null ? within : `${count(rate)} a second`);
    tiles.success.show(!all.calls ? "–" : quality === 1 ? "100 %" : (Math.floor(quality * 10000) / 100).toFixed(2) + " %",
      `${count(all.failed)} failed, ${count(all.refused)} refused`, all.failed ? "bad" : "");
    for (const name of names) tiles[name].show(all.calls ? seconds(all[name]) : "–", within);
    const data = columns(summary);
    calls.show(recent.from, column, Math.max(...data.calls), data, `${all.calls} calls in ${minutes} minutes, ${all.failed} failed`);
    durations.show(recent.from, column, Math.max(...names.flatMap(n => data[n].map(v => v ?? 0))), data,
      names.map(n => `${n} ${seconds(all[n])}`).join(", "));
  }
  errorPanel.aside.textContent = recent.wrongIsCut ? `of the newest ${recent.wrong.length} that failed or were refused` : `in ${minutes} minutes`;
  fill(errorPanel.body, [feed.state?.journal, groups().slice(0, 12).map(g => [g.operation, g.type, g.caller, g.calls, g.status, g.last.request_id])], () =>
    table("What went wrong", [{name: "Status"}, {name: "Error"}, {name: "Operation", class: "hide"}, {name: "Caller", class: "hide"}, {name: "Calls", class: "n"}, {name: "Last", class: "n"}],
      groups().slice(0, 12).map(g => {
        const query = new URLSearchParams({since: minutes + "m", status: g.status || "none"});
        if (g.caller) query.set("caller", g.caller);
        if (g.operation) query.set("operation", g.operation);
        return [code(g.status),
          el("a", {href: "#traffic?" + query, text: cut(g.type, 60), "data-key": g.type + g.operation + g.caller}),
          g.operation || "–", cut(g.caller || "–", 40), count(g.calls),
          el("a", {href: "#traffic/" + encodeURIComponent(g.last.request_id), text: clock(Date.parse(g.last.timestamp)), "data-key": "last" + g.type + g.operation + g.caller})];
      }), feed.state?.journal === false ? "Needs a journal." : "Nothing."));
}

function showState() {
  const state = feed.state;
  if (!state) return;
  const total = state.totals.reduce((a, b) => a + b, 0);
  if (!before || state.time !== before.time) {
    // After a restart the gateway counts from zero.
    rate = before && state.time > before.time && total >= before.total ? (total - before.total) / (state.time - before.time) : null;
    before = {time: state.time, total};
  }
  const waiting = state.limits.reduce((sum, l) => sum + l.waiting, 0);
  tiles.way.show(count(state.underWay), `${count(waiting)} waiting for a limit`);
  if (!state.journal) tiles.calls.show(count(total), "since the start");
  else if (recent.summary && rate !== null) tiles.calls.show(count(recent.summary.all.calls), `${count(rate)} a second`);

  const pauses = state.limits.filter(l => l.pausedFor > 0);
  fill(notices, [state.journal, state.reason, pauses.map(p => [p.limit, p.app, Math.ceil(p.pausedFor)]), recent.error], () => [
    ...pauses.map(p => el("p", {class: "notice", role: "status", text: `‖ Paused: ${p.limit}${p.app ? ", app " + p.app : ""}. Calls start again in ${Math.ceil(p.pausedFor)} s.`})),
    state.status !== "ready" && state.reason && el("p", {class: "notice", text: `△ ${state.status}: ${state.reason}`}),
    !state.journal && el("p", {class: "notice", text: "△ This gateway keeps no journal: charts, traffic and errors need one (traffic.journal)."}),
    recent.error && el("p", {class: "notice", text: "△ The journal does not answer: " + recent.error})]);

  const limits = state.limits.filter(l => l.used || l.waiting || l.inUse);
  fill(limitPanel.body, limits.slice(0, 8), rows => table("Limits",
    [{name: "Limit"}, {name: "Left", class: "n"}, {name: "Under way", class: "n"}, {name: "Waiting", class: "n"}, {name: "Wait", class: "n"}],
    rows.map(l => [[l.limit, l.app, l.caller].filter(Boolean).join(", "), l.remaining === undefined ? "–" : count(l.remaining),
      l.concurrency ? `${l.inUse} of ${l.concurrency}` : count(l.inUse), count(l.waiting),
      l.pausedFor ? `paused, ${Math.ceil(l.pausedFor)} s` : l.predictedWait ? seconds(l.predictedWait) : "none"]), "None is in use."));
  limitPanel.aside.replaceChildren(el("a", {href: "#limits", text: "all limits"}));
  fill(appPanel.body, state.apps.map(a => [a.app, a.runway === null ? null : seconds(a.runway), a.runway === 0, a.secretRefused]), rows =>
    table("Apps", [{name: "App"}, {name: "Runway", class: "n"}, {name: "Secret"}],
      rows.map(([app, runway, isMissing, isRefused]) => [app,
        el("span", {class: isMissing ? "bad" : "", text: isMissing ? "✕ a token is missing" : runway ?? "no token in use"}),
        el("span", {class: isRefused ? "bad" : "good", text: isRefused ? "✕ refused" : "✓ works"})]), "No apps are configured."));
  fill(checkPanel.body, state.checks, checks => table("Checks", [{name: el("span", {class: "skip", text: "State"}), class: "mark"}, {name: "Check"}],
    checks.map(c => [el("span", {class: c.ready ? "good" : c.required ? "bad" : "warn", text: c.ready ? "✓" : "✕"},
      el("span", {class: "skip", text: c.ready ? "well" : "not well"})),
    [el("div", {text: c.name}), el("div", {class: "soft", text: c.detail})]]), "None."));
}

feed.on("state", () => view.node.isConnected && showState());
recent.on(() => view.node.isConnected && (showRecent(), showState()));
