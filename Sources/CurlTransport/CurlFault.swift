internal import CLibcurl

/// Why libcurl has no complete answer, or did not do what was requested.
package struct CurlFault: Error, Equatable, Sendable {
  package enum Kind: Sendable, Equatable {
    /// The time for the connection or for the whole request ran out.
    case timedOut
    /// No TLS connection to a trusted peer.
    case tls
    /// What arrived is not HTTP, or is HTTP that libcurl cannot read.
    case notHTTP
    /// The answer is longer than the request allows.
    case tooLarge
    /// libcurl itself: no memory, or an unknown option.
    case client
    /// Anything else: no address, no connection, or a broken connection.
    case unreachable
  }

  package let kind: Kind
  /// libcurl's own number, a `CURLcode`.
  package let code: UInt32

  init(_ code: CURLcode) {
    kind = CurlFault.kind(of: code)
    self.code = code.rawValue
  }

  /// There is no handle, or nothing that could be sent with it.
  package static let notStarted = CurlFault(CURLE_FAILED_INIT)
  package static let outOfMemory = CurlFault(CURLE_OUT_OF_MEMORY)
  static let tooLarge = CurlFault(CURLE_FILESIZE_EXCEEDED)

  /// libcurl's text, without the details of a request.
  package var text: String {
    // Proof: a NUL-terminated text that libcurl keeps for the whole process, for any number.
    unsafe String(cString: curl_easy_strerror(CURLcode(code)))
  }

  private static func kind(of code: CURLcode) -> Kind {
    switch code {
    case CURLE_OPERATION_TIMEDOUT: .timedOut
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
      CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_CRL_BADFILE,
      CURLE_SSL_INVALIDCERTSTATUS:
      .tls
    case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING: .notHTTP
    case CURLE_FILESIZE_EXCEEDED: .tooLarge
    case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_UNKNOWN_OPTION, CURLE_NOT_BUILT_IN,
      CURLE_BAD_FUNCTION_ARGUMENT:
      .client
    default: .unreachable
    }
  }
}
