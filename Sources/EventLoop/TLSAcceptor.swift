internal import COpenSSL
package import Memory
internal import System

/// What the incoming TLS connections of one listener share: the server's certificate and key, and what is required of
/// clients.
///
/// TLS 1.2 or newer with forward secrecy, no renegotiation, no compression, no early data, HTTP/1.1 only. It is made
/// from bytes, not from files, and never changes: new files need a new acceptor.
@safe package final class TLSAcceptor: @unchecked Sendable {
  // @unchecked: SSL_CTX is reference-counted and locked inside OpenSSL, and not changed after `init`.
  private let context: OpaquePointer

  /// Whether clients are asked for a certificate, and whether they need one.
  package enum ClientCertificates: Int32, Sendable {
    /// Clients are not asked for a certificate.
    case none = 0
    /// A client without a certificate may pass; one with a bad certificate may not.
    case optional = 1
    case required = 2
  }

  /// The oldest accepted version.
  package enum Version: Sendable {
    case tls12, tls13
  }

  /// The files' contents, each in PEM.
  package struct Material: Sendable {
    /// The server's certificate, followed by those that lead to its authority.
    package var certificate: [UInt8]
    /// Not encrypted.
    package var key: SecretBytes
    package var clientCA: [UInt8]?
    package var clientCRL: [UInt8]?
    package var client: ClientCertificates
    package var minimum: Version

    package init(
      certificate: [UInt8], key: SecretBytes, clientCA: [UInt8]? = nil, clientCRL: [UInt8]? = nil,
      client: ClientCertificates = .none, minimum: Version = .tls12
    ) {
      self.certificate = certificate
      self.key = key
      self.clientCA = clientCA
      self.clientCRL = clientCRL
      self.client = client
      self.minimum = minimum
    }
  }

  /// The part that cannot be used.
  package enum Part: Sendable {
    case certificate, key, clientCA, clientCRL
  }

  /// Why the files cannot be used for a TLS server.
  package struct Problem: Error, Equatable, CustomStringConvertible {
    /// Nil when it is none of them: the library refuses.
    package let part: Part?
    package let description: String
    /// What to do about it.
    package let hint: String
  }

  package let client: ClientCertificates
  /// The same number for all acceptors that let in the same clients: same authorities, revocations and requirements.
  package let trust: UInt64
  /// When the server's own certificate expires, in nanoseconds since 1970.
  package let notAfter: Int64
  /// When the first revocation list must be replaced, in nanoseconds since 1970; `Int64.max` for never.
  package let nextRevocations: Int64

  /// All listeners' tickets are sealed with the same keys, which live as long as the process: nothing else can open
  /// them. A ticket is valid only where the same clients are let in (``trust``).
  private static let ticketKeys: SecretBytes = {
    var bytes = [UInt8](repeating: 0, count: CO_TICKET_KEY_BYTES)
    // Proof: the array has as many bytes as are requested.
    let status = unsafe bytes.withUnsafeMutableBytes {
      unsafe RAND_bytes($0.baseAddress, Int32($0.count))
    }
    precondition(status == 1, "no random bytes for TLS tickets")
    return SecretBytes(taking: &bytes)
  }()

  package init(_ material: borrowing Material) throws(Problem) {
    guard co_wire_setup() == 1 else {
      throw Problem(part: nil, description: OpenSSLError.take(), hint: "")
    }
    client = material.client
    let digest = TLSAcceptor.digest(material)
    trust = digest[..<8].reduce(0) { $0 << 8 | UInt64($1) }
    var part: Int32 = 0
    var defect: Int32 = 0
    // Proof: a new context or null. It goes only into self, which frees it.
    guard let made = unsafe TLSAcceptor.make(material, digest, &part, &defect) else {
      throw Problem(part: part, defect: defect, reason: OpenSSLError.take())
    }
    unsafe context = unsafe made
    // Proof: the context holds the certificate that it was given, as long as it lives.
    let seconds = unsafe co_own_certificate(made).map { unsafe co_not_after($0) } ?? 0
    notAfter = TLSAcceptor.nanoseconds(seconds)
    nextRevocations = TLSAcceptor.nextRevocations(material.clientCRL)
  }

  // Proof: the only owner frees its reference once; sessions hold their own.
  deinit { unsafe SSL_CTX_free(context) }

  private static func make(
    _ material: borrowing Material, _ digest: [UInt8], _ part: inout Int32, _ defect: inout Int32
  ) -> OpaquePointer? {
    var settings = unsafe co_server_settings()
    unsafe settings.client = material.client.rawValue
    unsafe settings.minimum = material.minimum == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION
    let authorities = material.clientCA ?? []
    let revocations = material.clientCRL ?? []
    let hasRevocations = material.clientCRL != nil
    let key = material.key
    // Proof: every pointer in the settings is to bytes that are lent for the call, with their number; the context
    // copies what it keeps of them.
    return unsafe material.certificate.withUnsafeBytes { certificate in
      unsafe settings.certificate = co_text(
        bytes: certificate.baseAddress, count: certificate.count)
      return unsafe key.bytes.withUnsafeBytes { key in
        unsafe settings.key = co_text(bytes: key.baseAddress, count: key.count)
        return unsafe authorities.withUnsafeBytes { authorities in
          unsafe settings.client_ca = co_text(
            bytes: authorities.baseAddress, count: authorities.count)
          return unsafe revocations.withUnsafeBytes { revocations in
            if hasRevocations {
              // Proof: as above.
              unsafe settings.client_crl = co_text(
                bytes: revocations.baseAddress, count: revocations.count)
            }
            // Proof: as above; the digest has its 32 bytes, and the keys have as many as a context takes.
            return unsafe digest.withUnsafeBufferPointer { digest in
              unsafe settings.session_context = digest.baseAddress
              return unsafe ticketKeys.bytes.withUnsafeBytes { keys in
                unsafe settings.ticket_keys = keys.baseAddress?.assumingMemoryBound(
                  to: UInt8.self)
                return unsafe co_server_context(&settings, &part, &defect)
              }
            }
          }
        }
      }
    }
  }

  /// A digest, in 32 bytes, of what decides which clients are let in.
  private static func digest(_ material: borrowing Material) -> [UInt8] {
    var text: [UInt8] = [UInt8(material.client.rawValue)]
    text += material.clientCA ?? []
    text.append(material.clientCRL == nil ? 0 : 1)
    text += material.clientCRL ?? []
    var digest = [UInt8](repeating: 0, count: 32)
    // Proof: the text is lent for the call, and the 32 bytes that are written are there.
    let status = unsafe text.withUnsafeBytes { text in
      unsafe digest.withUnsafeMutableBufferPointer {
        unsafe co_sha256(text.baseAddress, text.count, $0.baseAddress)
      }
    }
    precondition(status == 1, "SHA-256 does not work")
    return digest
  }

  private static func nextRevocations(_ lists: [UInt8]?) -> Int64 {
    guard let lists else { return .max }
    // Proof: the bytes are lent for the call.
    let seconds = unsafe lists.withUnsafeBytes {
      unsafe co_next_update(co_text(bytes: $0.baseAddress, count: $0.count))
    }
    return nanoseconds(seconds)
  }

  /// Seconds since 1970 as nanoseconds. Certificates may be valid for longer than nanoseconds can express.
  static func nanoseconds(_ seconds: Int64) -> Int64 {
    let (product, isTooLate) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return isTooLate ? .max : product
  }

  /// Makes a session over `descriptor`, whose handshake has not begun.
  func makeSession(over descriptor: borrowing Descriptor) -> TLSSession? {
    // Proof: self holds the context. A new session or null; the value below owns it. It reads and writes the descriptor
    // only in calls of that value, whose connection keeps it open.
    guard let session = unsafe co_server_session(context, descriptor.number) else { return nil }
    return unsafe TLSSession(owning: session)
  }

  /// Verifies a peer's certificate with the authorities of this acceptor. Returns an X509_V_ code.
  func verify(_ session: OpaquePointer) -> Int32 {
    // Proof: the caller lends a live session; nothing of it is kept.
    unsafe co_verify_peer_again(session, context)
  }
}

