internal import CLibcurl
internal import EventLoop

/// What the TLS connections of one thread's libcurl handles have to prove, and to whom: ``TLSTrust`` instead of
/// libcurl's own idea, which reads other files and takes a certificate's common name for a host's.
@safe final class TLSProof: Sendable {
  private let trust: TLSTrust
  private let host: String

  /// For connections to the host of `url`; nil if they are not TLS.
  static func make(for url: String, caFile: String?) throws(TLSClient.SetupError) -> TLSProof? {
    guard url.lowercased().hasPrefix("https://") else { return nil }
    return TLSProof(trust: try TLSTrust(caFile: caFile), host: host(of: url))
  }

  private init(trust: TLSTrust, host: String) {
    self.trust = trust
    self.host = host
  }

  /// The host of an absolute URL, without port and brackets.
  static func host(of url: String) -> String {
    let authority = TokenServiceSettings.authority(of: url)
    if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
    return String(authority.prefix { $0 != ":" })
  }

  /// Has every connection of `handle` prove itself so. The handle must not outlive self.
  func install(on handle: UnsafeMutableRawPointer) -> CURLcode {
    // Proof: not retained, since self outlives the handle: the caller's promise.
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    // Proof: the handle lives, and self outlives it, so also every callback.
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
