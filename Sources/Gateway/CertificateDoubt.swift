package import Configuration
package import EventLoop

/// A present or imminent problem with the certificates of a listener that still serves with them.
package struct CertificateDoubt: Sendable, Equatable {
  package enum Kind: Sendable {
    /// The certificate ends within ``CertificateDoubt/warningTime``.
    case ends
    /// The certificate has ended, so clients refuse it.
    case ended
    /// A certificate revocation list is out of date, so no client certificate is accepted.
    case revocationsEnded
    /// A certificate revocation list ends within ``CertificateDoubt/listWarningTime``.
    case revocationsEnd
  }

  package let kind: Kind
  /// The key in `tls` that the doubt is about.
  package let key: String
  package let message: String
  package let hint: String

  /// How long before its end a certificate causes a warning, in nanoseconds: 14 days.
  package static let warningTime: Int64 = 14 * day
  /// The same for a revocation list, which is replaced more often: a day.
  package static let listWarningTime: Int64 = day
  private static let day: Int64 = 86_400_000_000_000

  /// The doubts about the files that `settings` name. Empty if the files cannot be used at all, which `check` reports.
  package static func of(_ settings: TLSSettings, at wallTime: Int64) -> [CertificateDoubt] {
    (try? TLSAcceptor(reading: settings)).map { of($0, at: wallTime) } ?? []
  }

  /// - Parameter wallTime: nanoseconds since 1970.
  package static func of(_ acceptor: TLSAcceptor, at wallTime: Int64) -> [CertificateDoubt] {
    var doubts: [CertificateDoubt] = []
    if acceptor.notAfter < wallTime {
      doubts.append(
        .init(
          kind: .ended, key: "certificate",
          message: "the certificate has expired, and clients refuse it",
          hint: "renew it; a changed file is used without a restart"))
    } else if acceptor.notAfter - wallTime < warningTime {
      doubts.append(
        .init(
          kind: .ends, key: "certificate",
          message: "the certificate expires \(remaining(acceptor.notAfter - wallTime))",
          hint: "renew it; a changed file is used without a restart"))
    }
    if acceptor.nextRevocations < wallTime {
      doubts.append(
        .init(
          kind: .revocationsEnded, key: "clientCRL",
          message: "a revocation list is out of date, so no client's certificate is accepted",
          hint: "fetch the authority's current list"))
    } else if acceptor.nextRevocations - wallTime < listWarningTime {
      doubts.append(
        .init(
          kind: .revocationsEnd, key: "clientCRL",
          message: "a revocation list expires \(remaining(acceptor.nextRevocations - wallTime))",
          hint: "fetch the authority's current list in time"))
    }
    return doubts
  }

  private static func remaining(_ time: Int64) -> String {
    time < day ? "within a day" : "in \(time / day) days"
  }
}
