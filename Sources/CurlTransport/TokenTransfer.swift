internal import AccessTokens
internal import CLibcurl
internal import Glibc
internal import Memory

/// One request to a token endpoint: a curl easy handle with everything libcurl reads or writes for it.
///
/// Used by one thread only. The answer is collected in a buffer that never grows, since it holds a
/// token, and is overwritten when the transfer goes.
@safe final class TokenTransfer {
  /// libcurl refused an option or had no memory.
  struct Fault: Error {
    let code: CURLcode
  }

  let request: TokenFetchRequest
  /// Monotonic nanoseconds just before it was sent.
  let requestedAt: Int64
  let handle: UnsafeMutableRawPointer
  private var headers: UnsafeMutablePointer<curl_slist>?
  /// Whom a TLS connection trusts; nil without TLS.
  private let proof: TLSProof?
  private let errorText: UnsafeMutablePointer<CChar>
  private var answer = ByteBuffer(capacity: TokenAnswer.maximumBytes)
  /// Whether the endpoint sent more than ``TokenAnswer/maximumBytes``.
  private(set) var isTooLarge = false

  /// Prepares the request; ``CurlMulti/add(_:)`` sends it.
  ///
  /// - Parameter wallClock: Seconds since 1970.
  init(
    _ request: TokenFetchRequest, settings: TokenServiceSettings, proof: TLSProof?,
    secret: SecretBytes, requestedAt: Int64, wallClock: Int64
  ) throws(Fault) {
    // Proof: a new handle or null. It belongs to self, whose deinit cleans it up once; it also runs when a later step throws.
    guard let made = unsafe curl_easy_init() else { throw Fault(code: CURLE_FAILED_INIT) }
    self.request = request
    self.proof = proof
    self.requestedAt = requestedAt
    unsafe handle = unsafe made
    // Proof: as many bytes as libcurl may write; freed by deinit, after the handle that names them.
    unsafe errorText = UnsafeMutablePointer<CChar>.allocate(capacity: cc_error_size)
    // Proof: just allocated with that many places.
    unsafe errorText.initialize(repeating: 0, count: cc_error_size)
    unsafe headers = nil
    try setSafetyOptions(settings)
    try setCredential(id: settings.apps[request.app].id, secret)
    try setRequest(settings, wallClock: wallClock)
  }

  deinit {
    // Proof: the handle was removed from its multi handle; what it points to goes after it.
    unsafe curl_easy_cleanup(handle)
    unsafe curl_slist_free_all(headers)
    unsafe errorText.deallocate()
    answer.overwriteWithZeros()
  }

  /// Everything that decides where the credential can go, and how long and how much we listen.
  private func setSafetyOptions(_ settings: TokenServiceSettings) throws(Fault) {
    let scheme = settings.scheme ?? "https"
    try set(CURLOPT_URL, settings.url)
    // Nothing but the scheme configured, and never after a redirect, which is not followed either.
    try set(CURLOPT_PROTOCOLS_STR, scheme)
    try set(CURLOPT_REDIR_PROTOCOLS_STR, "https")
    try set(CURLOPT_FOLLOWLOCATION, 0)
    try set(CURLOPT_UNRESTRICTED_AUTH, 0)
    try set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
    try set(CURLOPT_NETRC, Int(cc_netrc_ignored))
    // An empty text switches off the proxy variables of the environment as well.
    try set(CURLOPT_PROXY, settings.proxy ?? "")
    try set(CURLOPT_NOPROXY, "")
    // Our field lines, the credential among them, are for the endpoint and not for a proxy's CONNECT.
    try set(CURLOPT_HEADEROPT, Int(cc_headers_not_to_proxy))
    try set(CURLOPT_SSL_VERIFYPEER, 1)
    try set(CURLOPT_SSL_VERIFYHOST, 2)
    try set(CURLOPT_SSLVERSION, Int(cc_tls_1_2_or_newer))
    // Proof: self holds both, and cleans up the handle before it lets go of the proof.
    if let proof { try check(unsafe proof.install(on: handle)) }
    try set(CURLOPT_CONNECTTIMEOUT_MS, settings.connectTimeout)
    try set(CURLOPT_TIMEOUT_MS, settings.totalTimeout)
    try set(CURLOPT_NOSIGNAL, 1)
    // Do not wait for a name lookup that hangs when the service stops.
    try set(CURLOPT_QUICK_EXIT, 1)
    try set(CURLOPT_TCP_KEEPALIVE, 1)
    // Stops a declared length; `receive` stops the undeclared one.
    // Proof: the handle lives.
    try check(
      unsafe cc_set_size(handle, CURLOPT_MAXFILESIZE_LARGE, Int64(TokenAnswer.maximumBytes)))
    // Proof: the buffer lives as long as the handle.
    try check(unsafe cc_set_error_buffer(handle, errorText))
  }

