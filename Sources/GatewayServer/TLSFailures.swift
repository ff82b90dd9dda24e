internal import Synchronization

/// Failed TLS handshakes of callers, counted by reason.
package final class TLSFailures: Sendable {
  package enum Reason: Int, Sendable, CaseIterable {
    /// The caller's certificate is missing or not accepted.
    case certificate
    /// The caller does not accept the gateway's certificate or parameters.
    case alert
    /// What arrived is not TLS, or has a version or kind that is not supported here; or the connection broke.
    case `protocol`
    /// It was apparently plain HTTP.
    case plain
    case timeout

    package var name: String {
      switch self {
      case .certificate: "certificate"
      case .alert: "alert"
      case .protocol: "protocol"
      case .plain: "plain"
      case .timeout: "timeout"
      }
    }
  }

  private let counts = Mutex([Int](repeating: 0, count: Reason.allCases.count))

  func add(_ reason: Reason) { counts.withLock { $0[reason.rawValue] += 1 } }

  package subscript(reason: Reason) -> Int { counts.withLock { $0[reason.rawValue] } }
}
