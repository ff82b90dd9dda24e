internal import CLibcurl

/// Connects once as a request would, including TLS and a proxy's tunnel, and sends nothing. Blocks its thread.
///
/// It finds which step on the way to a server fails, and why, with the same library and the same trust as token
/// fetches.
package struct ConnectionProbe: Sendable {
  /// The step that failed.
  package enum Failure: Sendable, Equatable {
    /// The name has no address.
    case name
    /// No TCP connection: refused, no route.
    case unreachable
    /// There was no response in time.
    case timedOut
    /// The proxy's name has no address, the proxy cannot be reached, or it opens no tunnel.
    case proxy
    /// The server's certificate chain does not lead to a trusted authority.
    case untrusted
    /// A certificate in the chain is not valid yet, or has expired.
    case outOfDate
    /// The certificate is for another name.
    case otherName
    /// The TLS handshake failed for another reason.
    case handshake
    /// libcurl itself failed.
    case client
  }

  /// Nil when everything worked.
  package let failure: Failure?
  /// libcurl's text about the failure; empty without one.
  package let text: String
  /// The numeric address that was connected to, the proxy's if there is one.
  package let address: String?
  /// When the first certificate in the chain expires, in seconds since 1970; nil without TLS.
  package let firstExpiry: Int64?

  /// Connects to the host of `url`.
  ///
  /// - Parameters:
  ///   - proxy: URL of an HTTP CONNECT proxy; nil for none, whatever the environment says.
  ///   - caFile: authorities trusted instead of the system's, PEM.
  ///   - timeout: milliseconds for all steps together.
  package init(_ url: String, proxy: String?, caFile: String?, timeout: Int) {
    var request = CurlRequest(url: url, schemes: "https,http", timeout: timeout)
    request.connectsOnly = true
    request.refusesUserInURL = true
    request.proxy = proxy
    request.connectTimeout = timeout
    request.method = .get
    let proof: TLSProof?
    do { proof = try TLSProof.make(for: url, caFile: caFile) } catch {
      self.init(failure: .untrusted, text: error.description)
      return
    }
    let handle: CurlEasyHandle
    do throws(CurlFault) {
      handle = try CurlEasyHandle.make(for: request, proof: proof)
    } catch {
      self.init(failure: .client, text: error.text)
      return
    }
    self.init(performing: handle, hasProxy: proxy != nil)
  }

  private init(performing made: consuming CurlEasyHandle, hasProxy: Bool) {
    var handle = made
    do throws(CurlFault) {
      try handle.perform()
      self.init(
        failure: nil, text: "", address: handle.peerAddress,
        firstExpiry: handle.firstExpiry)
    } catch {
      let failure = ConnectionProbe.failure(error, handle, hasProxy: hasProxy)
      self.init(failure: failure, text: handle.explanation(of: error), address: handle.peerAddress)
    }
  }

  private init(
    failure: Failure?, text: String, address: String? = nil, firstExpiry: Int64? = nil
  ) {
    self.failure = failure
    // Texts from outside may contain anything.
    self.text = String(
      decoding: text.utf8.prefix(200).map { 0x20..<0x7F ~= $0 ? $0 : UInt8(ascii: "?") },
      as: UTF8.self)
    self.address = address
    self.firstExpiry = firstExpiry
  }

  private static func failure(
    _ fault: CurlFault, _ handle: borrowing CurlEasyHandle, hasProxy: Bool
  ) -> Failure {
    switch CURLcode(fault.code) {
    case CURLE_COULDNT_RESOLVE_PROXY: return .proxy
    case CURLE_COULDNT_RESOLVE_HOST: return hasProxy ? .proxy : .name
    case CURLE_COULDNT_CONNECT: return hasProxy ? .proxy : .unreachable
    case CURLE_OPERATION_TIMEDOUT:
      if hasProxy { return .proxy }
      if !handle.hasResolved { return .name }
      return handle.hasConnected ? .handshake : .timedOut
    default: break
    }
    if handle.verifyResult > 1 { return failure(verifying: handle.verifyResult) }
    if CURLcode(fault.code) == CURLE_PEER_FAILED_VERIFICATION { return .untrusted }
    switch fault.kind {
    case .tls: return .handshake
    case .client: return .client
    // The tunnel was refused, or the proxy closed before TLS began.
    default: return hasProxy ? .proxy : .handshake
    }
  }

  /// The codes are OpenSSL's X509_V_ERR_…, which never change.
  private static func failure(verifying code: Int) -> Failure {
    switch code {
    case 9, 10: .outOfDate
    case 62, 64: .otherName
    default: .untrusted
    }
  }
}
