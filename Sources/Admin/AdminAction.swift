internal import LocalServer

/// An action at the admin address that changes the gateway. It is recorded like a call.
package struct AdminAction: Sendable {
  /// The page, such as `/api/tokens/renew`, and the raw query.
  package let path: String
  package let query: String
  /// The status of the answer.
  package let status: Int
  /// The client's User-Agent; nil if it sent none.
  package let userAgent: String?

  /// An action of the gateway itself, recorded as if `query` had asked for it.
  init(path: String, query: String) {
    self.path = path
    self.query = query
    status = 200
    userAgent = nil
  }

  init(_ request: LocalRequest, status: Int) {
    path = request.path
    query = request.query
    userAgent = request.field("User-Agent")
    self.status = status
  }
}
