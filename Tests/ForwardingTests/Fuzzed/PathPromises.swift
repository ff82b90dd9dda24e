import HTTPMessages
import Memory

@testable import Forwarding

/// Promises about any sequence of bytes that a caller sends after the API's base path.
enum PathPromises {
  static let base = "/api/v2"

  /// The promise that `bytes` break; nil if all are kept.
  static func broken(_ bytes: [UInt8]) -> String? {
    brokenByAccepting(bytes) ?? brokenByRefusing(bytes)
  }

  /// No accepted path leaves its base in any interpretation that software is known to use.
  private static func brokenByAccepting(_ bytes: [UInt8]) -> String? {
    guard let accepted = acceptedPath(behind: Array(base.utf8) + [0x2F] + bytes) else { return nil }
    let text = String(decoding: accepted, as: UTF8.self)
    if let escape = PathReadings.escape(of: text, from: base) {
      return "no reading of an accepted path leaves \(base)\npath: \(text)\nread as: \(escape)"
    }
    return nil
  }

  /// An id can be any text. As a single escaped segment it passes, unless decoding it again, as some hops do, could
  /// turn it into something else.
  private static func brokenByRefusing(_ bytes: [UInt8]) -> String? {
    guard (1...255).contains(bytes.count), String(validating: bytes, as: UTF8.self) != nil,
      bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != 0x25 && $0 != 0x2E })
        // The full-width dot may be folded to a plain one.
        && !bytes.contains(0xEF)
    else { return nil }
    var path = Array((base + "/courses/").utf8)
    for byte in bytes {
      path += Array("%".utf8) + Array((byte < 16 ? "0" : "").utf8)
      path += Array(String(byte, radix: 16, uppercase: byte & 1 == 0).utf8)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    return acceptedPath(behind: path) == path ? nil : "an id of any text is accepted: \(text)"
  }

  /// The path of a request for `target` if its head is valid and its path is canonical.
  private static func acceptedPath(behind target: [UInt8]) -> [UInt8]? {
    let head = Array("GET ".utf8) + target + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    let span = head.span.bytesOfElements
    var parser = RequestHeadParser()
    guard let parsed = try? parser.parse(span) as RequestHead??, let request = parsed else {
      return nil
    }
    let path = request.path(in: span)
    guard (try? CanonicalPath.check(path)) != nil else { return nil }
    return path.copied()
  }
}
