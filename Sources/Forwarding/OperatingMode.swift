/// What callers may do at the moment, from most to least. Of several that apply the strictest holds.
package enum OperatingMode: UInt8, Sendable, Comparable, CaseIterable {
  case normal
  /// Reads pass; what a write would have sent is told, and nothing is sent.
  case dryRun
  /// Reads pass; writes are refused.
  case readOnly
  /// Nothing passes.
  case frozen

  /// As it stands in the configuration, in commands and in listings.
  package var name: String {
    switch self {
    case .normal: "normal"
    case .dryRun: "dry-run"
    case .readOnly: "read-only"
    case .frozen: "frozen"
    }
  }

  package init?(name: String) {
    guard let mode = OperatingMode.allCases.first(where: { $0.name == name }) else { return nil }
    self = mode
  }

  package static func < (a: OperatingMode, b: OperatingMode) -> Bool { a.rawValue < b.rawValue }
}
