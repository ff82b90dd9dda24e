internal import EventLoop
internal import Forwarding
internal import Memory
internal import TrafficLog

/// What is known of a caller's TLS connection, in addition to its record. Connections without TLS pay nothing for it.
struct SecuredCaller: ~Copyable {
  /// The handshake is done.
  var isOpen = false
  /// What the connection adds to each line of the traffic log.
  private(set) var text = ByteBuffer()
  /// The clients (``TLSAcceptor/trust``) for which its certificate was verified.
  var trust: UInt64
  /// The configuration that determined the caller; 0 before the first.
  private(set) var generation: UInt32 = 0
  private(set) var caller: Int?
  /// What it has shown is not valid any more: it belongs to no caller, and its next request is refused and is its last.
  private(set) var isRefused = false
  /// When its certificate expires, in nanoseconds since 1970; `Int64.max` without one.
  private var notAfter = Int64.max

  init(trust: UInt64) { self.trust = trust }

  /// Notes that the connection belongs to `caller` according to the configuration `generation`.
  mutating func identify(_ caller: Int?, by generation: UInt32) {
    self.caller = caller
    self.generation = generation
  }

  mutating func refuse() {
    isRefused = true
    caller = nil
  }

  /// Whether its certificate has expired since it was shown.
  func hasEnded(at wallTime: Int64) -> Bool { wallTime > notAfter }

  /// Notes what its peer has shown. `name` is the one that determined the caller; nil if none did.
  mutating func note(_ peer: TLSPeer, decidedBy name: CertificateName?, _ names: CertificateNames) {
    notAfter = peer.certificate?.notAfter ?? .max
    text.removeAll()
    TrafficLine.putTLS(
      version: peer.version, name: (name ?? names.names.first)?.text,
      serial: peer.certificate?.serial, issuer: peer.certificate?.issuer, into: &text)
  }
}

extension CertificateNames {
  /// The names that `peer` has shown; none without a certificate.
  static func of(_ peer: TLSPeer) -> CertificateNames {
    CertificateNames((peer.certificate?.names ?? []).map { ($0.kind == .uri, $0.bytes) })
  }
}

/// What is special about a caller whose request begins.
struct CallerMarks: OptionSet {
  let rawValue: UInt8

  /// Its connection ends with the answer.
  static let isLast = CallerMarks(rawValue: 1)
  /// It uses TLS.
  static let isSecured = CallerMarks(rawValue: 2)
}
