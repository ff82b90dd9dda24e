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
  private var headers: UnsafeMutablePointer<curl_slist>?

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
    guard CurlLibrary.isReady, let handle = unsafe curl_easy_init() else { return nil }
    unsafe self.handle = unsafe handle
    // Proof: libcurl copies each line; on failure the old list stays ours.
    for line in ["Content-Type: \(contentType)", "Expect:"] {
      guard let longer = unsafe curl_slist_append(headers, line) else { return nil }
      unsafe headers = unsafe longer
    }
    for field in fields {
      guard append(field.name, field.value) else { return nil }
    }
    // Proof: the handle lives, libcurl copies texts, and the list lives as long as the handle.
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
      cc_set_headers(handle, headers),
      // What is answered does not matter.
      cc_set_sink(handle, { _, size, count, _ in size * count }, nil),
    ]
    if let caFile {
      // The file replaces the system's authorities: without this their directory is searched as well.
      codes += unsafe [
        cc_set_text(handle, CURLOPT_CAINFO, caFile), cc_set_text(handle, CURLOPT_CAPATH, nil),
      ]
    }
    guard codes.allSatisfy({ $0 == CURLE_OK }) else { return nil }
  }

  deinit {
    // Proof: the handle goes first, which uses the list.
    unsafe curl_easy_cleanup(handle)
    unsafe curl_slist_free_all(headers)
  }

  private func append(_ name: String, _ value: SecretBytes) -> Bool {
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
      guard let longer = unsafe longer else { return false }
      unsafe headers = unsafe longer
      return true
    }
  }

  /// Posts `body` and waits for the answer, for the time given at most.
  package func post(_ body: RawSpan) -> Outcome {
    // Proof: libcurl copies byteCount bytes during the call.
    let code = unsafe body.withUnsafeBytes { source in
      unsafe cc_set_post(handle, source.baseAddress, Int64(source.count))
    }
    guard code == CURLE_OK else { return .failed(reason: "out of memory") }
    // Proof: the handle lives.
    let result = unsafe curl_easy_perform(handle)
    guard result == CURLE_OK else {
      return .failed(reason: unsafe String(cString: curl_easy_strerror(result)))
    }
    let status = Int(unsafe cc_status(handle))
    return 200...299 ~= status ? .taken : .refused(status: status)
  }
}
