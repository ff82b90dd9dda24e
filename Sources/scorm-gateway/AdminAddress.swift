internal import ArgumentParser
internal import CurlTransport

/// How commands reach a running gateway.
enum AdminAddress {
  static let usual = "127.0.0.1:9901"

  /// Gets `path` from the admin address, or ends the command with what is wrong.
  static func get(_ address: String, _ path: String) throws -> HTTPProbe.Answer {
    try ask("GET", address, path)
  }

  /// Posts to `path` of the admin address, without a body.
  static func post(_ address: String, _ path: String) throws -> HTTPProbe.Answer {
    try ask("POST", address, path)
  }

  private static func ask(
    _ method: String, _ address: String, _ path: String
  ) throws -> HTTPProbe.Answer {
    let isUnix = address.hasPrefix("unix:")
    let host = isUnix ? "localhost" : address
    do {
      return try HTTPProbe.ask(
        "http://\(host)\(path)", method: method,
        socketPath: isUnix ? String(address.dropFirst(5)) : nil)
    } catch {
      Console.report(
        "no answer from a gateway's admin address, \(address) (\(error.reason)). If it runs, name its "
          + "admin.address with --admin; else start it: scorm-gateway serve")
      throw ExitCode(ExitStatus.failed)
    }
  }

  /// The text of a page that is there, or the end of the command with what the page says is wrong.
  static func body(of answer: HTTPProbe.Answer) throws -> String {
    guard answer.status != 200 else { return answer.body }
    Console.report(detail(answer) ?? "the admin address answered \(answer.status): \(answer.body)")
    throw ExitCode(ExitStatus.failed)
  }

  /// The `detail` of a problem document of ours, whose texts hold no escapes but for quotation marks.
  private static func detail(_ answer: HTTPProbe.Answer) -> String? {
    guard var rest = answer.body.behind("\"detail\":\"") else { return nil }
    var text = ""
    while let next = rest.popFirst(), next != "\"" {
      guard next == "\\" else {
        text.append(next)
        continue
      }
      guard let escaped = rest.popFirst(), escaped == "\"" || escaped == "\\" else { return nil }
      text.append(escaped)
    }
    return text
  }
}

extension String {
  /// Every byte but letters, digits and `-._~/` as a percent escape (RFC 3986 section 2.1).
  var percentEncoded: String {
    var text = ""
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        text += byte < 16 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return text
  }

  /// What follows the first occurrence of `mark`; nil without one.
  fileprivate func behind(_ mark: String) -> Substring? {
    var rest = self[...]
    while !rest.hasPrefix(mark) {
      guard rest.popFirst() != nil else { return nil }
    }
    return rest.dropFirst(mark.count)
  }
}
