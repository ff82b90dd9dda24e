internal import CLibcurl
internal import EventLoop

/// What the peers of one thread's libcurl handles must prove over TLS. It uses ``TLSTrust`` instead of libcurl's
/// defaults, which read other files and accept a certificate's common name as a host name.
@safe package final class TLSProof: Sendable {
  /// The trusted authorities cannot be read.
  package struct Problem: Error, CustomStringConvertible {
    package let description: String
  }

  private let trust: TLSTrust
  private let host: String

  /// Makes one for connections to the host of `url`; nil if they do not use TLS.
  ///
  /// - Parameter caFile: authorities trusted instead of the system's, PEM.
  package static func make(for url: String, caFile: String?) throws(Problem) -> TLSProof? {
    guard url.lowercased().hasPrefix("https://") else { return nil }
    do {
      return TLSProof(trust: try TLSTrust(caFile: caFile), host: HTTPAddress.host(of: url))
    } catch { throw Problem(description: error.description) }
  }

  private init(trust: TLSTrust, host: String) {
    self.trust = trust
    self.host = host
  }

  /// Makes every connection of `handle` require this proof. The handle must not outlive self.
  func install(on handle: UnsafeMutableRawPointer) -> CURLcode {
    // Proof: not retained, since self outlives the handle, as the caller promises.
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    // Proof: the handle lives, and self outlives it and so every callback.
    return unsafe cc_set_tls_setup(
      handle,
      { _, tlsContext, context in
        guard let tlsContext = unsafe tlsContext, let context = unsafe context else {
          return CURLE_SSL_CACERT_BADFILE
        }
        // Proof: `context` is the self that installed this callback.
        let proof = unsafe Unmanaged<TLSProof>.fromOpaque(context).takeUnretainedValue()
        // Proof: libcurl, which is built with OpenSSL (`cc_global_init`), lends its SSL_CTX for this call.
        return unsafe proof.trust.apply(to: tlsContext, host: proof.host)
          ? CURLE_OK : CURLE_SSL_CACERT_BADFILE
      }, context)
  }
}
