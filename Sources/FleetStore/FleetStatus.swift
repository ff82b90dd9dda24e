package import Fleet
package import RateLimiting
internal import Synchronization

/// The status of the store and of the shared limits, for display.
package struct FleetStatus: Sendable {
  package struct Share: Equatable, Sendable {
    package enum Standing: String, Sendable {
      /// There is no answer yet.
      case starting
      case leased
      /// The store is lost, or refuses: `onLoss` applies.
      case lost
    }

    package var standing = Standing.starting
    /// Number of gateways that share the quota, as of the last answer; 0 before any.
    package var members = 0
    /// The part held, in parts of 4096: of the rate, or of the calls in progress if there is no rate. Then the burst
    /// and the calls in progress that are held.
    package var fraction: Int64 = 0
    package var burst: Int64 = 0
    package var places: Int64 = 0
    /// When the next request is due, in monotonic nanoseconds; `Int64.max` while one is pending.
    package var renewal = Int64.max
    /// Why the store refuses; nil if it does not.
    package var refusal: String?
  }

  package var server = ""
  package var isLive = false
  /// Why it is unavailable; nil before the first attempt has ended.
  package var failure: String?
  /// Since when it has been available or unavailable, in monotonic nanoseconds.
  package var since: Int64 = 0
  package var shares: [ShareKey: Share] = [:]
  /// Number of commands sent, answers that were errors, and connections lost.
  package var commands: UInt64 = 0
  package var errors: UInt64 = 0
  package var losses: UInt64 = 0
  /// Number of pauses that came from other gateways.
  package var pausesTaken: UInt64 = 0
  /// Modes that apply at all gateways.
  package var modes = ModeList()
  /// How often a token's key had a value of another program.
  package var foreignTokens: UInt64 = 0
}

/// What an operator must know; one line for each change.
package enum FleetReport: Equatable, Sendable {
  case live(server: String)
  /// - Parameter then: What applies to limits once their leases are over.
  case lost(server: String, reason: String, then: FleetSettings.LossPolicy)
  /// The store does not share the limit with this gateway.
  case refused(limit: String, reason: String)
  case sharedAgain(limit: String)
  /// A value of another program is under the key, which is not a limit's.
  case foreign(what: String, key: String)

  /// The line for the log.
  package var line: String {
    switch self {
    case .live(let server): "shared: connected to \(server)"
    case .lost(let server, let reason, let then):
      "shared: \(server) is lost (\(reason)); limits end their leases, then go by onLoss: \(then.rawValue)"
    case .refused(let limit, let reason):
      "shared: limit \(limit) is not shared: \(reason)"
    case .sharedAgain(let limit): "shared: limit \(limit) is shared again"
    case .foreign(let what, let key):
      "shared: \(what) of other gateways cannot be used: the key \(key) has a value of another program"
    }
  }

  package var isWarning: Bool {
    switch self {
    case .live, .sharedAgain: false
    case .lost, .refused, .foreign: true
    }
  }
}

/// Publishes the status to other threads.
final class FleetBoard: Sendable {
  private let state = Mutex(FleetStatus())

  var status: FleetStatus { state.withLock { $0 } }

  func publish(_ status: FleetStatus) { state.withLock { $0 = status } }
}
