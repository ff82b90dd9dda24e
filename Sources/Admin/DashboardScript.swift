/// The script of the ``Dashboard``. Text from the server goes into the page as text, never as markup.
enum DashboardScript {
  static let text = #"""
    "use strict";
    const pause = 2000, kept = 90;
    const $ = id => document.getElementById(id);
    const history = new Map();
    let last = null, updated = 0;

    // Prometheus' text format, as this server writes it.
    function parse(text) {
      const families = new Map();
      for (const line of text.split("\n")) {
        if (!line || line[0] === "#") continue;
        const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
        if (!match) continue;
        const labels = {};
        for (const label of (match[2] || "").matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g))
          labels[label[1]] = label[2].replace(/\\(.)/g, (_, c) => c === "n" ? "\n" : c);
        if (!families.has(match[1])) families.set(match[1], []);
        families.get(match[1]).push({labels, value: match[3] === "+Inf" ? Infinity : Number(match[3])});
      }
      return families;
    }

    const sum = (m, name, where = () => true) =>
      (m.get(name) || []).filter(s => where(s.labels)).reduce((a, s) => a + s.value, 0);

    // The samples' sums by one label.
    function by(m, name, key) {
      const sums = new Map();
      for (const s of m.get(name) || []) {
        const k = key(s.labels);
        sums.set(k, (sums.get(k) || 0) + s.value);
      }
      return sums;
    }

    // The duration that a part of the calls between two looks stayed below: the bucket's bound, interpolated.
    function quantile(now, before, part, where = () => true) {
      const name = "scorm_gateway_request_duration_seconds_bucket", counts = new Map();
      for (const [m, sign] of [[now, 1], [before, -1]])
        for (const s of (m && m.get(name)) || [])
          if (where(s.labels)) {
            const bound = s.labels.le === "+Inf" ? Infinity : Number(s.labels.le);
            counts.set(bound, (counts.get(bound) || 0) + sign * s.value);
          }
      const bounds = [...counts.keys()].sort((a, b) => a - b);
      const total = counts.get(Infinity) || 0;
      if (!total) return null;
      let low = 0, below = 0;
      for (const bound of bounds) {
        const count = counts.get(bound);
        if (count >= part * total) {
          if (bound === Infinity) return low;
          return low + (bound - low) * (part * total - below) / Math.max(1, count - below);
        }
        low = bound; below = count;
      }
      return low;
    }

    const number = v => v >= 1e6 ? (v / 1e6).toFixed(1) + " M" : v >= 1e4 ? (v / 1e3).toFixed(1) + " k"
      : v >= 100 || Number.isInteger(v) ? String(Math.round(v)) : v.toFixed(1);
    const seconds = v => v === null || v === undefined || Number.isNaN(v) ? "–" : v === Infinity ? "∞"
      : v < 0.0995 ? (v * 1000).toFixed(1) + " ms" : v < 10 ? v.toFixed(2) + " s" : v < 120 ? Math.round(v) + " s"
      : v < 7200 ? Math.round(v / 60) + " min" : Math.round(v / 3600) + " h";
    const bytes = v => v >= 1 << 30 ? (v / (1 << 30)).toFixed(1) + " GiB" : v >= 1 << 20
      ? (v / (1 << 20)).toFixed(1) + " MiB" : v >= 1024 ? (v / 1024).toFixed(1) + " KiB" : Math.round(v) + " B";

    function element(name, text, className) {
      const e = document.createElement(name);
      if (text !== undefined) e.textContent = text;
      if (className) e.className = className;
      return e;
    }

    function table(id, heads, rows, none) {
      const parts = [];
      if (rows.length) {
        const head = element("tr");
        heads.forEach((h, i) => head.append(element("th", h, i ? "n" : "")));
        if (heads.length) parts.push(head);
      } else {
        const row = element("tr");
        row.append(element("td", none, "none"));
        parts.push(row);
      }
      for (const cells of rows) {
        const row = element("tr");
        cells.forEach((c, i) => row.append(element("td", c.text ?? c, [i && heads.length ? "n" : "", c.kind || ""].join(" ").trim())));
        parts.push(row);
      }
      $(id).replaceChildren(...parts);
    }

    function tile(name, value, shown, kind) {
      const values = history.get(name) || [];
      values.push(Number.isFinite(value) ? value : 0);
      if (values.length > kept) values.shift();
      history.set(name, values);
      const box = element("div", undefined, "tile");
      box.append(element("span", name, "none"), element("b", shown, kind || ""));
      const space = "http://www.w3.org/2000/svg", svg = document.createElementNS(space, "svg");
      svg.setAttribute("viewBox", `0 0 ${kept - 1} 32`);
      svg.setAttribute("preserveAspectRatio", "none");
      const line = document.createElementNS(space, "polyline"), top = Math.max(...values, 1e-9);
      line.setAttribute("points", values.map((v, i) => `${kept - values.length + i},${31 - 30 * v / top}`).join(" "));
      svg.append(line);
      box.append(svg);
      return box;
    }

    async function get(path, kind) {
      try {
        const answer = await fetch(path, {cache: "no-store", headers: {Accept: kind === "text" ? "text/plain" : "application/json"}});
        if (!answer.ok && !path.startsWith("/readyz")) return null;
        return kind === "text" ? await answer.text() : await answer.json();
      } catch { return null; }
    }

    function showReadiness(ready) {
      const kinds = {ready: "good", degraded: "warn", draining: "warn", "not ready": "bad"};
      const state = ready ? ready.status : "no answer";
      $("status").textContent = state;
      $("status").className = "pill " + (kinds[state] || "bad");
      document.title = (state === "ready" ? "" : state + " – ") + "scorm-gateway";
      if (!ready) return;
      table("checks", [], (ready.checks || []).map(c => [
        {text: c.ready ? "✓" : "✗", kind: c.ready ? "good" : c.required ? "bad" : "warn"}, c.name, c.detail]), "none");
    }

    function showTraffic(m, before, time) {
      const rate = (name, where) => before ? Math.max(0, sum(m, name, where) - sum(before, name, where)) / time : 0;
      const all = "scorm_gateway_requests_total";
      const failed = l => l.status === "5xx" || l.status === "none";
      const calls = rate(all), bad = rate(all, failed);
      const p50 = quantile(m, before, 0.5), p95 = quantile(m, before, 0.95);
      const under = sum(m, "scorm_gateway_exchanges_in_flight");
      const lost = sum(m, "scorm_gateway_log_lines_dropped_total");
      $("tiles").replaceChildren(
        tile("calls a second", calls, number(calls)),
        tile("failed a second", bad, number(bad), bad > 0 ? "bad" : ""),
        tile("p50", p50, seconds(p50)), tile("p95", p95, seconds(p95)),
        tile("under way", under, number(under)),
        tile("waiting", sum(m, "scorm_gateway_limit_waiting") + sum(m, "scorm_gateway_pool_waiting"),
          number(sum(m, "scorm_gateway_limit_waiting") + sum(m, "scorm_gateway_pool_waiting"))),
        tile("bytes received a second", rate("scorm_gateway_caller_response_body_bytes_total"), bytes(rate("scorm_gateway_caller_response_body_bytes_total"))),
        tile("memory", sum(m, "process_resident_memory_bytes"), bytes(sum(m, "process_resident_memory_bytes"))),
        tile("log lines lost", lost, number(lost), lost > 0 ? "bad" : ""));
      const version = (m.get("scorm_gateway_build_info") || [])[0];
      const start = sum(m, "process_start_time_seconds");
      $("facts").textContent = (version ? "version " + version.labels.version : "")
        + (start ? ", up " + seconds(Date.now() / 1000 - start) : "");
      const rows = (name, key) => [...by(m, name, key)].sort((a, b) => b[1] - a[1]).slice(0, 12);
      const errors = by(m, all, l => failed(l) ? l.operation : null);
      table("operations", ["operation", "calls", "failed", "p95"], rows(all, l => l.operation).map(([name, count]) => [
        name, number(count), {text: number(errors.get(name) || 0), kind: errors.get(name) ? "bad" : ""},
        seconds(quantile(m, null, 0.95, l => l.operation === name))]), "no call yet");
      const callers = "scorm_gateway_caller_requests_total", pair = l => l.caller + " → " + l.app;
      const bad2 = by(m, callers, l => failed(l) ? pair(l) : null);
      const received = by(m, "scorm_gateway_caller_response_body_bytes_total", pair);
      table("callers", ["caller → app", "calls", "failed", "received"], rows(callers, pair).map(([name, count]) => [
        name, number(count), {text: number(bad2.get(name) || 0), kind: bad2.get(name) ? "bad" : ""},
        bytes(received.get(name) || 0)]), "no call yet");
      table("errors", ["error.type", "calls"], rows("scorm_gateway_errors_total", l => l.type)
        .map(([name, count]) => [name, number(count)]), "none");
    }

    function showLimits(answer) {
      const limits = (answer && answer.limits) || [];
      const rows = limits.map(l => [
        [l.limit, l.app, l.caller].filter(Boolean).join(", "), l.remaining === undefined ? "–" : number(l.remaining),
        number(l.inUse), {text: number(l.waiting), kind: l.waiting ? "warn" : ""},
        l.pausedFor ? {text: "paused for " + seconds(l.pausedFor), kind: "bad"} : seconds(l.predictedWait)]);
      table("limits", ["limit", "left", "in use", "waiting", "wait"], rows, "none is in use");
    }

    function showTokens(answer) {
      if (!answer) { table("tokens", [], [], "not told by this version"); return; }
      table("tokens", ["app, scope", "state", "left"], (answer.tokens || []).map(t => [
        t.app + ", " + t.scope, {text: t.error ? t.state + ": " + t.error : t.state, kind: t.error ? "bad" : ""},
        seconds(t.remaining)]), "none was needed yet");
    }

    function showRecent(answer) {
      const found = answer && (answer.records || answer.traffic || answer.calls);
      if (!found) { table("recent", [], [], "with traffic.journal; without it see the traffic log"); return; }
      table("recent", ["time", "call", "status"], found.map(r => [
        (r.timestamp || "").slice(11, 19), [r["http.request.method"], r["url.path"], r["error.type"] || ""].join(" "),
        {text: String(r["http.response.status_code"] ?? ""), kind: "bad"}]), "none");
    }

    async function look() {
      const [ready, text, limits, tokens, recent] = await Promise.all([
        get("/readyz?verbose"), get("/metrics", "text"), get("/api/limits"), get("/api/tokens"),
        get("/api/traffic?status=5xx&limit=10")]);
      showReadiness(ready);
      if (text) {
        const now = performance.now(), metrics = parse(text);
        showTraffic(metrics, last && last.metrics, last ? (now - last.at) / 1000 : 1);
        last = {metrics, at: now};
        updated = Date.now();
        showLimits(limits); showTokens(tokens); showRecent(recent);
      }
      $("age").textContent = updated ? "Last answer " + new Date(updated).toLocaleTimeString() + "." : "";
      setTimeout(look, document.hidden ? 10 * pause : pause);
    }
    look();

    """#
}
