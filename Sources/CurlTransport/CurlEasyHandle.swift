internal import CLibcurl
internal import Glibc
package import Memory

/// A libcurl handle for one request at a time, and everything that libcurl reads or writes through it: header lines,
/// the answer, an error text, what TLS trusts. All of it outlives the handle.
///
/// This is the only place that talks to libcurl about a request, so the proofs about its memory are here. For one
/// thread.
@safe package struct CurlEasyHandle: ~Copyable {
  /// Distinguishes handles as long as they live.
  package struct ID: Equatable, Sendable {
    fileprivate let address: UInt

    init(_ handle: UnsafeMutableRawPointer) { address = UInt(bitPattern: handle) }
  }

  let pointer: UnsafeMutableRawPointer
  private let errorText: UnsafeMutablePointer<CChar>
  private var lines: UnsafeMutablePointer<curl_slist>?
  /// What a TLS connection trusts; nil without TLS.
  private let proof: TLSProof?
  private let answer: CurlAnswer

  /// Makes a handle for `request`.
  ///
  /// - Parameter proof: required for `https`, which fails without one.
  package static func make(
    for request: CurlRequest, proof: TLSProof?
  ) throws(CurlFault) -> CurlEasyHandle {
    // Proof: libcurl is set up; a new handle or null. It goes only into the value made here, which cleans it up.
    guard CurlLibrary.isReady, let made = unsafe curl_easy_init() else {
      throw CurlFault.notStarted
    }
    // The value is complete before anything can throw, so its deinit cleans up.
    var handle = unsafe CurlEasyHandle(made, proof, CurlAnswer(request.answer))
    try handle.setSafety(request)
    try handle.setMethod(request.method)
    try handle.setAnswer(limit: request.answer.limit)
    return handle
  }

  private init(_ made: UnsafeMutableRawPointer, _ proof: TLSProof?, _ answer: CurlAnswer) {
    // Proof: the caller gives up its only reference.
    unsafe pointer = unsafe made
    self.proof = proof
    self.answer = answer
    // Proof: null is an empty list.
    unsafe lines = nil
    // Proof: as many bytes as libcurl may write; freed by deinit, after the handle that refers to them.
    unsafe errorText = UnsafeMutablePointer<CChar>.allocate(capacity: cc_error_size)
    // Proof: just allocated with that many places.
    unsafe errorText.initialize(repeating: 0, count: cc_error_size)
  }

  deinit {
    // Proof: only this value has the handle, and no multi handle has it any more; what it points to is freed after it.
    unsafe curl_easy_cleanup(pointer)
    unsafe curl_slist_free_all(lines)
    unsafe errorText.deallocate()
  }

  package var id: ID { unsafe ID(pointer) }

  // MARK: What is sent

  /// Adds a header field as a line, `Accept: text/plain`. A line without a value, `Expect:`, removes a field of
  /// libcurl's.
  package mutating func addField(_ line: String) throws(CurlFault) {
    // Proof: libcurl copies the line; on failure the old list remains ours.
    guard let longer = unsafe curl_slist_append(lines, line) else { throw CurlFault.outOfMemory }
    // Proof: the new list, which nothing else has.
    try unsafe use(longer)
  }

  /// Adds a header field with a value that is a secret. libcurl's copy is overwritten when it is freed.
  ///
  /// - Parameters:
  ///   - lead: the line up to the secret, `Authorization: Bearer `; empty when the secret is the whole line.
  ///   - count: bytes of the secret to send.
  package mutating func addField(
    _ lead: String, _ secret: SecretBytes, count: Int
  ) throws(CurlFault) {
    let start = Array(lead.utf8)
    let length = start.count + count
    // Proof: `room` holds length + 1 bytes, all written; libcurl copies the text before they are cleared.
    let longer = unsafe withUnsafeTemporaryAllocation(byteCount: length + 1, alignment: 1) { room in
      for i in start.indices { unsafe room[i] = start[i] }
      for i in 0..<count { unsafe room[start.count + i] = secret.bytes[i] }
      unsafe room[length] = 0
      let text = unsafe room.baseAddress?.assumingMemoryBound(to: CChar.self)
      let longer = unsafe curl_slist_append(lines, text)
      if let address = room.baseAddress { unsafe explicit_bzero(address, room.count) }
      return unsafe longer
    }
    guard let longer = unsafe longer else { throw CurlFault.outOfMemory }
    // Proof: the new list, which nothing else has.
    try unsafe use(longer)
  }

  private mutating func use(_ list: UnsafeMutablePointer<curl_slist>) throws(CurlFault) {
    unsafe lines = list
    // Proof: the list lives until the handle is cleaned up, or does not refer to it any more.
    try check(unsafe cc_set_headers(pointer, list))
  }

  /// Removes every field that was added, and makes libcurl forget them.
  package mutating func removeFields() {
    // Proof: the handle does not refer to the list any more when it is freed; it is ours, and freed once.
    _ = unsafe cc_set_headers(pointer, nil)
    unsafe curl_slist_free_all(lines)
    unsafe lines = nil
  }

  /// Sends `body`, which libcurl copies. Makes the request a POST.
  package mutating func setBody(_ body: RawSpan) throws(CurlFault) {
    // Proof: libcurl copies byteCount bytes during the call.
    let code = unsafe body.withUnsafeBytes { source in
      unsafe cc_set_post(pointer, source.baseAddress, Int64(source.count))
    }
    try check(code)
  }

  // MARK: What comes back

  /// Performs the request and waits for its end. A ``CurlMulti`` does not wait.
  package mutating func perform() throws(CurlFault) {
    // Proof: the handle lives, and everything that it refers to belongs to this value.
    let code = unsafe curl_easy_perform(pointer)
    if let fault = fault(of: code) { throw fault }
  }

  /// What it means that a transfer ended with `code`; nil for a complete answer.
  func fault(of code: CURLcode) -> CurlFault? {
    if answer.isTooLarge { return CurlFault.tooLarge }
    return code == CURLE_OK ? nil : CurlFault(code)
  }

  /// The status of the answer; 0 without one.
  // Proof: the handle lives.
  package var status: Int { unsafe cc_status(pointer) }

  /// Seconds for which the server asked us to wait; 0 when it did not ask.
  // Proof: the handle lives.
  package var retryAfter: Int64 { unsafe cc_retry_after(pointer) }

  /// The target of a redirect; nil when the answer is not a redirect.
  package var redirect: String? {
    // Proof: a NUL-terminated text that lives as long as the handle.
    unsafe cc_redirect(pointer).map { unsafe String(cString: $0) }
  }

  /// The value of the answer's first field called `name`; nil without one.
  package func field(_ name: String) -> String? {
    // Proof: the handle lives, the name is a C string for the call; the text is NUL-terminated, and copied at once.
    unsafe cc_field(pointer, name).map { unsafe String(cString: $0) }
  }

  // MARK: The connection

  /// The numeric address that was connected to, the proxy's if there is one; nil without a connection.
  package var peerAddress: String? {
    // Proof: the handle lives; a NUL-terminated text that is copied at once.
    let text = unsafe cc_peer_address(pointer).map { unsafe String(cString: $0) }
    return text?.isEmpty == false ? text : nil
  }

  /// Whether the host name of the connection was resolved.
  // Proof: the handle lives.
  var hasResolved: Bool { unsafe cc_has_resolved(pointer) == 1 }

  /// Whether there was a TCP connection. libcurl 7.88 records its time only after the TLS handshake, so the address is
  /// used.
  var hasConnected: Bool { peerAddress != nil }

  /// OpenSSL's verdict on the peer's certificates, an X509_V_ code; 0 if they are valid, 1 if it did not check them.
  // Proof: the handle lives.
  var verifyResult: Int { unsafe cc_verify_result(pointer) }

  /// When the first certificate of the peer's chain expires, in seconds since 1970, after a request that only connects;
  /// nil without TLS.
  var firstExpiry: Int64? {
    // Proof: the handle lives, and with it the list that is read.
    let end = unsafe cc_first_expiry(pointer)
    return end < 0 ? nil : end
  }

  /// Returns the body of the answer, as far as it has arrived, and gives up its ownership. A caller that takes a secret
  /// must overwrite it after reading.
  package mutating func takeAnswer() -> ByteBuffer { answer.take() }

  /// libcurl's text about `fault`, with the details of this request if it has any.
  package func explanation(of fault: CurlFault) -> String {
    // Proof: NUL-terminated; the last byte of the buffer is never written.
    let written = unsafe String(cString: errorText)
    return written.isEmpty ? fault.text : written
  }

  // MARK: Options

  /// Sets everything that decides where a request can go, and how long we wait.
  private mutating func setSafety(_ request: CurlRequest) throws(CurlFault) {
    try set(CURLOPT_URL, request.url)
    try set(CURLOPT_PATH_AS_IS, request.keepsDotSegments ? 1 : 0)
    // Only the intended schemes, and never others after a redirect, which is not followed either.
    try set(CURLOPT_PROTOCOLS_STR, request.schemes)
    try set(CURLOPT_REDIR_PROTOCOLS_STR, "https")
    try set(CURLOPT_FOLLOWLOCATION, 0)
    try set(CURLOPT_UNRESTRICTED_AUTH, 0)
    try set(CURLOPT_DISALLOW_USERNAME_IN_URL, request.refusesUserInURL ? 1 : 0)
    try set(CURLOPT_NETRC, Int(cc_netrc_ignored))
    try set(CURLOPT_UNIX_SOCKET_PATH, request.socketPath)
    // An empty text also disables the proxy variables of the environment.
    try set(CURLOPT_PROXY, request.proxy ?? "")
    try set(CURLOPT_NOPROXY, "")
    // Our header fields, including credentials, are for the server and not for a proxy's CONNECT.
    try set(CURLOPT_HEADEROPT, Int(cc_headers_not_to_proxy))
    try set(CURLOPT_SSL_VERIFYPEER, 1)
    try set(CURLOPT_SSL_VERIFYHOST, 2)
    try set(CURLOPT_SSLVERSION, Int(cc_tls_1_2_or_newer))
    // Proof: self holds both, and cleans up the handle before it releases the proof.
    if let proof { try check(unsafe proof.install(on: pointer)) }
    try set(CURLOPT_SSLCERT, request.certificate)
    try set(CURLOPT_SSLKEY, request.key)
    // For occasional requests, HTTP/2 would add nothing but a second parser.
    try set(CURLOPT_HTTP_VERSION, Int(cc_http_1_1))
    try set(CURLOPT_USERAGENT, request.userAgent)
    if let time = request.connectTimeout { try set(CURLOPT_CONNECTTIMEOUT_MS, time) }
    try set(CURLOPT_TIMEOUT_MS, request.timeout)
    if request.connectsOnly {
      try set(CURLOPT_CONNECT_ONLY, 1)
      try set(CURLOPT_CERTINFO, 1)
    }
    try set(CURLOPT_NOSIGNAL, 1)
    // When the thread stops, do not wait for a name lookup that hangs.
    try set(CURLOPT_QUICK_EXIT, 1)
    try set(CURLOPT_TCP_KEEPALIVE, 1)
    // Proof: the buffer lives as long as the handle.
    try check(unsafe cc_set_error_buffer(pointer, errorText))
  }

  private mutating func setMethod(_ method: CurlRequest.Method) throws(CurlFault) {
    switch method {
    case .get: break
    case .head: try set(CURLOPT_NOBODY, 1)
    case .other(let name): try set(CURLOPT_CUSTOMREQUEST, name)
    // Without a body until one is set.
    case .post: try check(unsafe cc_set_post(pointer, "", 0))
    }
  }

  private mutating func setAnswer(limit: Int?) throws(CurlFault) {
    if let limit {
      // This refuses a declared length beyond the limit; `CurlAnswer` stops an undeclared one.
      // Proof: the handle lives, and the option takes a size.
      try check(unsafe cc_set_size(pointer, CURLOPT_MAXFILESIZE_LARGE, Int64(limit)))
    }
    // Proof: not retained, since self holds the answer, and cleans up the handle before it releases the answer.
    let context = unsafe Unmanaged.passUnretained(answer).toOpaque()
    // Proof: callbacks run on this thread while the handle lives, and so does the answer.
    let code = unsafe cc_set_sink(
      pointer,
      { bytes, size, count, context in
        guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
        let answer = unsafe Unmanaged<CurlAnswer>.fromOpaque(context).takeUnretainedValue()
        // Proof: libcurl lends size * count bytes for this call.
        let piece = unsafe RawSpan(_unsafeStart: bytes, byteCount: size * count)
        // Any result except the length makes libcurl end the transfer.
        return answer.receive(piece) ? size * count : 0
      }, context)
    try check(code)
  }

  private mutating func set(_ option: CURLoption, _ value: Int) throws(CurlFault) {
    // Proof: the handle lives, and the option takes a long.
    try check(unsafe cc_set_long(pointer, option, value))
  }

  private mutating func set(_ option: CURLoption, _ value: String?) throws(CurlFault) {
    // Proof: the handle lives, the option takes a text, and libcurl copies it.
    try check(unsafe cc_set_text(pointer, option, value))
  }

  private func check(_ code: CURLcode) throws(CurlFault) {
    if code != CURLE_OK { throw CurlFault(code) }
  }
}

extension CurlRequest.Answer {
  /// The most bytes that are collected; nil when none are kept.
  fileprivate var limit: Int? {
    switch self {
    case .ignored: nil
    case .collected(let limit), .secret(let limit): limit
    }
  }
}
