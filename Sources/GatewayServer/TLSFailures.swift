internal import Synchronization

/// TLS handshakes of callers that failed, by why.
package final class TLSFailures: Sendable {
  package enum Reason: Int, Sendable, CaseIterable {
    /// The caller's certificate is not good, or missing.
    case certificate
    /// The caller refuses ours, or what it would have to agree to.
    case alert
    /// What came is not TLS, or of a version or kind that is not spoken here; or the connection broke.
    case `protocol`
    /// It was plain HTTP by its looks.
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
