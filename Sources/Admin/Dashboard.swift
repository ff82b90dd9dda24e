internal import LocalServer

/// The page that a browser gets at `/`: what the other pages tell, at a glance, brought up to date by itself.
///
/// It is three files of this server and nothing from elsewhere, and its policy says so to the browser. The
/// script reads the admin pages as any client does, so the page can show nothing that they do not.
enum Dashboard {
  /// The answer for `path`; nil when it is none of the page's files.
  static func response(for path: String) -> LocalResponse? {
    switch path {
    case "/": file("text/html", page)
    case "/dashboard.css": file("text/css", style)
    case "/dashboard.js": file("text/javascript", DashboardScript.text)
    default: nil
    }
  }

  /// Whether the request is a browser's: it would rather have HTML than text.
  static func isWanted(by request: LocalRequest) -> Bool {
    request.field("Accept")?.contains("text/html") ?? false
  }

  private static func file(_ type: String, _ text: String) -> LocalResponse {
    LocalResponse(
      status: 200,
      fields: [
        (name: "Content-Type", value: "\(type); charset=utf-8"),
        (name: "Content-Security-Policy", value: policy),
        (name: "Referrer-Policy", value: "no-referrer"),
        (name: "Cross-Origin-Resource-Policy", value: "same-origin"),
      ], body: .bytes(Array(text.utf8)))
  }

  /// Its own files, its own server, no frame around it.
  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  private static let page = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>scorm-gateway</title>
    <link rel="stylesheet" href="/dashboard.css">
    <script src="/dashboard.js" defer></script>
    </head>
    <body>
    <header><h1>scorm-gateway</h1><span id="status" class="pill">…</span><span id="facts"></span></header>
    <noscript><p>This page needs its script. The same figures: <a href="/metrics">/metrics</a>,
    <a href="/readyz?verbose">/readyz?verbose</a>, <a href="/api/limits?format=table">/api/limits</a>.</p></noscript>
    <main>
    <section class="wide"><h2>Traffic</h2><div id="tiles"></div></section>
    <section><h2>Readiness</h2><table id="checks"></table></section>
    <section><h2>Limits</h2><table id="limits"></table></section>
    <section><h2>Operations</h2><table id="operations"></table></section>
    <section><h2>Callers</h2><table id="callers"></table></section>
    <section><h2>Errors since the start</h2><table id="errors"></table></section>
    <section><h2>Tokens</h2><table id="tokens"></table></section>
    <section><h2>Recent calls answered with 5xx</h2><table id="recent"></table></section>
    </main>
    <footer>Every two seconds from <a href="/metrics">/metrics</a>, <a href="/readyz?verbose">/readyz?verbose</a>
    and <a href="/api/limits">/api/limits</a>. <span id="age"></span></footer>
    </body>
    </html>

    """

  private static let style = """
    :root { color-scheme: light dark; --line: #8884; --dim: #888; --good: #1a7f37; --bad: #cf222e; --warn: #9a6700; }
    * { box-sizing: border-box; }
    body { font: 14px/1.4 system-ui, sans-serif; margin: 0 auto; max-width: 1200px; padding: 1rem; }
    header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; }
    h1 { font-size: 1.3rem; margin: 0; }
    h2 { font-size: .8rem; margin: 0 0 .5rem; text-transform: uppercase; letter-spacing: .05em; color: var(--dim); }
    main { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; margin: 1rem 0; }
    section { border: 1px solid var(--line); border-radius: 8px; padding: .8rem; min-width: 0; overflow-x: auto; }
    .wide { grid-column: 1 / -1; }
    #tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .8rem; }
    .tile b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
    .tile svg { width: 100%; height: 32px; display: block; }
    .tile polyline { fill: none; stroke: currentColor; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
    table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
    td, th { text-align: left; padding: .15rem .5rem .15rem 0; vertical-align: top; border-top: 1px solid var(--line); }
    th { font-weight: normal; color: var(--dim); border-top: 0; }
    td.n, th.n { text-align: right; }
    .pill { padding: .1rem .6rem; border-radius: 1rem; color: #fff; background: var(--dim); }
    .good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
    .pill.good { background: var(--good); } .pill.bad { background: var(--bad); } .pill.warn { background: var(--warn); }
    .pill.good, .pill.bad, .pill.warn { color: #fff; }
    #facts, footer, .none { color: var(--dim); }

    """
}
