/// Which of two classes a waiting call belongs to.
package enum CallPriority: UInt8, Sendable, BitwiseCopyable, CaseIterable {
  /// Somebody waits for it. Served first, but for every fourth turn.
  case interactive
  /// Nobody looks. At least one turn in five is its own.
  case batch
}

/// What the ``Limiter`` must know about a call.
package struct LimitedRequest: Sendable, BitwiseCopyable {
  /// Index of the app, below ``LimiterSettings/appCount``.
  package var app: Int
  /// Index of the caller, below ``LimiterSettings/callerCount``.
  package var caller: Int
  /// Index in the catalogue; from ``LimitedOperations/firstUnknown`` on, the call is in no catalogue.
  package var operation: UInt8
  /// Whether it changes anything; only looked at when it is in no catalogue.
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

/// Who waits: the event loop to tell, and its own name for the call.
package struct WaitingParty: Sendable, BitwiseCopyable {
  /// Number of the loop, below ``LimiterSettings/loopCount``.
  package var loop: Int
  /// Given back with the ticket when it is due: the handle of an exchange, say.
  package var tag: UInt64

  package init(loop: Int, tag: UInt64) {
    self.loop = loop
    self.tag = tag
  }
}
