package import LocalServer

/// Pages about traffic, which are answered from the journal on a thread that may block.
extension AdminResponder {
  package func slowAnswer(to request: LocalRequest) -> (@Sendable () -> LocalResponse)? {
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
