internal import SCORMCloudAPI

/// For each operation of one app, the credentials to try one after the other where the catalogue is not sure
/// of the scope: the configured one first, then each further scope that may suffice, at last Basic, which SCORM
/// Cloud takes for everything.
///
/// One flat array, so that a call whose rung is known reads it like any other credential.
package struct ScopeLadders: Sendable, Equatable {
  /// Rungs of a ladder: the first credential, every scope an operation can list, and Basic.
  package static let maximumRungs = ScopeList.capacity + 2

  /// By operation, then by rung; empty when no operation has a ladder.
  private var choices: [CredentialChoice] = []
  /// Rungs by operation.
  private var counts: [UInt8] = []

  /// No operation has a ladder.
  package init() {}

  /// Gives `operation` these rungs, at most ``maximumRungs`` of them, the first one first.
  package mutating func set(_ rungs: [CredentialChoice], for operation: UInt8) {
    precondition(rungs.count <= ScopeLadders.maximumRungs)
    if choices.isEmpty {
      counts = Array(repeating: 0, count: OperationTable.all.count)
      choices = Array(
        repeating: .none, count: OperationTable.all.count * ScopeLadders.maximumRungs)
    }
    counts[Int(operation)] = UInt8(rungs.count)
    for (rung, choice) in rungs.enumerated() {
      choices[Int(operation) * ScopeLadders.maximumRungs + rung] = choice
    }
  }

  /// How many rungs the ladder of `operation` has; 0 when it has none.
  package func count(of operation: UInt8) -> Int {
    counts.isEmpty ? 0 : Int(counts[Int(operation)])
  }

  /// The credential at `rung`, below the operation's count.
  package func credential(of operation: UInt8, at rung: Int) -> CredentialChoice {
    choices[Int(operation) * ScopeLadders.maximumRungs + rung]
  }
}

/// The rungs that proved to be needed, by app and operation: what a planner starts from.
package struct ScopeRungs: Sendable, Equatable {
  /// By app, then by operation; empty while every call goes with its first rung.
  private var rungs: [UInt8] = []

  /// Nothing was learnt.
  package init() {}

  /// Whether nothing was learnt.
  package var isEmpty: Bool { rungs.isEmpty }

  /// The rung to begin with.
  package func rung(app: Int, operation: UInt8) -> UInt8 {
    let place = app &* OperationTable.all.count &+ Int(operation)
    return place < rungs.count ? rungs[place] : 0
  }

  mutating func set(_ rung: UInt8, app: Int, operation: UInt8) {
    let place = app * OperationTable.all.count + Int(operation)
    while rungs.count <= place {
      rungs += Array(repeating: 0, count: OperationTable.all.count)
    }
    rungs[place] = rung
  }
}
