internal import JSONText
internal import LocalServer
internal import Memory

/// An error of an admin page: a problem document of RFC 9457.
struct AdminProblem {
  let status: Int
  let title: String
  let detail: String

  var response: LocalResponse {
    let text =
      "{\"type\":\"about:blank\",\"title\":\(title.quotedAsJSON),\"status\":\(status),"
      + "\"detail\":\(detail.quotedAsJSON),\"message\":\(detail.quotedAsJSON)}\n"
    return LocalResponse(
      status: status, fields: [(name: "Content-Type", value: "application/problem+json")],
      body: .bytes(Array(text.utf8)))
  }
}
