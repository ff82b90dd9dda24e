internal import AccessTokens
internal import CurlTransport
internal import Memory

/// One request to a token endpoint. Used by one thread only.
final class TokenTransfer {
  let request: TokenFetchRequest
  /// Where it was sent.
  let place: TokenPlace
  /// Monotonic nanoseconds just before it was sent.
  let requestedAt: Int64
  private(set) var handle: CurlEasyHandle

  /// Prepares the request; a ``CurlMulti`` sends it.
  ///
  /// - Parameter wallClock: Seconds since 1970.
  init(
    _ request: TokenFetchRequest, settings: TokenServiceSettings, proof: TLSProof?,
    secret: SecretBytes, requestedAt: Int64, wallClock: Int64
  ) throws(CurlFault) {
    self.request = request
    let place = settings.place(of: request.app)
    self.place = place
    self.requestedAt = requestedAt
    handle = try CurlEasyHandle.make(for: settings.request(to: place), proof: proof)
    // The credential is a field line of its own. If it were given as user name and password, libcurl would keep it with
    // the idle connection; a line is cleared with the transfer. There are no redirects that could carry it elsewhere.
    let credential = BasicCredential.line(id: settings.apps[request.app].id, secret: secret)
    // Without CR LF, which libcurl adds.
    try handle.addField("", credential, count: credential.count - 2)
    try handle.addField("Content-Type: \(place.endpoint.contentType)")
    try handle.addField("Accept: application/json")
    try handle.addField("Expect:")
    var body = ByteBuffer(capacity: 256)
    place.endpoint.putBody(
      scopes: request.scopes, lifetime: request.lifetime, wallClock: wallClock, into: &body)
    try handle.setBody(body.bytes)
  }

  /// Sends the request and waits for its end, without a ``CurlMulti``. Returns nil if there is a complete answer.
  func perform() -> CurlFault? {
    do throws(CurlFault) {
      try handle.perform()
      return nil
    } catch { return error }
  }

  /// Takes the answer, as far as it has arrived. The caller must overwrite it after reading.
  func takeAnswer() -> ByteBuffer { handle.takeAnswer() }
}

extension TokenServiceSettings {
  /// The request to the endpoint, without fields and body.
  fileprivate func request(to place: TokenPlace) -> CurlRequest {
    var request = CurlRequest(
      url: place.url, schemes: place.scheme ?? "https", timeout: totalTimeout)
    request.refusesUserInURL = true
    request.proxy = place.proxy
    request.userAgent = userAgent
    request.connectTimeout = connectTimeout
    request.answer = .secret(limit: TokenAnswer.maximumBytes)
    return request
  }
}
