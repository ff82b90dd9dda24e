internal import COpenSSL

/// What the peer of an incoming TLS connection has presented.
package struct TLSPeer: Sendable, Equatable {
  /// `1.2` or `1.3`.
  package let version: String
  /// Nil when it has none. It was valid when the connection was made.
  package let certificate: PeerCertificate?
}

/// The parts of a certificate that identify its owner.
@safe package struct PeerCertificate: Sendable, Equatable {
  /// A subject alternative name (RFC 5280 section 4.2.1.6), as it is in the certificate.
  package struct Name: Sendable, Equatable {
    package enum Kind: Sendable { case dns, uri }

    package let kind: Kind
    package let bytes: [UInt8]

    package init(_ kind: Kind, _ bytes: [UInt8]) {
      self.kind = kind
      self.bytes = bytes
    }
  }

  /// The certificate's names, without names of other kinds and without the common name.
  package let names: [Name]
  /// The serial number in hexadecimal digits.
  package let serial: String
  /// The distinguished name of its issuer (RFC 2253), ASCII, at most 255 bytes.
  package let issuer: String
  /// When it expires, in nanoseconds since 1970.
  package let notAfter: Int64

  package init(names: [Name], serial: String, issuer: String, notAfter: Int64) {
    self.names = names
    self.serial = serial
    self.issuer = issuer
    self.notAfter = notAfter
  }

  init(reading certificate: OpaquePointer) {
    // Proof: the caller lends a live certificate for the call; nothing of it is kept.
    names = unsafe PeerCertificate.names(of: certificate)
    serial = unsafe PeerCertificate.text { unsafe co_serial(certificate, $0, $1) }
    issuer = unsafe PeerCertificate.text { unsafe co_issuer(certificate, $0, $1) }
    notAfter = TLSAcceptor.nanoseconds(unsafe co_not_after(certificate))
  }

  private static func text(_ write: (UnsafeMutablePointer<CChar>, Int) -> Void) -> String {
    // Proof: the shims write at most as many bytes as they are given, including a terminating zero.
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      guard let base = buffer.baseAddress else { return "" }
      unsafe write(base, buffer.count)
      return unsafe String(cString: base)
    }
  }

  private static func names(of certificate: OpaquePointer) -> [Name] {
    // Proof: a new list or null, freed below; the bytes of a name are read while the list exists.
    guard let list = unsafe co_names(certificate) else {
      co_clear_errors()
      return []
    }
    defer { unsafe co_free_names(list) }
    var names: [Name] = []
    let count = unsafe co_name_count(list)
    for index in 0..<count {
      var text = unsafe co_text()
      let kind = unsafe co_name(list, index, &text)
      guard Int(kind) != CO_NAME_OTHER else { continue }
      // Proof: the list owns as many bytes there as it says.
      let bytes = unsafe Array(UnsafeRawBufferPointer(start: text.bytes, count: text.count))
      names.append(Name(Int(kind) == CO_NAME_DNS ? .dns : .uri, bytes))
    }
    return names
  }
}

extension TLSSession {
  /// What the peer has presented, once the handshake is done.
  var peer: TLSPeer {
    // Proof: self owns the session, which is only read; the certificate belongs to the session and is lent for the
    // call.
    let certificate = unsafe SSL_get0_peer_certificate(session).map {
      unsafe PeerCertificate(reading: $0)
    }
    let version = unsafe SSL_version(session) == TLS1_3_VERSION ? "1.3" : "1.2"
    return TLSPeer(version: version, certificate: certificate)
  }

  /// Why `acceptor` does not accept the peer's certificate; nil if it does, and for a peer that needs none.
  func objection(by acceptor: TLSAcceptor) -> String? {
    // Proof: self owns the session, which is only read.
    if unsafe SSL_get0_peer_certificate(session) == nil {
      return acceptor.client == .required ? "it has no certificate" : nil
    }
    if acceptor.client == .none { return nil }
    let code = unsafe acceptor.verify(session)
    guard code != X509_V_OK else { return nil }
    // Proof: a constant text of OpenSSL.
    return unsafe String(cString: X509_verify_cert_error_string(Int(code)))
  }

  /// Whether a server's peer began with something that is not TLS and may be HTTP.
  // Proof: self owns the session, which is only read.
  var wasSentText: Bool { unsafe co_was_sent_text(session) == 1 }

  /// Whether the handshake waits for the peer.
  // Proof: as above.
  var awaitsInput: Bool { unsafe co_awaits_input(session) == 1 }

  /// Whether this is the server's side.
  // Proof: as above.
  var isServers: Bool { unsafe SSL_is_server(session) == 1 }
}

extension Connection {
  /// What its peer has presented; nil without TLS.
  var peer: TLSPeer? {
    switch session {
    case .some(let session): session.peer
    case .none: nil
    }
  }

  /// Why `acceptor` would not let in its peer; nil when it would, and without TLS.
  func objection(by acceptor: TLSAcceptor) -> String? {
    switch session {
    case .some(let session): session.objection(by: acceptor)
    case .none: nil
    }
  }
}
