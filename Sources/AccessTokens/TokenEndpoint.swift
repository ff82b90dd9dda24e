package import Memory
internal import TextCoding

/// The two endpoints of SCORM Cloud that grant tokens. They do the same, with different syntax.
package enum TokenEndpoint: String, Sendable, CaseIterable {
  /// `GetAppToken`: takes a relative lifetime, and the answer states the token's lifetime. The default.
  case application
  /// `CreateToken`: takes an absolute expiry time, so both wall clocks must agree.
  case appManagement

  /// The last second of the year 9999, the last year with four digits.
  private static let latestEnd: Int64 = 253_402_300_799

  /// Its path below the API's base URL.
  package var path: String {
    switch self {
    case .application: "/oauth/authenticate/application/token"
    case .appManagement: "/appManagement/token"
    }
  }

  /// The media type of the request's body.
  package var contentType: String {
    switch self {
    case .application: "application/x-www-form-urlencoded"
    case .appManagement: "application/json"
    }
  }

  /// Writes the request body.
  ///
  /// - Parameters:
  ///   - scopes: Separated by one space, with only the characters that RFC 6749 section 3.3 allows.
  ///   - lifetime: The lifetime to request, in seconds.
  ///   - wallClock: Seconds since 1970-01-01T00:00:00Z. Only ``appManagement`` needs it.
  package func putBody(
    scopes: String, lifetime: Int64, wallClock: Int64, into out: inout ByteBuffer
  ) {
    switch self {
    case .application:
      out.put("scope=")
      // Written as the official clients do.
      PercentCoding.putForm(scopes, into: &out)
      out.put("&expiration=")
      out.put(decimal: Int(lifetime))
    case .appManagement:
      out.put(#"{"permissions":{"scopes":["#)
      for (i, scope) in scopes.split(separator: " ").enumerated() {
        if i > 0 { out.put(UInt8(ascii: ",")) }
        out.put(UInt8(ascii: "\""))
        // No escaping: a scope contains neither `"` nor `\` nor a control character.
        out.put(text: String(scope))
        out.put(UInt8(ascii: "\""))
      }
      out.put(#"]},"expiry":""#)
      let end = wallClock.addingWithoutOverflow(lifetime)
      CalendarTime(secondsSince1970: Int(min(max(end, 0), Self.latestEnd))).putStamp(into: &out)
      out.put(#"Z"}"#)
    }
  }
}
