internal import CRevision

/// The version of this build.
package enum GatewayVersion {
  package static let text = "0.1.0"

  /// The commit that this was built from; nil if `scripts/release` did not record one, as with `swift build` alone.
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

  /// A commit, and whether the built files differed from it.
  package struct Revision: Equatable {
    /// 40 hexadecimal digits, followed by `-dirty` if files differed from the commit.
    package let commit: String
    /// YYYY-MM-DD, in UTC.
    package let date: String

    /// The first 7 digits, and `-dirty` if present.
    package var short: String { "\(commit.prefix(7))\(commit.dropFirst(40))" }

    /// Returns nil unless `noted` has the form that `scripts/release` writes (`CRevision.h`).
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
