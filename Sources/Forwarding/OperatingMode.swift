/// What callers may currently do, from most to least. If several modes apply, the strictest one counts.
package enum OperatingMode: UInt8, Sendable, Comparable, CaseIterable {
  case normal
  /// Reads pass. For a write, the answer shows what would have been sent, and nothing is sent.
  case dryRun
  /// Reads pass; writes are refused.
  case readOnly
  /// Nothing passes.
  case frozen

  /// As written in the configuration, in commands and in listings.
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
