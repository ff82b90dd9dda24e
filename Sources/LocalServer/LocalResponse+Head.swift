internal import EventLoop
internal import HTTPMessages
internal import JSONText
internal import Memory
internal import System

/// How an answer is written, and which answers must not be sent.
extension LocalResponse {
  /// A JSON answer that consists of `message`, like SCORM Cloud's own errors.
  package static func message(
    _ status: Int, _ message: String, fields: [(name: String, value: String)] = []
  ) -> LocalResponse {
    .json("{\"message\":\(message.quotedAsJSON)}", status: status, fields: fields)
  }

  /// Whether the answer can be sent: it has a final status, field names that are tokens, values without control bytes,
  /// and no field that the server itself writes. Otherwise whoever chose a value could write additional fields, or a
  /// second answer.
  var isSendable: Bool {
    guard (200...599).contains(status) else { return false }
    return fields.allSatisfy { field in
      !field.name.isEmpty && field.name.utf8.allSatisfy(\.isTokenByte)
        && field.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
        && !LocalResponse.serversOwn.contains(field.name.lowercased())
    }
  }

  private static let serversOwn: Set<String> = [
    "connection", "content-length", "date", "transfer-encoding",
  ]

  var isStream: Bool {
    if case .stream = body { true } else { false }
  }

  /// Appends status line, fields and the empty line.
  func putHead(keepsAlive: Bool, _ dates: borrowing DateTexts, into out: inout ByteBuffer) {
    out.put("HTTP/1.1 ")
    out.put(decimal: status)
    out.put(UInt8(ascii: " "))
    out.put(StatusReason.text(status))
    out.put("\r\n")
    dates.putFieldLine(into: &out)
    for field in fields {
      out.put(text: field.name)
      out.put(": ")
      out.put(text: field.value)
      out.put("\r\n")
    }
    // RFC 9110 section 8.6 forbids it with 204, and it is pointless with 304.
    if status != 204 && status != 304, !isStream {
      out.put("Content-Length: ")
      out.put(decimal: body.count)
      out.put("\r\n")
    }
    if !keepsAlive { out.put("Connection: close\r\n") }
    out.put("\r\n")
  }
}

extension LocalBody {
  /// Length in bytes.
  package var count: Int {
    switch self {
    case .bytes(let bytes): bytes.count
    case .zeros(let count): max(0, count)
    case .file(_, let range): range.count
    case .stream: 0
    }
  }

  /// The bytes from `start` to `end`, which must be within ``count``; nil when a file cannot be read.
  func piece(_ start: Int, _ end: Int) -> [UInt8]? {
    switch self {
    case .bytes(let bytes): Array(bytes[start..<end])
    case .zeros: [UInt8](repeating: 0, count: end - start)
    case .stream: []
    case .file(let file, let range): file.read(range.lowerBound + start..<range.lowerBound + end)
    }
  }
}

extension UInt8 {
  /// Whether it may be a byte of a field name: RFC 9110 section 5.6.2.
  fileprivate var isTokenByte: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(self)
    }
  }
}
