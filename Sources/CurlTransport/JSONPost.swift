internal import CLibcurl
internal import Glibc
package import Memory

/// Posts JSON, or another type, to one address again and again, over a connection that is kept. For one thread, which blocks.
@safe package final class JSONPost {
  /// What became of a post.
  package enum Outcome: Sendable, Equatable {
    /// Taken.
    case taken
    /// Refused with this status; 429, 502, 503 and 504 may be better later.
    case refused(status: Int)
    /// Nothing came back.
    case failed(reason: String)
  }

  private let handle: UnsafeMutableRawPointer
  /// Given to libcurl for the time of a post only: it keeps copies in memory like any other.
  private let fields: [(name: String, value: SecretBytes)]
  private let contentType: String
  /// Whom a TLS connection trusts; nil without TLS.
  private let proof: TLSProof?

  /// Nil when libcurl does not start or refuses an option.
  ///
  /// - Parameters:
  ///   - contentType: the bodies' type.
  ///   - headers: further header fields, values without line breaks.
  ///   - timeout: milliseconds for one post.
  ///   - caFile: authorities trusted instead of the system's.
  package init?(
    url: String, contentType: String = "application/json",
    headers fields: [(name: String, value: SecretBytes)], timeout: Int, caFile: String?
  ) {
    do { proof = try TLSProof.make(for: url, caFile: caFile) } catch { return nil }
    // Proof: libcurl is set up; a new handle or null. It goes nowhere but into self, which cleans it up.
    guard CurlLibrary.isReady, let handle = unsafe curl_easy_init() else { return nil }
    unsafe self.handle = unsafe handle
    self.fields = fields
    self.contentType = contentType
    // Proof: the handle lives, and libcurl copies texts.
    var codes = unsafe [
      cc_set_text(handle, CURLOPT_URL, url),
      cc_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
      // Directly: the header fields may be credentials, and no proxy of the environment was meant for them.
      cc_set_text(handle, CURLOPT_PROXY, ""),
      cc_set_long(handle, CURLOPT_FOLLOWLOCATION, 0), cc_set_long(handle, CURLOPT_NOSIGNAL, 1),
      cc_set_long(handle, CURLOPT_NETRC, Int(cc_netrc_ignored)),
      cc_set_long(handle, CURLOPT_SSLVERSION, Int(cc_tls_1_2_or_newer)),
      cc_set_long(handle, CURLOPT_HTTP_VERSION, Int(cc_http_1_1)),
      cc_set_text(handle, CURLOPT_USERAGENT, "scorm-gateway"),
      cc_set_long(handle, CURLOPT_TIMEOUT_MS, timeout),
      // What is answered does not matter.
      cc_set_sink(handle, { _, size, count, _ in size * count }, nil),
    ]
    // Proof: self holds both, and cleans up the handle before it lets go of the proof.
    if let proof { codes.append(unsafe proof.install(on: handle)) }
    guard codes.allSatisfy({ $0 == CURLE_OK }) else { return nil }
  }

  // Proof: the handle is this object's, and goes with it.
  deinit { unsafe curl_easy_cleanup(handle) }

  /// The header fields in libcurl's memory, which its allocator overwrites when they are freed; nil when there is none
  /// to be had.
  private func makeHeaders() -> UnsafeMutablePointer<curl_slist>? {
    var headers: UnsafeMutablePointer<curl_slist>?
    // Proof: libcurl copies each line; on failure the old list stays ours.
    for line in ["Content-Type: \(contentType)", "Expect:"] {
      guard let longer = unsafe curl_slist_append(headers, line) else {
        unsafe curl_slist_free_all(headers)
        return nil
      }
      unsafe headers = unsafe longer
    }
    for field in fields {
      guard let longer = unsafe append(field.name, field.value, to: headers) else {
        // Proof: the list is ours, with every line in it, and freed once.
        unsafe curl_slist_free_all(headers)
        return nil
      }
      unsafe headers = unsafe longer
    }
    // Proof: the caller frees the list once.
    return unsafe headers
  }

  private func append(
    _ name: String, _ value: SecretBytes, to headers: UnsafeMutablePointer<curl_slist>?
  ) -> UnsafeMutablePointer<curl_slist>? {
    let lead = Array("\(name): ".utf8)
    let count = lead.count + value.count
    // Proof: `room` holds count + 1 bytes, all written; libcurl copies the text before they are cleared.
    return unsafe withUnsafeTemporaryAllocation(byteCount: count + 1, alignment: 1) { room in
      for i in lead.indices { unsafe room[i] = lead[i] }
      for i in 0..<value.count { unsafe room[lead.count + i] = value.bytes[i] }
      unsafe room[count] = 0
      let text = unsafe room.baseAddress?.assumingMemoryBound(to: CChar.self)
      let longer = unsafe curl_slist_append(headers, text)
      if let address = room.baseAddress { unsafe explicit_bzero(address, room.count) }
      return unsafe longer
    }
  }

  /// Posts `body` and waits for the answer, for the time given at most.
  package func post(_ body: RawSpan) -> Outcome {
    // Proof: libcurl copies byteCount bytes during the call.
    let code = unsafe body.withUnsafeBytes { source in
      unsafe cc_set_post(handle, source.baseAddress, Int64(source.count))
    }
    guard code == CURLE_OK, let headers = unsafe makeHeaders(),
      unsafe cc_set_headers(handle, headers) == CURLE_OK
    else { return .failed(reason: "out of memory") }
    // Proof: the list lives until the post is done, and the handle does not name it any more when it goes.
    defer {
      _ = unsafe cc_set_headers(handle, nil)
      unsafe curl_slist_free_all(headers)
    }
    // Proof: the handle lives.
    let result = unsafe curl_easy_perform(handle)
    guard result == CURLE_OK else {
      return .failed(reason: unsafe String(cString: curl_easy_strerror(result)))
    }
    let status = Int(unsafe cc_status(handle))
    return 200...299 ~= status ? .taken : .refused(status: status)
  }
}
