// The last fifteen minutes, from the journal: counts and durations over time, and the newest calls that went wrong.
import {feed} from "./feed.js";
import {get, outcome} from "./dom.js";

export const minutes = 15;
const shortest = 3000, wrongLimit = 300;
const listeners = [];
let timer = 0, isAsking = false, lastTotals = "";

export const recent = {
  summary: null, wrong: [], wrongIsCut: false, error: "",
  on(action) { listeners.push(action); },
};

async function look() {
  clearTimeout(timer);
  if (isAsking) return;
  isAsking = true;
  const began = performance.now();
  try {
    if (feed.state && feed.state.journal && !feed.isGone && !document.hidden) {
      // Starts and ends at whole columns of the chart, so that they do not shift.
      const column = minutes * 1000, end = (Math.floor(Date.now() / column) + 1) * column;
      const since = new Date(end - 60 * column).toISOString(), until = new Date(end).toISOString();
      const summary = await get(`/api/traffic/stats?since=${since}&until=${until}&series=durations`);
      const totals = JSON.stringify([summary.all.refused, summary.all.failed, summary.since]);
      if (totals !== lastTotals) {
        const wrong = await get(`/api/traffic?status=4xx,5xx,none&since=${since}&limit=${wrongLimit}`);
        recent.wrong = wrong.records;
        recent.wrongIsCut = wrong.records.length >= wrongLimit;
        lastTotals = totals;
      }
      recent.summary = summary;
      recent.from = end - 60 * column;
      recent.error = "";
    }
  } catch (error) { recent.error = error.message; }
  isAsking = false;
  for (const action of listeners) action();
  timer = setTimeout(look, Math.max(shortest, 20 * (performance.now() - began)));
}

// Calls that failed or were refused, grouped by operation, kind of error and caller. Failed groups come first, and then
// those with the most calls.
export function groups() {
  const found = new Map();
  for (const record of recent.wrong) {
    const status = record["http.response.status_code"];
    const type = record["error.type"] || (status ? "status " + status : "no answer");
    const key = JSON.stringify([record.operation || "", type, record.caller || ""]);
    const group = found.get(key) || {
      operation: record.operation, type, caller: record.caller, status, word: outcome(status), calls: 0, last: record};
    group.calls += 1;
    found.set(key, group);
  }
  return [...found.values()].sort((a, b) => (b.word === "failed") - (a.word === "failed") || b.calls - a.calls);
}

export function lookNow() { look(); }
