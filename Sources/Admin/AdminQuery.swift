internal import TextCoding

/// The parameters of an admin page's query, decoded.
package struct AdminQuery: Sendable {
  /// Parameters looked at; what comes behind them is dropped.
  private static let parameterLimit = 64

  private let parameters: [(name: String, value: String)]

  /// Decodes `query`, raw and without its `?`; nil when a percent sign begins no escape or the text is no
  /// UTF-8. A plus sign stays one: it is common in paths, and clients of this page encode spaces as `%20`.
  package init?(_ query: String) {
    let (pairs, isBroken) = PercentCoding.pairs(
      of: query, limit: AdminQuery.parameterLimit, plusIsBlank: false)
    if isBroken { return nil }
    parameters = pairs
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
}
