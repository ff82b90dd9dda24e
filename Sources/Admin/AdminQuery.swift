/// The parameters of an admin page's query, decoded.
package struct AdminQuery: Sendable {
  /// Parameters looked at; what comes behind them is dropped.
  private static let parameterLimit = 64

  private var parameters: [(name: String, value: String)] = []

  /// Decodes `query`, raw and without its `?`; nil when a percent sign begins no escape or the text is no
  /// UTF-8. A plus sign stays one: it is common in paths, and clients of this page encode spaces as `%20`.
  package init?(_ query: String) {
    for part in query.split(separator: "&").prefix(AdminQuery.parameterLimit) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = AdminQuery.decode(pair[0]),
        let value = AdminQuery.decode(pair.count == 2 ? pair[1] : "")
      else { return nil }
      parameters.append((name, value))
    }
  }

  /// The first value of `name`; nil when it is missing or empty.
  package func first(_ name: String) -> String? {
    parameters.first { $0.name == name && !$0.value.isEmpty }?.value
  }

  /// Every value of `name`, in order.
  package func all(_ name: String) -> [String] {
    parameters.filter { $0.name == name }.map(\.value)
  }

  /// Whether a listing for people is asked for.
  package var wantsTable: Bool { first("format") == "table" }

  /// Characters in a line of such a listing; nil when there may be any number.
  package var width: Int? { first("width").flatMap { Int($0) } }

  private static func decode(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit)
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
