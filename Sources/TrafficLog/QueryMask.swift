package import Memory

/// A query as it may be logged: values that are credentials or tell who a learner is read `***`.
package enum QueryMask {
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

  /// Whether the values of the parameter called `name` never reach a log. `more` is a cursor that opens a
  /// list, `auth` and `jwt` are credentials (Reportage, LTI), `postbackUrl` may have one inside; the others were
  /// credentials once or name people, as `filter` does in lists of registrations.
  ///
  /// An escaped name could be anything, so it counts as sensitive.
  private static func isSensitive(_ name: RawSpan) -> Bool {
    if name.firstIndex(of: UInt8(ascii: "%"), from: 0) < name.byteCount { return true }
    return switch name.byteCount {
    case 3: isOne(name, of: "jwt")
    case 4: isOne(name, of: "more", "auth")
    case 5: isOne(name, of: "token", "email")
    case 6: isOne(name, of: "secret", "filter")
    case 8: isOne(name, of: "password", "lastname")
    case 9: isOne(name, of: "authtoken", "learnerid", "useremail", "firstname")
    case 11: isOne(name, of: "launchtoken", "postbackurl")
    case 12: isOne(name, of: "access_token", "learneremail")
    case 14: isOne(name, of: "externalconfig", "registrationid")
    case 15: isOne(name, of: "learnerlastname")
    case 16: isOne(name, of: "learnerfirstname")
    default: false
    }
  }

  @inline(__always)
  private static func isOne(
    _ name: RawSpan, of first: StaticString, _ second: StaticString? = nil,
    _ third: StaticString? = nil, _ fourth: StaticString? = nil
  ) -> Bool {
    if name.equalsIgnoringCase(first) { return true }
    if let second, name.equalsIgnoringCase(second) { return true }
    if let third, name.equalsIgnoringCase(third) { return true }
    if let fourth, name.equalsIgnoringCase(fourth) { return true }
    return false
  }
}