extension TLSAcceptor.Problem {
  fileprivate init(part: Int32, defect: Int32, reason: String) {
    let isEmpty = Int(defect) == CO_DEFECT_NOTHING_IN_IT
    let clause = "cannot be read: \(reason)"
    switch Int(part) {
    case CO_PART_CERTIFICATE:
      self.init(
        part: .certificate,
        description: isEmpty ? "there is no certificate in the file" : "the certificate \(clause)",
        hint: "it must hold the server's certificate in PEM, followed by its CA certificates")
    case CO_PART_KEY: self.init(key: Int(defect), clause)
    case CO_PART_CLIENT_CA:
      self.init(
        part: .clientCA,
        description: isEmpty ? "there is no certificate in the file" : "the file \(clause)",
        hint: "it must hold, in PEM, the CA certificates that sign clients' certificates")
    case CO_PART_CLIENT_CRL:
      self.init(
        part: .clientCRL,
        description: isEmpty ? "there is no revocation list in the file" : "the file \(clause)",
        hint: "it must hold, in PEM, the lists of all CAs of clients: BEGIN X509 CRL")
    default: self.init(part: nil, description: "cannot set up TLS: \(reason)", hint: "")
    }
  }

  private init(key defect: Int, _ clause: String) {
    let hint = "it must hold the certificate's key in PEM: BEGIN PRIVATE KEY"
    switch defect {
    case CO_DEFECT_NOTHING_IN_IT:
      self.init(part: .key, description: "there is no private key in the file", hint: hint)
    case CO_DEFECT_ENCRYPTED:
      self.init(
        part: .key,
        description: "the key is encrypted, and the gateway cannot ask for its password",
        hint:
          "decrypt it: openssl pkey -in KEY -out PLAIN; then chmod 600, or systemd's LoadCredential"
      )
    case CO_DEFECT_OTHER_KEY:
      self.init(
        part: .key, description: "the key does not belong to the certificate",
        hint: "use the key that the certificate was made for")
    default: self.init(part: .key, description: "the key \(clause)", hint: hint)
    }
  }
}
