package import HTTPMessages
internal import Synchronization

/// Counts malformed requests by fault: each bound and each rule of the parser has a name.
package final class FaultCounters: Sendable {
  private static let count = 40
  private let counts: InlineArray<40, Atomic<UInt64>>

  init() {
    precondition(RequestFault.allCases.count <= FaultCounters.count, "one counter for each fault")
    counts = InlineArray { _ in Atomic(0) }
  }

  func add(_ fault: RequestFault) {
    counts[Int(fault.rawValue)].wrappingAdd(1, ordering: .relaxed)
  }

  /// How many requests were refused for `fault` so far.
  package subscript(fault: RequestFault) -> UInt64 {
    counts[Int(fault.rawValue)].load(ordering: .relaxed)
  }
}
