internal import COpenSSL
internal import System

/// What outgoing TLS connections share: trust store, minimum version, and the name that the peer must prove.
///
/// TLS 1.2 or newer. Chain and name are always verified (RFC 9110 section 4.3.4). No option switches that off.
@safe package final class TLSClient: @unchecked Sendable {
  // @unchecked: SSL_CTX is reference-counted and locked inside OpenSSL, and not changed after `init`.
  private let context: OpaquePointer
  private let host: String
  private let isAddress: Bool

  package struct SetupError: Error, CustomStringConvertible {
    package let description: String
  }

  /// Trusts what ``TLSTrust`` determines to identify `host`.
  package init(host: String, caFile: String?) throws(SetupError) {
    self.host = host
    isAddress = SocketAddress(numericHost: host, port: 0) != nil
    let trust = try TLSTrust(caFile: caFile)
    // Proof: a new context or null. It goes only into self, which frees it.
    guard co_wire_setup() == 1, let made = unsafe co_client_context() else {
      throw SetupError(description: "cannot set up TLS: \(OpenSSLError.take())")
    }
    unsafe context = unsafe made
    guard unsafe trust.apply(to: made) else {
      throw SetupError(description: "cannot set up TLS: \(OpenSSLError.take())")
    }
  }

  // Proof: the only owner frees its reference once; sessions hold their own.
  deinit { unsafe SSL_CTX_free(context) }

  /// Makes a session over `descriptor`, whose handshake has not begun.
  func makeSession(over descriptor: borrowing Descriptor) -> TLSSession? {
    guard
      // Proof: self holds the context, and OpenSSL copies the host. A new session or null; the value below owns it. It
      // reads and writes the descriptor only in calls of that value, whose connection keeps it open.
      let session = unsafe co_client_session(context, descriptor.number, host, isAddress ? 1 : 0)
    else { return nil }
    return unsafe TLSSession(owning: session)
  }
}
