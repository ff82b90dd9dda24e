internal import LocalServer

/// Something that was asked of the admin pages and changes the gateway: it is recorded like a call.
package struct AdminAction: Sendable {
  /// The page, `/api/tokens/renew`, and its query, raw.
  package let path: String
  package let query: String
  /// What was answered.
  package let status: Int
  /// Who asked, as the client describes itself; nil when it did not.
  package let userAgent: String?

  /// Something that the gateway did by itself, as `query` would have asked for it.
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
