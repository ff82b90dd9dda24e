package import Fleet
package import RateLimiting
internal import Synchronization

/// How the store and the shared limits fare, for who looks.
package struct FleetStatus: Sendable {
  package struct Share: Equatable, Sendable {
    package enum Standing: String, Sendable {
      /// No answer yet.
      case starting
      case leased
      /// The store is gone, or refuses: what `onLoss` says.
      case lost
    }

    package var standing = Standing.starting
    /// Gateways that share the quota, as of the last answer; 0 before any.
    package var members = 0
    /// Of the rate, or of the calls under way where there is none, in parts of 4096, and of the burst and the calls under
    /// way.
    package var fraction: Int64 = 0
    package var burst: Int64 = 0
    package var places: Int64 = 0
    /// When the next question is due, monotonic nanoseconds; `Int64.max` while one is open.
    package var renewal = Int64.max
    /// Why the store refuses; nil when it does not.
    package var refusal: String?
  }

  package var server = ""
  package var isLive = false
  /// Why it is not; nil before the first try has ended.
  package var failure: String?
  /// Since when it is, or is not, monotonic nanoseconds.
  package var since: Int64 = 0
  package var shares: [ShareKey: Share] = [:]
  /// Commands sent, answers that were errors, connections lost.
  package var commands: UInt64 = 0
  package var errors: UInt64 = 0
  package var losses: UInt64 = 0
  /// Pauses that came from other gateways.
  package var pausesTaken: UInt64 = 0
  /// Modes that hold at all gateways.
  package var modes = ModeList()
  /// Values of other programs under names of tokens.
  package var foreignTokens: UInt64 = 0
}

/// What an operator is told; one line for each change.
package enum FleetReport: Equatable, Sendable {
  case live(server: String)
  /// - Parameter then: what holds for limits from when their leases are over.
  case lost(server: String, reason: String, then: FleetSettings.LossPolicy)
  /// The store does not share the limit with this gateway.
  case refused(limit: String, reason: String)
  case sharedAgain(limit: String)
  /// Another program's value stands in the way of what is not a limit.
  case foreign(what: String, key: String)

  /// The line.
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

/// Where the status is published.
final class FleetBoard: Sendable {
  private let state = Mutex(FleetStatus())

  var status: FleetStatus { state.withLock { $0 } }

  func publish(_ status: FleetStatus) { state.withLock { $0 = status } }
}
