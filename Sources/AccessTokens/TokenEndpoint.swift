package import Memory

/// The two endpoints of SCORM Cloud that grant tokens; they do the same in different words.
package enum TokenEndpoint: String, Sendable, CaseIterable {
  /// `GetAppToken`: relative lifetime, and the answer says how long the token lives. The default.
  case application
  /// `CreateToken`: takes an absolute end, so it depends on both wall clocks agreeing.
  case appManagement

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
      Self.putFormEncoded(scopes, into: &out)
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
      Self.putTimestamp(wallClock.addingWithoutOverflow(lifetime), into: &out)
      out.put(#""}"#)
    }
  }

  /// `application/x-www-form-urlencoded` as the official clients write it: space as `+`.
  static func putFormEncoded(_ text: String, into out: inout ByteBuffer) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "*"):
        out.put(byte)
      case UInt8(ascii: " "):
        out.put(UInt8(ascii: "+"))
      default:
        out.put(UInt8(ascii: "%"))
        out.put(upperHexadecimalDigit(byte >> 4))
        out.put(upperHexadecimalDigit(byte & 15))
      }
    }
  }

  private static func upperHexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "A")
  }

  /// Seconds since 1970 as ISO 8601 in UTC, `2030-01-01T00:00:00Z`; years 1970 to 9999.
  static func putTimestamp(_ seconds: Int64, into out: inout ByteBuffer) {
    let clamped = min(max(seconds, 0), 253_402_300_799)
    let (days, second) = clamped.quotientAndRemainder(dividingBy: 86_400)
    // Days to a date of the Gregorian calendar: Howard Hinnant's civil_from_days, eras of 400 years
    // that begin on 1 March.
    let shifted = days + 719_468
    let dayOfEra = shifted % 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + shifted / 146_097 * 400 + (month <= 2 ? 1 : 0)
    out.put(decimal: Int(year), width: 4)
    out.put(UInt8(ascii: "-"))
    out.put(decimal: Int(month), width: 2)
    out.put(UInt8(ascii: "-"))
    out.put(decimal: Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1), width: 2)
    out.put(UInt8(ascii: "T"))
    out.put(decimal: Int(second / 3600), width: 2)
    out.put(UInt8(ascii: ":"))
    out.put(decimal: Int(second / 60 % 60), width: 2)
    out.put(UInt8(ascii: ":"))
    out.put(decimal: Int(second % 60), width: 2)
    out.put(UInt8(ascii: "Z"))
  }
}
