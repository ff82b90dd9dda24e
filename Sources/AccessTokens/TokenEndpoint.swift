package import Memory
internal import TextCoding

/// The two endpoints of SCORM Cloud that grant tokens; they do the same in different words.
package enum TokenEndpoint: String, Sendable, CaseIterable {
  /// `GetAppToken`: relative lifetime, and the answer says how long the token lives. The default.
  case application
  /// `CreateToken`: takes an absolute end, so it depends on both wall clocks agreeing.
  case appManagement

  /// The last second of the year 9999, the last one that has a date of four digits.
  private static let latestEnd: Int64 = 253_402_300_799

  /// Its path below the API's base URL.
  package var path: String {
    switch self {
    case .application: "/oauth/authenticate/application/token"
    case .appManagement: "/appManagement/token"
    }
  }

  /// Media type of the request body.
  package var contentType: String {
    switch self {
    case .application: "application/x-www-form-urlencoded"
    case .appManagement: "application/json"
    }
  }

  /// Writes the request body.
  ///
  /// - Parameters:
  ///   - scopes: Separated by one space, of the characters RFC 6749 section 3.3 allows.
  ///   - lifetime: Seconds to ask for.
  ///   - wallClock: Seconds since 1970-01-01T00:00:00Z; only ``appManagement`` needs it.
  package func putBody(
    scopes: String, lifetime: Int64, wallClock: Int64, into out: inout ByteBuffer
  ) {
    switch self {
    case .application:
      out.put("scope=")
      // As the official clients write it.
      PercentCoding.putForm(scopes, into: &out)
      out.put("&expiration=")
      out.put(decimal: Int(lifetime))
    case .appManagement:
      out.put(#"{"permissions":{"scopes":["#)
      for (i, scope) in scopes.split(separator: " ").enumerated() {
        if i > 0 { out.put(UInt8(ascii: ",")) }
        out.put(UInt8(ascii: "\""))
        // No escaping: a scope holds neither `"` nor `\` nor a control character.
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
