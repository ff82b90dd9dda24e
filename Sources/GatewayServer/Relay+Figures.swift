internal import EventLoop
package import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting
internal import SCORMCloudAPI
package import Telemetry

/// What a relay counts, for the metrics.
extension Relay {
  /// Counts an exchange that has ended.
  func count(
    _ id: SlabHandle, _ termination: Termination, error: StaticString?, at now: Int64
  ) {
    var ended = exchanges[id].ended(at: now)
    ended.caller = Int(callers[exchanges[id].caller].callerNumber)
    ended.termination = termination.number
    ended.error = error
    figures.count(ended)
  }

  /// Publishes the gauges. Called before each wait for events.
  func publishFigures() {
    figures.count(.turns)
    figures.set(.exchangesUnderWay, to: exchanges.count)
    figures.set(.callerConnections, to: callers.count)
    figures.set(.upstreamConnections, to: pool.openCount)
    figures.set(.idleUpstreamConnections, to: pool.idleCount)
    figures.set(.exchangesAwaitingConnection, to: pool.shares.waitingCount)
  }
}

extension Exchange {
  /// What the metrics count of an ended exchange. Read together: each access to a record of the slab checks its handle.
  @inline(__always)
  func ended(at now: Int64) -> LoopFigures.Ended {
    var ended = LoopFigures.Ended()
    if knowsApp {
      if plan.isKnownOperation { ended.operation = Int(plan.operation) }
      ended.app = plan.app &+ 1
    }
    ended.method = Int(state.method.rawValue)
    ended.status = Int(status)
    ended.duration = now &- startedAt
    ended.tokenWait = state.tokenWait
    ended.queueWait = state.queueWait
    ended.received = requestBody.bytesRead
    ended.sent = answerBytes
    return ended
  }
}

extension FigureLabels {
  /// Why a further attempt is made: the reasons that ``Relay`` gives in the log.
  private static let reasons: [StaticString] = [
    "closed", "broken", "token-refused", "scope-refused", "page-repeated", "busy",
  ]

  /// The labels of a gateway with these rules.
  package init(_ rules: ForwardingRules) {
    self.init()
    operations = OperationTable.all.map {
      Operation(name: $0.name.description, method: $0.method.name.description)
    }
    methods = [
      "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "other",
    ]
    // Removed callers and apps are not shown: another may have the name by now.
    callers = rules.callers.map { $0.isInForce ? $0.name : "" }
    apps = rules.apps.map { $0.isInForce ? $0.name : "" }
    errors = GatewayErrorKind.allCases.map(\.name) + ["caller-gone", "caller-too-slow"]
    terminations = Termination.byNumber.map(\.text.description)
    retryReasons = FigureLabels.reasons
  }
}

extension Termination {
  /// At least the number of phases; a test compares them. A literal costs a request nothing.
  static let phases = 16

  /// The termination's own number, below the count of ``byNumber``.
  var number: Int { Int(party.rawValue) * Termination.phases + Int(phase.rawValue) }

  /// Every possible termination.
  static let byNumber: [Termination] = (0..<Party.allCases.count * phases).map { number in
    Termination(
      Party(rawValue: UInt8(number / phases)) ?? .none,
      Phase(rawValue: UInt8(number % phases)) ?? .responseBody)
  }
}
