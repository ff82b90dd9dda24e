package import LocalServer

/// Answers that are made on a thread that may block: traffic pages from the journal, and modes for all gateways.
extension AdminResponder {
  package func slowAnswer(to request: LocalRequest) -> (@Sendable () -> LocalResponse)? {
    if request.path == "/api/mode", request.method == "POST", request.asks("fleet") {
      return { [self] in finished(page(request)) }
    }
    guard let traffic = sources.traffic, let page = AdminResponder.page(at: request.path),
      page.make == nil, request.method == "GET" || request.method == "HEAD"
    else { return nil }
    return { [self] in finished(traffic(request) ?? noSuchPage) }
  }

  var noSuchPage: LocalResponse {
    AdminProblem(
      status: 404, title: "Not Found", detail: "There is no such page; / lists all pages."
    ).response
  }

  var noJournal: LocalResponse {
    AdminProblem(
      status: 404, title: "Not Found",
      detail: "This gateway keeps no journal of its traffic; set traffic.journal.path to keep one."
    ).response
  }
}
