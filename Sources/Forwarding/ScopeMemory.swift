internal import SCORMCloudAPI

/// What climbing has shown, by app and operation: which rung works, and where none does.
///
/// It lives as long as the process and is empty after a restart. An app whose ladders a new configuration changes is
/// forgotten (``forget(_:)``). The size is bounded by apps times operations.
package struct ScopeMemory: Sendable {
  /// How long an operation is not climbed again after every rung was refused, in nanoseconds. A call that is refused
  /// for a reason other than its scope must not cost several upstream calls each time.
  package static let rest: Int64 = 60_000_000_000

  /// What is known about one operation of one app.
  package struct Entry: Sendable, Equatable {
    /// The rung that calls begin with.
    package var rung: UInt8 = 0
    /// Number of further rungs tried.
    package var climbs: UInt64 = 0
    /// How many times every rung was refused.
    package var exhaustions: UInt64 = 0
    /// No climb before this time, in monotonic nanoseconds.
    package var restsUntil = Int64.min
  }

  /// By app, then by operation; empty until the first climb.
  private var entries: [Entry] = []
  /// Only the rungs, for planners.
  package private(set) var rungs = ScopeRungs()

  package init() {}

  /// Forgets what was learned about `app`, because it no longer applies.
  package mutating func forget(_ app: Int) {
    for operation in OperationTable.all where entry(app: app, operation: operation.index) != Entry()
    {
      entries[place(app, operation.index)] = Entry()
      rungs.set(0, app: app, operation: operation.index)
    }
  }

  /// What is known about `operation`.
  package func entry(app: Int, operation: UInt8) -> Entry {
    let place = place(app, operation)
    return place < entries.count ? entries[place] : Entry()
  }

  /// Counts that a call climbs.
  package mutating func climbed(app: Int, operation: UInt8) {
    change(app, operation) { $0.climbs += 1 }
  }

  /// Notes that `rung` was sufficient for a call. The rung is never lowered: what is sufficient for another call, on an
  /// object with weaker demands, was not for this one.
  ///
  /// - Returns: Whether this is new.
  package mutating func worked(app: Int, operation: UInt8, rung: UInt8) -> Bool {
    guard rung > entry(app: app, operation: operation).rung else { return false }
    change(app, operation) { $0.rung = rung }
    rungs.set(rung, app: app, operation: operation)
    return true
  }

  /// Notes that every rung was refused. The only thing learned is that climbing is of no use for a while.
  package mutating func exhausted(app: Int, operation: UInt8, at now: Int64) {
    change(app, operation) {
      $0.exhaustions += 1
      $0.restsUntil = now + ScopeMemory.rest
    }
  }

  /// Every operation that was climbed, with its app.
  package var climbedOperations: [(app: Int, operation: UInt8, entry: Entry)] {
    entries.indices.lazy.filter { entries[$0] != Entry() }.map { index in
      let operations = OperationTable.all.count
      return (index / operations, UInt8(index % operations), entries[index])
    }
  }

  private func place(_ app: Int, _ operation: UInt8) -> Int {
    app * OperationTable.all.count + Int(operation)
  }

  private mutating func change(_ app: Int, _ operation: UInt8, _ body: (inout Entry) -> Void) {
    while entries.count <= place(app, operation) {
      entries += Array(repeating: Entry(), count: OperationTable.all.count)
    }
    body(&entries[place(app, operation)])
  }
}
