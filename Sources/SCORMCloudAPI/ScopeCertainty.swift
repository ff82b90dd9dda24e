/// How sure the catalogue is of the scopes it lists for an operation.
package enum ScopeCertainty: UInt8, CaseIterable, Sendable {
  /// Verbatim from the operation's page in the API reference.
  case documented
  /// An official sample or guide calls the operation with the first scope.
  case officialSample
  /// Follows the pattern verb:service, and that scope is published.
  case inferredHigh
  /// Several scopes are plausible; the list is their union.
  case inferredLow
  /// No evidence; the list holds what would work if no scope of its own exists.
  case unknown
  /// The operation takes no OAuth token.
  case notApplicable

  /// Whether SCORM Cloud itself says so, or there is nothing to say.
  package var isPublished: Bool {
    switch self {
    case .documented, .officialSample, .notApplicable: true
    case .inferredHigh, .inferredLow, .unknown: false
    }
  }

  /// Whether a token with the first scope alone can be expected to work. Where not, ask for more than the
  /// first, or use Basic authentication, which the API accepts on every operation.
  package var isSure: Bool { isPublished || self == .inferredHigh }

  /// The name in listings, as in the catalogue's source.
  package var name: StaticString {
    switch self {
    case .documented: "documented"
    case .officialSample: "official-sample"
    case .inferredHigh: "inferred-high"
    case .inferredLow: "inferred-low"
    case .unknown: "unknown"
    case .notApplicable: "not-applicable"
    }
  }
}
