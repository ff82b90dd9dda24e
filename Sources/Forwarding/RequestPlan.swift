internal import Memory
package import SCORMCloudAPI

/// Where a request comes from. Decided when its connection was accepted.
package struct CallerContext: Sendable {
  /// Index into ``ForwardingRules/listeners``.
  package var listener: Int
  /// Index into ``ForwardingRules/callers``; nil if the configuration names callers and none matches.
  package var caller: Int?
  /// Whether there is time to search for the operation that is closest to an unknown one. The search costs as much as
  /// relaying a dozen calls.
  package var namesClosest: Bool

  package init(listener: Int, caller: Int?, namesClosest: Bool = true) {
    self.listener = listener
    self.caller = caller
    self.namesClosest = namesClosest
  }
}

/// What to do with one request.
package struct RequestPlan: Sendable {
  // One-byte fields are next to each other: a plan is copied as a call proceeds, and takes six words.
  /// Index into the catalogue; ``unknownOperation`` for a path that is not in it.
  package var operation: UInt8 = RequestPlan.unknownOperation
  /// The rung of `credential` on its operation's ladder, from 0; 0 without a ladder.
  package var rung: UInt8 = 0
  /// Whether it lets others go first: `X-Scorm-Priority: batch`, or, without that field, its caller's `priority`.
  package var isBatch = false
  /// The caller chose the app by a path prefix, which a rewritten Location must also have.
  package var hasAppPrefix = false
  /// It writes: according to the catalogue, or to the method if the operation is not known.
  package var isWrite = false
  /// Its caller is not granted the operation, but is permissive.
  package var wouldDeny = false
  /// What prevents it from being sent right away.
  package var obstacle = Obstacle.none
  package var app = 0
  package var caller = 0
  package var credential = CredentialChoice.none
  /// Where the path below the base path begins in the request's bytes, including its slash.
  package var restStart = 0

  package enum Obstacle: UInt8, Sendable {
    case none
    /// It writes, and the mode is `dry-run`: it is not sent.
    case rehearsal
    /// It acts on every record of a filter (`policy.confirmBulk`): they are counted first.
    case count
  }

  /// Whether it would be sent but is not, because it writes and the mode is `dry-run`.
  package var isRehearsed: Bool { obstacle == .rehearsal }

  package static let unknownOperation: UInt8 = .max

  package init() {}

  package var isKnownOperation: Bool { operation != RequestPlan.unknownOperation }
}

/// The planner's result.
package enum PlannedAnswer: Sendable {
  case forward(RequestPlan)
  /// Fetch the pages of a list one after the other, and answer with all of them.
  case walk(RequestPlan, PageRequest)
  /// Start a job or ask for its state, and wait until it is over.
  case wait(RequestPlan, WaitRequest)
  /// Send nothing: the answer shows what would have been sent (mode `dry-run`).
  case rehearse(RequestPlan)
  /// Send it if the number of records equals the one that its caller gave.
  case confirm(RequestPlan, BulkConfirmation)
  /// Answer `OPTIONS` with the methods of the path; nothing is sent upstream.
  case options(MethodSet)
}
