internal import CExpat
internal import Memory

/// An element of a small XML document. Names do not include their namespace prefix.
struct XMLElement: Equatable {
  var name: String
  var attributes: [(name: String, value: String)] = []
  /// All text directly inside, without leading and trailing whitespace.
  var text = ""
  var children: [XMLElement] = []

  static func == (left: XMLElement, right: XMLElement) -> Bool {
    left.name == right.name && left.text == right.text && left.children == right.children
      && left.attributes.elementsEqual(right.attributes) { $0 == $1 }
  }

  /// The value of an attribute, with or without its prefix.
  subscript(name: String) -> String? {
    attributes.first { $0.name == name || XMLElement.local($0.name) == name }?.value
  }

  func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }
  func children(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

  /// The first element at `path`.
  func first(_ path: String...) -> XMLElement? {
    var place = self
    for name in path {
      guard let next = place.child(name) else { return nil }
      place = next
    }
    return place
  }

  static func local(_ name: some StringProtocol) -> String {
    guard let colon = name.lastIndex(of: ":") else { return String(name) }
    return String(name[name.index(after: colon)...])
  }
}

/// Why a text could not be parsed as XML.
struct XMLFault: Error, Equatable {
  let message: String
}

/// Reads XML with Expat, through this module's C wrapper.
@safe struct XMLReader: ~Copyable {
  /// Largest size of all names, values and texts of a document, in bytes, and its greatest depth. A manifest of the
  /// largest courses has a few MiB and a dozen levels.
  static let maximumRecords = 48 << 20
  static let maximumDepth = 100
  /// Bytes fed at a time, because Expat counts them in 31 bits.
  private static let pieceBytes = 1 << 20

  private let reader: OpaquePointer

  private init() throws(XMLFault) {
    // Proof: returns a new reader or null. Only this value holds it, and closes it.
    guard let opened = unsafe cex_open(XMLReader.maximumRecords, Int32(XMLReader.maximumDepth))
    else { throw XMLFault(message: "out of memory") }
    unsafe reader = opened
  }

  deinit {
    // Proof: this value is the only owner and closes it once.
    unsafe cex_close(reader)
  }

  /// The root element of the document in `bytes`.
  static func root(of bytes: [UInt8]) throws(XMLFault) -> XMLElement {
    let reader = try XMLReader()
    var at = 0
    repeat {
      let end = min(at + pieceBytes, bytes.count)
      // Proof: the array holds end - at bytes from `at` on, during the call.
      let status = unsafe bytes.withUnsafeBytes { all in
        unsafe cex_feed(
          reader.reader, all.baseAddress.map { unsafe $0 + at }, end - at,
          end == bytes.count ? 1 : 0)
      }
      if status != 0 { throw reader.fault(Int(status)) }
      at = end
    } while at < bytes.count
    return try reader.tree()
  }

  private func fault(_ status: Int) -> XMLFault {
    // Proof: the reader is open as long as self exists.
    let line = unsafe cex_line(reader)
    switch status {
    case Int(cex_entities): return XMLFault(message: "line \(line): it declares entities")
    case Int(cex_too_much): return XMLFault(message: "line \(line): it is too large or too deep")
    case Int(cex_no_memory): return XMLFault(message: "out of memory")
    default:
      // Proof: Expat returns a static text.
      return unsafe XMLFault(message: "line \(line): \(String(cString: cex_message(reader)))")
    }
  }

  /// The records as a tree.
  private func tree() throws(XMLFault) -> XMLElement {
    var count = 0
    // Proof: the records live until the reader is closed, which happens after this call.
    guard let records = unsafe cex_records(reader, &count) else {
      throw XMLFault(message: "it is empty")
    }
    let bytes = unsafe UnsafeRawBufferPointer(start: records, count: count).bytes
    var open: [XMLElement] = []
    var at = 0
    while at + 5 <= bytes.byteCount {
      let kind = Int(bytes[at])
      var length = 0
      for i in 0..<4 { length |= Int(bytes[at + 1 + i]) << (8 * i) }
      guard at + 5 + length <= bytes.byteCount else { break }
      let text = bytes.slice(at + 5, at + 5 + length).text
      at += 5 + length
      switch kind {
      case Int(cex_start): open.append(XMLElement(name: XMLElement.local(text)))
      case Int(cex_attribute): open[open.count - 1].attributes.append((name: text, value: ""))
      case Int(cex_value):
        let last = open[open.count - 1].attributes.count - 1
        open[open.count - 1].attributes[last].value = text
      case Int(cex_text): if !open.isEmpty { open[open.count - 1].text += text }
      default:
        var done = open.removeLast()
        done.text = done.text.trimmed
        if open.isEmpty { return done }
        open[open.count - 1].children.append(done)
      }
    }
    throw XMLFault(message: "it ends too early")
  }
}

extension String {
  /// The text without leading and trailing whitespace.
  var trimmed: String {
    let isSpace: (Character) -> Bool = { $0.isWhitespace }
    guard let start = firstIndex(where: { !isSpace($0) }),
      let end = lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(self[start...end])
  }
}