  /// The credential as a field line of ours. As user name and password libcurl would keep it with the idle
  /// connection; a line is cleared with the transfer. There are no redirects that could carry it away.
  private func setCredential(id: String, _ secret: SecretBytes) throws(Fault) {
    let line = BasicCredential.line(id: id, secret: secret)
    // Without CR LF, which libcurl adds.
    let count = line.count - 2
    // Proof: `room` holds count + 1 bytes, all written; libcurl copies the text before they are cleared.
    let longer = unsafe withUnsafeTemporaryAllocation(byteCount: count + 1, alignment: 1) { room in
      for i in 0..<count { unsafe room[i] = line.bytes[i] }
      unsafe room[count] = 0
      let text = unsafe room.baseAddress?.assumingMemoryBound(to: CChar.self)
      let longer = unsafe curl_slist_append(headers, text)
      if let address = room.baseAddress { unsafe explicit_bzero(address, room.count) }
      return unsafe longer
    }
    guard let longer = unsafe longer else { throw Fault(code: CURLE_OUT_OF_MEMORY) }
    unsafe headers = unsafe longer
  }

  private func setRequest(_ settings: TokenServiceSettings, wallClock: Int64) throws(Fault) {
    // HTTP/2 would bring nothing to a request every few minutes but a second parser.
    try set(CURLOPT_HTTP_VERSION, Int(cc_http_1_1))
    try set(CURLOPT_USERAGENT, settings.userAgent)
    let lines = [
      "Content-Type: \(settings.endpoint.contentType)", "Accept: application/json", "Expect:",
    ]
    for line in lines {
      // Proof: libcurl copies the line; on failure the old list stays ours.
      guard let longer = unsafe curl_slist_append(headers, line) else {
        throw Fault(code: CURLE_OUT_OF_MEMORY)
      }
      unsafe headers = unsafe longer
    }
    // Proof: the list lives as long as the handle.
    try check(unsafe cc_set_headers(handle, headers))
    var body = ByteBuffer(capacity: 256)
    settings.endpoint.putBody(
      scopes: request.scopes, lifetime: request.lifetime, wallClock: wallClock, into: &body)
    let bytes = body.bytes
    // Proof: libcurl copies byteCount bytes during the call.
    let code = unsafe bytes.withUnsafeBytes { source in
      unsafe cc_set_post(handle, source.baseAddress, Int64(source.count))
    }
    try check(code)
    // Proof: not retained, since self owns the handle whose callback gets it.
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    // Proof: self owns the handle, so it outlives every callback, which run on this thread.
    let sinkCode = unsafe cc_set_sink(
      handle,
      { bytes, size, count, context in
        guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
        let transfer = unsafe Unmanaged<TokenTransfer>.fromOpaque(context).takeUnretainedValue()
        // Proof: libcurl lends size * count bytes for this call.
        return transfer.receive(unsafe RawSpan(_unsafeStart: bytes, byteCount: size * count))
      }, context)
    try check(sinkCode)
  }

  /// Collects a piece of the answer. Anything but its length makes libcurl end the transfer.
  private func receive(_ bytes: RawSpan) -> Int {
    guard answer.count + bytes.byteCount <= TokenAnswer.maximumBytes else {
      isTooLarge = true
      return 0
    }
    answer.put(bytes)
    return bytes.byteCount
  }

  // MARK: The outcome

  /// Gives the answer away, as far as it has arrived. Whoever takes it overwrites it after reading.
  func takeAnswer() -> ByteBuffer {
    var taken = ByteBuffer()
    swap(&taken, &answer)
    return taken
  }

  /// The status of the answer; 0 without one.
  // Proof: the handle lives.
  var status: Int { unsafe cc_status(handle) }

  /// Seconds the endpoint asked us to wait; 0 when it did not.
  // Proof: the handle lives.
  var retryAfter: Int64 { unsafe cc_retry_after(handle) }

  /// Where a redirect points to; nil when the answer is none.
  var redirect: String? {
    // Proof: a NUL-terminated text that lives as long as the handle.
    unsafe cc_redirect(handle).map { unsafe String(cString: $0) }
  }

  /// What libcurl says about `code`.
  func explanation(of code: CURLcode) -> String {
    // Proof: both are NUL-terminated; the last byte of the buffer is never written.
    let written = unsafe String(cString: errorText)
    return written.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : written
  }

  // MARK: Options

  private func set(_ option: CURLoption, _ value: Int) throws(Fault) {
    // Proof: the handle lives, and the option takes a long.
    try check(unsafe cc_set_long(handle, option, value))
  }

  private func set(_ option: CURLoption, _ value: String?) throws(Fault) {
    // Proof: the handle lives, the option takes a text, and libcurl copies it.
    try check(unsafe cc_set_text(handle, option, value))
  }

  private func check(_ code: CURLcode) throws(Fault) {
    if code != CURLE_OK { throw Fault(code: code) }
  }
}
