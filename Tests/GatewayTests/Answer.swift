import Foundation

/// The head of an HTTP message as text.
struct Head {
  let text: String

  var startLine: String { text.components(separatedBy: "\r\n")[0] }
  var status: Int { Int(startLine.split(separator: " ").dropFirst().first ?? "") ?? 0 }

  /// All values of the field `name`.
  func values(_ name: String) -> [String] {
    text.components(separatedBy: "\r\n").dropFirst().compactMap { line in
      guard let colon = line.firstIndex(of: ":"),
        line[..<colon].lowercased() == name.lowercased()
      else { return nil }
      return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
  }

  subscript(name: String) -> String? { values(name).first }
}

/// An answer as a caller sees it.
struct Answer {
  enum BodyEnd: Equatable {
    /// The framing shows that the body is whole.
    case complete
    /// The connection ended although the framing announces more.
    case cut(WireEnd)
  }

  let head: Head
  var body: [UInt8] = []
  var end = BodyEnd.complete

  var status: Int { head.status }
  var text: String { String(decoding: body, as: UTF8.self) }
  var json: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:]
  }
  /// The last part of a problem's `type`.
  var problem: String? {
    (json["type"] as? String)?.split(whereSeparator: { "/:#".contains($0) }).last.map(String.init)
  }
  var detail: String { json["detail"] as? String ?? "" }

  subscript(name: String) -> String? { head[name] }
}

extension Wire {
  /// The next answer to a request with `method`. Skips interim answers unless `interim` is set.
  func answer(to method: String = "GET", interim: Bool = false) throws -> Answer {
    var head = Head(text: try take(through: "\r\n\r\n"))
    while head.status < 200, !interim { head = Head(text: try take(through: "\r\n\r\n")) }
    var answer = Answer(head: head)
    if method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304 {
      return answer
    }
    do {
      if head["Transfer-Encoding"] == "chunked" {
        while true {
          let line = try take(through: "\r\n")
          guard let size = Int(line.trimmingCharacters(in: .newlines), radix: 16) else {
            throw WireEnd.reset
          }
          let data = try take(size + 2)
          if size == 0 { return answer }
          answer.body += data.dropLast(2)
        }
      } else if let length = head["Content-Length"].flatMap({ Int($0) }) {
        answer.body = try take(length)
      } else {
        let (bytes, end) = takeAll()
        answer.body = bytes
        if end != .closed { answer.end = .cut(end) }
      }
    } catch let end as WireEnd {
      if answer.body.isEmpty { answer.body = buffer }
      answer.end = .cut(end)
    }
    return answer
  }

  /// Sends a request and receives its answer.
  func call(
    _ method: String, _ target: String, _ fields: [String] = [], body: String? = nil
  ) throws -> Answer {
    try send(Wire.request(method, target, fields, body: body))
    return try answer(to: method)
  }

  /// The text of a request. It includes `Host`, and `Content-Length` if there is a body.
  static func request(
    _ method: String, _ target: String, _ fields: [String] = [], body: String? = nil
  ) -> String {
    var lines = ["\(method) \(target) HTTP/1.1", "Host: localhost"] + fields
    if let body { lines.append("Content-Length: \(body.utf8.count)") }
    return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
  }
}
