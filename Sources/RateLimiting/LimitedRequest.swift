/// The class of a waiting call.
package enum CallPriority: UInt8, Sendable, BitwiseCopyable, CaseIterable {
  /// Someone waits for the answer. Served first, except when batch calls have their turn.
  case interactive
  /// No one waits for the answer. At least one turn in five is for batch calls.
  case batch
}

/// What the ``Limiter`` must know about a call.
package struct LimitedRequest: Sendable, BitwiseCopyable {
  /// Index of the app, below ``LimiterSettings/appCount``.
  package var app: Int
  /// Index of the caller, below ``LimiterSettings/callerCount``.
  package var caller: Int
  /// Index in the catalogue. From ``LimitedOperations/firstUnknown`` on, the call is not in the catalogue.
  package var operation: UInt8
  /// Whether it writes. Used only if the call is not in the catalogue.
  package var isWrite: Bool
  package var priority: CallPriority

  package init(
    app: Int, caller: Int, operation: UInt8, isWrite: Bool = false,
    priority: CallPriority = .interactive
  ) {
    self.app = app
    self.caller = caller
    self.operation = operation
    self.isWrite = isWrite
    self.priority = priority
  }
}

/// What waits: an event loop, and the loop's own tag for the call.
package struct WaitingParty: Sendable, BitwiseCopyable {
  /// Number of the loop, below ``LimiterSettings/loopCount``.
  package var loop: Int
  /// Returned with the ticket when it is due, for example the handle of an exchange.
  package var tag: UInt64

  package init(loop: Int, tag: UInt64) {
    self.loop = loop
    self.tag = tag
  }
}
