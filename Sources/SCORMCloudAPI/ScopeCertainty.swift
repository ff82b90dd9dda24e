/// How certain the catalogue is about the scopes it lists for an operation.
package enum ScopeCertainty: UInt8, CaseIterable, Sendable {
  /// Taken literally from the operation's page in the API reference.
  case documented
  /// An official sample or guide calls the operation with the first scope.
  case officialSample
  /// Follows the pattern verb:service, and that scope is published.
  case inferredHigh
  /// Several scopes are plausible; the list is their union.
  case inferredLow
  /// No evidence; the list contains what would work if the operation has no separate scope.
  case unknown
  /// The operation takes no OAuth token.
  case notApplicable

  /// Whether SCORM Cloud publishes the scopes, or no scopes are needed.
  package var isPublished: Bool {
    switch self {
    case .documented, .officialSample, .notApplicable: true
    case .inferredHigh, .inferredLow, .unknown: false
    }
  }

  /// Whether a token with only the first scope can be expected to work. If not, request more than the first, or use
  /// Basic authentication, which the API accepts for every operation.
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
