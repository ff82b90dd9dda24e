internal import JSONText
package import LocalServer
internal import Memory

/// The admin pages: health, readiness, metrics, listings, and the browser page that shows them. Pages that change
/// something require POST. None of them shows a secret.
package struct AdminResponder: LocalResponder {
  let sources: AdminSources
  let streams: EventStreams

  package init(sources: AdminSources) {
    self.sources = sources
    streams = EventStreams(
      sources.feed,
      state: {
        let state = ReadinessState(sources)
        return "{\(state.members(isVerbose: true)),\(sources.state())}"
      })
  }

  /// A page: its path, its purpose, and how it is made.
  struct Page: Sendable {
    /// If it ends with `{id}`, it covers all paths that begin with the part before that.
    let path: String
    let purpose: String
    /// Whether the page only changes something. It then requires POST, and of browser pages only this server's own may
    /// use it.
    var isAction = false
    /// Whether process supervisors request the page. It is then answered even with too many connections, and for any
    /// Host.
    var isAlwaysAnswered = false
    /// Makes the page at once. Nil if the journal makes it, on a thread that may block.
    var make: (@Sendable (AdminResponder, LocalRequest) -> LocalResponse)?
    /// Carries out POST on a page that GET shows.
    var act: (@Sendable (AdminResponder, LocalRequest) -> LocalResponse)?

    /// Whether the page accepts POST.
    var takesActions: Bool { isAction || act != nil }

    fileprivate func covers(_ wanted: String) -> Bool {
      path == wanted || path.hasSuffix("{id}") && wanted.hasPrefix(path.dropLast(4))
    }
  }

  private static let pages = [
    Page(path: "/", purpose: "this list; in a browser, the page for operators") { _, request in
      PageFiles.isWanted(by: request) ? PageFiles.response(for: "/") ?? index : index
    },
    Page(path: "/healthz", purpose: "200 while the process runs", isAlwaysAnswered: true) { _, _ in
      .json("{\"status\":\"ok\"}\n")
    },
    Page(
      path: "/readyz", purpose: "200 when requests can be served, else 503; ?verbose says why",
      isAlwaysAnswered: true
    ) { $0.readiness($1) },
    Page(path: "/api/limits", purpose: "each limit's state, JSON; ?format=table for people") {
      $0.limits($1)
    },
    Page(path: "/api/tokens", purpose: "each token's state, JSON; ?format=table, ?app=, ?scope=") {
      $0.answer($1, $0.sources.actions.tokens)
    },
    Page(
      path: "/api/tokens/renew", purpose: "POST: fetch new tokens; ?app=, ?scope= or ?all=true",
      isAction: true
    ) { $0.answer($1, $0.sources.actions.renewTokens) },
    Page(
      path: "/api/tokens/drop", purpose: "POST: forget tokens; ?app=, ?scope= or ?all=true",
      isAction: true
    ) { $0.answer($1, $0.sources.actions.dropTokens) },
    Page(
      path: "/api/mode",
      purpose:
        "modes that are set; POST: ?mode=frozen|read-only|dry-run|normal, caller=, app=, for=30m, fleet=true",
      make: { $0.answer($1, $0.sources.actions.modes) },
      act: { $0.answer($1, $0.sources.actions.setMode) }),
    Page(
      path: "/api/limits/resume", purpose: "POST: end a pause that SCORM Cloud asked for; ?app=",
      isAction: true
    ) { $0.answer($1, $0.sources.actions.resume) },
    Page(
      path: "/api/reload", purpose: "POST: reload the configuration, as SIGHUP does",
      isAction: true
    ) { $0.answer($1, $0.sources.actions.reload) },
    Page(
      path: "/api/jobs",
      purpose: "jobs that callers waited for, JSON; ?format=table for people"
    ) { $0.answer($1, $0.sources.actions.jobs) },
    Page(
      path: "/api/configuration",
      purpose:
        "the configuration in force without its secrets, JSON; ?format=table: lines with tabs"
    ) { $0.answer($1, $0.sources.actions.configuration) },
    Page(path: "/api/callers", purpose: "each caller and what it may do; JSON") { responder, _ in
      .json(responder.sources.callers())
    },
    Page(
      path: "/api/explain",
      purpose: "what would happen to a call: ?method=&path=, also app, caller, header, format"
    ) { $0.answer($1, $0.sources.actions.explain) },
    Page(path: "/api/traffic", purpose: "calls in the journal, newest first; JSON"),
    Page(path: "/api/traffic/{id}", purpose: "the calls with a request id; JSON"),
    Page(path: "/api/traffic.har", purpose: "calls in the journal as an HTTP archive"),
    Page(
      path: "/api/traffic/stats",
      purpose: "calls counted by caller and operation, JSON; ?format=table for people"),
    Page(path: "/api/events", purpose: "calls and state as they come: server-sent events") {
      $0.events($1)
    },
    Page(path: "/metrics", purpose: "figures for Prometheus") { responder, _ in responder.metrics },
  ]

  /// The values of `Allow` (RFC 9110 section 9.3.7).
  private static let allowed = (name: "Allow", value: "GET, HEAD, OPTIONS")
  private static let allowedForActions = (name: "Allow", value: "POST, OPTIONS")
  private static let allowedForBoth = (name: "Allow", value: "GET, HEAD, POST, OPTIONS")

  package func respond(to request: LocalRequest) -> LocalResponse { finished(page(request)) }

  /// Ends the modes whose time is over and records that like an action.
  package func attend() -> Int64? {
    let (ended, next) = sources.actions.endModes()
    for query in ended { sources.note(AdminAction(path: "/api/mode", query: query)) }
    return next
  }

  package func takesOwnPages(_ path: String) -> Bool {
    AdminResponder.page(at: path)?.takesActions ?? false
  }

  package func isAlwaysAnswered(_ path: String) -> Bool {
    AdminResponder.page(at: path)?.isAlwaysAnswered ?? false
  }

  /// Adds the fields that all pages have to `response`.
  func finished(_ response: LocalResponse) -> LocalResponse {
    var response = response
    response.fields.append((name: "Cache-Control", value: "no-store"))
    response.fields.append((name: "X-Content-Type-Options", value: "nosniff"))
    return response
  }

  static func page(at path: String) -> Page? { pages.first { $0.covers(path) } }

  func page(_ request: LocalRequest) -> LocalResponse {
    if request.method == "OPTIONS", request.path == "*" {
      return LocalResponse(status: 204, fields: [AdminResponder.allowed])
    }
    guard let page = AdminResponder.page(at: request.path) else {
      // The files of the browser page.
      if request.method == "GET" || request.method == "HEAD",
        let file = PageFiles.response(for: request.path)
      {
        return file
      }
      return noSuchPage
    }
    let allowed =
      page.isAction
      ? AdminResponder.allowedForActions
      : page.act == nil ? AdminResponder.allowed : AdminResponder.allowedForBoth
    switch request.method {
    case "POST" where page.takesActions && !sources.takesActions():
      return AdminProblem(
        status: 403, title: "Forbidden",
        detail:
          "Actions are switched off here: admin.actions is false, the default on an address that "
          + "other machines can reach."
      ).response
    case "POST" where page.takesActions:
      let response = (page.act ?? page.make)?(self, request) ?? noJournal
      sources.note(AdminAction(request, status: response.status))
      return response
    case "GET" where !page.isAction, "HEAD" where !page.isAction:
      return page.make?(self, request) ?? noJournal
    case "OPTIONS": return LocalResponse(status: 204, fields: [allowed])
    default:
      var response = AdminProblem(
        status: 405, title: "Method Not Allowed",
        detail: page.isAction
          ? "\(request.path) changes something: use POST."
          : "\(request.path) can only be read: use GET."
      ).response
      response.fields.append(allowed)
      return response
    }
  }

  private static var index: LocalResponse {
    let width = pages.map(\.path.count).max() ?? 0
    let lines = pages.map { page in
      page.path + String(repeating: " ", count: width + 2 - page.path.count) + page.purpose
    }
    return .text("scorm-gateway admin\n\n" + lines.joined(separator: "\n") + "\n")
  }

  private func answer(
    _ request: LocalRequest, _ make: (AdminQuery) -> AdminAnswer
  ) -> LocalResponse {
    guard let query = AdminQuery(request.query) else {
      return AdminProblem(
        status: 400, title: "Bad Request",
        detail: "The query is not validly percent-encoded UTF-8; write % as %25."
      ).response
    }
    switch make(query) {
    case .json(let text): return .json(text)
    case .table(let text): return .text(text)
    case .badQuery(let detail):
      return AdminProblem(status: 400, title: "Bad Request", detail: detail).response
    case .refused(let detail):
      return AdminProblem(status: 422, title: "Unprocessable Content", detail: detail).response
    case .notFound(let detail):
      return AdminProblem(status: 404, title: "Not Found", detail: detail).response
    case .unavailable(let detail):
      return AdminProblem(status: 503, title: "Service Unavailable", detail: detail).response
    }
  }

  private func limits(_ request: LocalRequest) -> LocalResponse {
    guard let query = AdminQuery(request.query), query.wantsTable else {
      return .json(sources.limits(.json))
    }
    return .text(sources.limits(.table(width: query.width)))
  }

  private var metrics: LocalResponse {
    LocalResponse(
      status: 200,
      fields: [(name: "Content-Type", value: "text/plain; version=0.0.4; charset=utf-8")],
      body: .bytes(Array(sources.metrics().utf8)))
  }

  private func readiness(_ request: LocalRequest) -> LocalResponse {
    let state = ReadinessState(sources)
    return .json(
      "{\(state.members(isVerbose: request.asks("verbose")))}\n", status: state.isReady ? 200 : 503)
  }
}

extension LocalRequest {
  /// Whether the query has the parameter `name` with a value other than `false` or `0`.
  func asks(_ name: String) -> Bool {
    query.split(separator: "&").contains { parameter in
      let parts = parameter.split(separator: "=", maxSplits: 1)
      guard let first = parts.first, first == name else { return false }
      return parts.count == 1 || parts[1] != "false" && parts[1] != "0"
    }
  }
}
