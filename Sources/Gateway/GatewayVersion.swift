internal import CRevision

/// What this build calls itself.
package enum GatewayVersion {
  package static let text = "0.1.0"

  /// The commit it was made of; nil where `scripts/release` did not note one, as in a build by `swift build` alone.
  package static let revision = Revision(noted: noted)

  /// `0.1.0 (abc1234, 2026-11-29)`, or `0.1.0 (commit unknown)`.
  package static var full: String {
    guard let revision else { return "\(text) (commit unknown)" }
    return "\(text) (\(revision.short), \(revision.date))"
  }

  private static var noted: String {
    var bytes: [UInt8] = []
    while case let byte = cr_byte(Int32(bytes.count)), byte != 0 {
      bytes.append(UInt8(bitPattern: byte))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A commit, and whether the files were those of the commit.
  package struct Revision: Equatable {
    /// 40 hexadecimal digits; `-dirty` follows where files differed from the commit.
    package let commit: String
    /// YYYY-MM-DD, in UTC.
    package let date: String

    /// The first 7 digits; `-dirty` stays.
    package var short: String { "\(commit.prefix(7))\(commit.dropFirst(40))" }

    /// Nil for anything but the form that `scripts/release` writes (`CRevision.h`).
    package init?(noted: String) {
      let parts = noted.split(separator: " ", omittingEmptySubsequences: false)
      guard parts.count == 2, parts[1].utf8.count == 10,
        parts[0].prefix(40).allSatisfy({ $0.isASCII && $0.isHexDigit }),
        parts[0].utf8.count == 40 || parts[0].utf8.count == 46 && parts[0].hasSuffix("-dirty")
      else { return nil }
      commit = String(parts[0])
      date = String(parts[1])
    }
  }
}
