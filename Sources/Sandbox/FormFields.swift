internal import TextCoding

/// The `name=value` pairs of a query or a form, decoded, in order.
struct FormFields {
  /// Maximum number of pairs read; no operation has more than 14 parameters.
  static let maximumPairs = 64

  let pairs: [(name: String, value: String)]
  /// Whether a pair was left out because it cannot be decoded.
  let isBroken: Bool

  init(_ raw: some StringProtocol) {
    (pairs, isBroken) = PercentCoding.pairs(
      of: raw, limit: FormFields.maximumPairs, plusIsBlank: true)
  }

  /// The value of the first pair called `name`.
  subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

  /// Whether `name` is present with the value true. Clients write `true` and `True`.
  func isTrue(_ name: String) -> Bool { self[name]?.lowercased() == "true" }
}
