/// The parts of a `multipart/form-data` body (RFC 7578), as ranges of its bytes.
struct MultipartForm {
  /// Maximum number of parts read.
  static let maximumParts = 16

  struct Part {
    let name: String
    let fileName: String?
    let body: Range<Int>
  }

  let parts: [Part]
  private let bytes: [UInt8]

  /// Nil if `contentType` is a different type or names no boundary, or if the body has no part.
  init?(_ bytes: [UInt8], contentType: String) {
    guard let boundary = MultipartForm.boundary(of: contentType) else { return nil }
    let mark = Array("--\(boundary)".utf8)
    var parts: [Part] = []
    var start = MultipartForm.find(mark, in: bytes, from: 0)
    while let at = start, parts.count < MultipartForm.maximumParts {
      let head = at + mark.count
      // Two dashes end the body.
      guard head + 1 < bytes.count, bytes[head] != 0x2D,
        let end = MultipartForm.find(Array("\r\n\r\n".utf8), in: bytes, from: head),
        let next = MultipartForm.find(Array("\r\n".utf8) + mark, in: bytes, from: end + 2)
      else { break }
      let fields = String(decoding: bytes[head..<end], as: UTF8.self)
      if let part = MultipartForm.part(fields, min(end + 4, next)..<next) { parts.append(part) }
      start = next + 2
    }
    guard !parts.isEmpty else { return nil }
    self.parts = parts
    self.bytes = bytes
  }

  /// Nil if `contentType` is a different type or names no boundary.
  static func boundary(of contentType: String) -> String? {
    guard contentType.lowercased().hasPrefix("multipart/form-data"),
      let boundary = parameter("boundary", of: contentType), !boundary.isEmpty
    else { return nil }
    return boundary
  }

  /// The part whose head is `fields`; nil if it has no name.
  static func part(_ fields: String, _ body: Range<Int>) -> Part? {
    guard let name = parameter("name", of: fields) else { return nil }
    return Part(name: name, fileName: parameter("filename", of: fields), body: body)
  }

  func part(_ name: String) -> Part? { parts.first { $0.name == name } }

  func text(_ name: String) -> String? {
    part(name).flatMap { String(validating: bytes[$0.body], as: UTF8.self) }
  }

  /// Finds `boundary=x` or `name="x"`.
  private static func parameter(_ name: String, of text: String) -> String? {
    for piece in text.split(whereSeparator: { ";\r\n".contains($0) }) {
      let sides = piece.split(separator: "=", maxSplits: 1)
      guard sides.count == 2, sides[0].trimmed.lowercased() == name else { continue }
      let value = sides[1].trimmed
      return value.hasPrefix("\"") && value.hasSuffix("\"") && value.utf8.count > 1
        ? String(value.dropFirst().dropLast()) : String(value)
    }
    return nil
  }

  private static func find(_ wanted: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard let first = wanted.first, bytes.count >= wanted.count else { return nil }
    var at = start
    while at <= bytes.count - wanted.count {
      if bytes[at] == first, bytes[at..<at + wanted.count].elementsEqual(wanted) { return at }
      at += 1
    }
    return nil
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var rest = drop { $0 == " " || $0 == "\t" }
    while rest.last == " " || rest.last == "\t" { rest = rest.dropLast() }
    return rest
  }
}
