internal import EventLoop
internal import Forwarding
internal import Memory
internal import TrafficLog

/// What is known of a caller's connection that speaks TLS, beside its record: others pay nothing for it.
struct SecuredCaller: ~Copyable {
  /// The handshake is done.
  var isOpen = false
  /// What it adds to each line of the traffic log.
  private(set) var text = ByteBuffer()
  /// Its certificate was found good by a listener that lets these clients in (``TLSAcceptor/trust``).
  var trust: UInt64
  /// The configuration that says which caller it is; 0 before the first.
  private(set) var generation: UInt32 = 0
  private(set) var caller: Int?
  /// It is nobody's, and every request of it is refused and its last one: what it has shown is not good any more.
  private(set) var isRefused = false
  /// The last moment of its certificate, in nanoseconds since 1970; `Int64.max` without one.
  private var notAfter = Int64.max

  init(trust: UInt64) { self.trust = trust }

  /// It belongs to `caller` by the configuration `generation`.
  mutating func identify(_ caller: Int?, by generation: UInt32) {
    self.caller = caller
    self.generation = generation
  }

  mutating func refuse() {
    isRefused = true
    caller = nil
  }

  /// Whether its certificate has ended since it was shown.
  func hasEnded(at wallTime: Int64) -> Bool { wallTime > notAfter }

  /// Notes what its peer has shown. `name` is the one that decided which caller it is; nil for none.
  mutating func note(_ peer: TLSPeer, decidedBy name: CertificateName?, _ names: CertificateNames) {
    notAfter = peer.certificate?.notAfter ?? .max
    text.removeAll()
    TrafficLine.putTLS(
      version: peer.version, name: (name ?? names.names.first)?.text,
      serial: peer.certificate?.serial, issuer: peer.certificate?.issuer, into: &text)
  }
}

extension CertificateNames {
  /// The names of what `peer` has shown; none without a certificate.
  static func of(_ peer: TLSPeer) -> CertificateNames {
    CertificateNames((peer.certificate?.names ?? []).map { ($0.kind == .uri, $0.bytes) })
  }
}

/// What is particular about a caller whose request begins.
struct CallerMarks: OptionSet {
  let rawValue: UInt8

  /// Its connection ends with the answer.
  static let isLast = CallerMarks(rawValue: 1)
  /// It speaks TLS.
  static let isSecured = CallerMarks(rawValue: 2)
}
