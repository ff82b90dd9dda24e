internal import Memory
package import SCORMCloudAPI

/// Who a request comes from, settled when its connection was accepted.
package struct CallerContext: Sendable {
  /// Index into ``ForwardingRules/listeners``.
  package var listener: Int
  /// Index into ``ForwardingRules/callers``; nil when the configuration names callers and none matches.
  package var caller: Int?
  /// Whether there is time to search for the operation that comes closest to an unknown one, which costs as
  /// much as a dozen calls that are relayed.
  package var namesClosest: Bool

  package init(listener: Int, caller: Int?, namesClosest: Bool = true) {
    self.listener = listener
    self.caller = caller
    self.namesClosest = namesClosest
  }
}

/// What is to be done with one request.
package struct RequestPlan: Sendable {
  // What fills a byte stands together: plans are copied on a call's way, and this one is six words long.
  /// Index into the catalogue; ``unknownOperation`` for a path that is not in it.
  package var operation: UInt8 = RequestPlan.unknownOperation
  /// Where `credential` stands on the ladder of its operation, from 0; 0 without a ladder.
  package var rung: UInt8 = 0
  /// It lets others go first: `X-Scorm-Priority: batch`, or without that field its caller's `priority`.
  package var isBatch = false
  /// The caller chose the app by a path prefix, which a rewritten Location needs too.
  package var hasAppPrefix = false
  /// It changes something: as the catalogue says, or the method where the operation is not known.
  package var isWrite = false
  /// Its caller is not granted the operation, and is permissive.
  package var wouldDeny = false
  /// What stands between it and being sent.
  package var obstacle = Obstacle.none
  package var app = 0
  package var caller = 0
  package var credential = CredentialChoice.none
  /// Where the path below the base path begins in the request's bytes, its slash included.
  package var restStart = 0

  package enum Obstacle: UInt8, Sendable {
    case none
    /// It changes something, and the mode is `dry-run`: it is not sent.
    case rehearsal
    /// It acts on every record that a filter has (`policy.confirmBulk`): they are counted first.
    case count
  }

  /// It would be sent, and is not: it changes something, and the mode is `dry-run`.
  package var isRehearsed: Bool { obstacle == .rehearsal }

  package static let unknownOperation: UInt8 = .max

  package init() {}

  package var isKnownOperation: Bool { operation != RequestPlan.unknownOperation }
}

/// How the planner ends.
package enum PlannedAnswer: Sendable {
  case forward(RequestPlan)
  /// The pages of a list, one after the other, as one answer.
  case walk(RequestPlan, PageRequest)
  /// A job is started, or asked for, and waited for.
  case wait(RequestPlan, WaitRequest)
  /// Nothing is sent: the caller is told what would have been (mode `dry-run`).
  case rehearse(RequestPlan)
  /// It is sent if as many records are counted as its caller has said.
  case confirm(RequestPlan, BulkConfirmation)
  /// `OPTIONS`, which the upstream is not asked: the methods of the path.
  case options(MethodSet)
}
