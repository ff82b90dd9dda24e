internal import COpenSSL
internal import Glibc
internal import System

/// The authorities that outgoing TLS connections trust, and how a peer proves its name. This is decided here for both
/// libraries, the loops' own OpenSSL and libcurl.
///
/// If a file is configured (`upstream.caFile`), only that is trusted. Otherwise it is what OpenSSL considers the
/// system's store: the file in `SSL_CERT_FILE` and the folders in `SSL_CERT_DIR` if these are set, otherwise the paths
/// that OpenSSL was built with. Every certificate in it is an anchor, even an intermediate one. Only the certificate's
/// subject alternative names prove a name (RFC 9110 section 4.3.4).
@safe package final class TLSTrust: @unchecked Sendable {
  // @unchecked: X509_STORE is reference-counted and locked inside OpenSSL. libcurl sets flags of a store that it gets,
  // so each TLSTrust belongs to one thread's connections.
  private let store: OpaquePointer

  /// Reads the trusted certificates: `caFile` (PEM), or the system's store.
  package init(caFile: String?) throws(TLSClient.SetupError) {
    // Proof: the path is a C string for the call. A new store or null; it goes only into self, which frees it.
    guard let made = unsafe co_trust(caFile) else {
      let reason = OpenSSLError.take()
      throw TLSClient.SetupError(
        description: caFile.map { "cannot read certificates from \($0): \(reason)" }
          ?? "cannot set up TLS: \(reason)")
    }
    unsafe store = unsafe made
  }

  // Proof: the only owner frees its reference once; contexts hold their own.
  deinit { unsafe X509_STORE_free(store) }

  /// What is wrong with `SSL_CERT_FILE`, if it is set: OpenSSL itself reports nothing if it has no certificate.
  package static var environmentProblem: String? {
    // Proof: getenv gives null or a C string, read at once.
    guard let value = unsafe getenv("SSL_CERT_FILE"), unsafe value.pointee != 0,
      co_has_default_file() == 0
    else { return nil }
    let path = unsafe String(cString: value)
    return "SSL_CERT_FILE names \(path), which holds no certificate that can be read: "
      + "only the certificates in SSL_CERT_DIR or the system's folder are trusted"
  }

  /// Makes the sessions of `context`, an `SSL_CTX`, trust this store and accept only a peer that proves to be `host`, a
  /// DNS name or a numeric address.
  ///
  /// - Returns: false when memory runs out or `host` is malformed.
  package func apply(to context: UnsafeMutableRawPointer, host: String) -> Bool {
    let isAddress = SocketAddress(numericHost: host, port: 0) != nil
    // Proof: the caller lends a live SSL_CTX; the store gets another reference, and the name is copied.
    return unsafe co_trust_in(OpaquePointer(context), store, host, isAddress ? 1 : 0) == 1
  }

  /// Like ``apply(to:host:)``, but for sessions that each get the name separately.
  func apply(to context: OpaquePointer) -> Bool {
    // Proof: as above.
    unsafe co_trust_in(context, store, nil, 0) == 1
  }
}
