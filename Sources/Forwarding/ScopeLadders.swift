internal import SCORMCloudAPI

/// For each operation of one app, the credentials to try one after the other if the catalogue is not sure of the scope.
/// The configured one comes first, then each further scope that may suffice, and finally Basic, which SCORM Cloud
/// accepts for everything.
///
/// One flat array, so that a call whose rung is known reads its credential like any other.
package struct ScopeLadders: Sendable, Equatable {
  /// The most rungs of a ladder: the first credential, every scope that an operation can list, and Basic.
  package static let maximumRungs = ScopeList.capacity + 2

  /// By operation, then by rung; empty if no operation has a ladder.
  private var choices: [CredentialChoice] = []
  /// Number of rungs by operation.
  private var counts: [UInt8] = []

  /// Creates ladders without any rung.
  package init() {}

  /// Sets the rungs of `operation`, from the first on; at most ``maximumRungs``.
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

  /// The number of rungs of the ladder of `operation`; 0 if it has none.
  package func count(of operation: UInt8) -> Int {
    counts.isEmpty ? 0 : Int(counts[Int(operation)])
  }

  /// The credential at `rung`, below the operation's count.
  package func credential(of operation: UInt8, at rung: Int) -> CredentialChoice {
    choices[Int(operation) * ScopeLadders.maximumRungs + rung]
  }
}

/// The rungs that turned out to be needed, by app and operation. Planners start from them.
package struct ScopeRungs: Sendable, Equatable {
  /// By app, then by operation; empty while every call starts with its first rung.
  private var rungs: [UInt8] = []

  /// Creates rungs with nothing learned.
  package init() {}

  /// Whether nothing was learned.
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
