package import Memory

/// A query as it may be logged: values that are credentials or tell who a learner is read `***`.
package enum QueryMask {
  /// Parameter names in lower case whose values never reach a log. `more` is a cursor that opens a list,
  /// `auth` and `jwt` are credentials (Reportage, LTI), `postbackUrl` may have one inside; the others were
  /// credentials once or name people, as `filter` does in lists of registrations.
  private static let sensitive: [StaticString] = [
    "more", "auth", "jwt", "token", "access_token", "launchtoken", "authtoken", "secret",
    "password", "externalconfig", "learnerid", "learnerfirstname", "learnerlastname",
    "learneremail", "useremail", "email", "firstname", "lastname", "registrationid", "filter",
    "postbackurl",
  ]

  /// Bytes of a query that are logged.
  private static let limit = 2048

  /// Appends `query`, its `?` not included, as the inside of a JSON string.
  package static func put(_ query: RawSpan, into out: inout ByteBuffer) {
    var at = 0
    while at <= query.byteCount {
      let end = query.firstIndex(of: UInt8(ascii: "&"), from: at)
      // Within the parameter only: a query of nothing but `&` would be scanned once for each of them.
      let equals = at + query.slice(at, end).firstIndex(of: UInt8(ascii: "="), from: 0)
      if at > 0 { out.put(UInt8(ascii: "&")) }
      JSONText.put(query.slice(at, equals), limit: limit, into: &out)
      if equals < end {
        out.put(UInt8(ascii: "="))
        if isSensitive(query.slice(at, equals)) {
          out.put("***")
        } else {
          JSONText.put(query.slice(equals + 1, end), limit: limit, into: &out)
        }
      }
      at = end + 1
      if at > limit {
        if at <= query.byteCount { out.put("\u{2026}") }
        return
      }
    }
  }

  /// An escaped name could be anything, so it counts as sensitive.
  private static func isSensitive(_ name: RawSpan) -> Bool {
    if name.firstIndex(of: UInt8(ascii: "%"), from: 0) < name.byteCount { return true }
    return sensitive.contains { name.equalsIgnoringCase($0) }
  }
}
