internal import TextCoding

/// The decoded parameters of an admin page's query.
package struct AdminQuery: Sendable {
  /// The maximum number of parameters that are read. Further ones are ignored.
  private static let parameterLimit = 64

  private let parameters: [(name: String, value: String)]

  /// Decodes `query`, raw and without its `?`. Nil if a percent sign does not begin an escape, or if the text is not
  /// UTF-8. A plus sign is kept: it is common in paths, and clients of these pages encode spaces as `%20`.
  package init?(_ query: String) {
    let (pairs, isBroken) = PercentCoding.pairs(
      of: query, limit: AdminQuery.parameterLimit, plusIsBlank: false)
    if isBroken { return nil }
    parameters = pairs
  }

  /// The first value of `name`; nil if it is missing or empty.
  package func first(_ name: String) -> String? {
    parameters.first { $0.name == name && !$0.value.isEmpty }?.value
  }

  /// All values of `name`, in order.
  package func all(_ name: String) -> [String] {
    parameters.filter { $0.name == name }.map(\.value)
  }

  /// Whether the query asks for a listing for people.
  package var wantsTable: Bool { first("format") == "table" }

  /// The width of a line in such a listing, in characters; nil for no limit.
  package var width: Int? { first("width").flatMap { Int($0) } }
}
