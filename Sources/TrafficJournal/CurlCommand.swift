/// A command line that repeats a call through the gateway, safe to paste into a shell.
package enum CurlCommand {
  /// - Parameter gateway: the URL where the gateway serves callers: `http://127.0.0.1:8080`, or `unix:/path`.
  /// - Returns: nil for a record that is not of a request; ``ReplayRule/objection(_:)`` gives the reason.
  package static func text(_ record: CallRecord, gateway: String) -> String? {
    guard ReplayRule.objection(record) == nil else { return nil }
    var words = ["curl", "--globoff", "--path-as-is"]
    var origin = gateway
    if gateway.hasPrefix("unix:") {
      words += ["--unix-socket", quoted(String(gateway.dropFirst("unix:".count)))]
      origin = "http://localhost"
    }
    let method = String(decoding: CallRecord.plain(record.method), as: UTF8.self)
    if method == "HEAD" {
      words.append("--head")
    } else if method != "GET" {
      words += ["-X", quoted(method)]
    }
    if let app = record.app, !record.path.hasPrefix("/apps/") {
      let name = String(decoding: CallRecord.plain(app), as: UTF8.self)
      words += ["-H", quoted("X-Scorm-App: \(name)")]
    }
    if let body = record.sentBody {
      let text = String(decoding: CallRecord.plain(body), as: UTF8.self)
      words += ["-H", "'Content-Type: application/json'", "--data-raw", quoted(text)]
    }
    // A request to the server as a whole: RFC 9112 section 3.2.4.
    if record.path.isEmpty { words += ["--request-target", "'*'"] }
    words.append(quoted(origin + record.target))
    return words.joined(separator: " ")
  }

  /// How the command differs from the call; empty if it does not.
  package static func caveats(_ record: CallRecord) -> [String] {
    var lines: [String] = []
    if record.sent > 0, record.sentBody == nil {
      lines.append("the call had a body of \(record.sent) bytes, which was not recorded")
    }
    if record.hasMaskedValues || record.sentBody?.contains("***") == true {
      lines.append("values shown as *** are masked; replace them with the real ones")
    }
    if record.isCut { lines.append("the path or the query was too long to be recorded whole") }
    return lines
  }

  /// `text` in single quotes, where a shell interprets nothing but the quote itself. Control bytes are removed, because
  /// a terminal would act on them when they are pasted.
  static func quoted(_ text: String) -> String {
    var result = "'"
    for scalar in text.unicodeScalars {
      switch scalar {
      case "'": result += "'\\''"
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): continue
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "'"
  }
}
