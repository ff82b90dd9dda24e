internal import CLibcurl
internal import Glibc
internal import Memory

/// One plain request, for commands that talk to a running gateway. Blocks its thread.
package enum HTTPProbe {
  /// What came back.
  package struct Answer: Sendable {
    package let status: Int
    package let body: String
  }

  /// Nothing came back.
  package struct Unreachable: Error, CustomStringConvertible {
    /// What was asked; empty when nothing could be.
    package let url: String
    package let reason: String
    package var description: String { url.isEmpty ? reason : "\(url): \(reason)" }

    package init(url: String = "", reason: String) {
      self.url = url
      self.reason = reason
    }
  }

  /// Bytes of an answer that are read.
  private static let bodyLimit = 1024 * 1024

  @safe private final class Sink {
    var body: [UInt8] = []
    var isTooLarge = false
  }

  /// Asks for `url`, which is plain HTTP to this machine, directly: no proxy, no redirect, no credential.
  ///
  /// - Parameters:
  ///   - method: another method than GET; no body is sent.
  ///   - socketPath: a Unix socket to connect to in place of the URL's host.
  ///   - timeout: milliseconds for everything.
  package static func ask(
    _ url: String, method: String = "GET", socketPath: String? = nil, timeout: Int = 5_000
  ) throws(Unreachable) -> Answer {
    // Proof: libcurl is set up; a new handle or null, cleaned up once, when this function ends.
    guard CurlLibrary.isReady, let handle = unsafe curl_easy_init() else {
      throw Unreachable(reason: "libcurl does not start")
    }
    defer { unsafe curl_easy_cleanup(handle) }
    let sink = Sink()
    // Proof: libcurl hands the sink to the callback below during the transfer only, and the sink outlives that.
    let context = unsafe Unmanaged.passUnretained(sink).toOpaque()
    // Proof: the handle lives in this function, and libcurl copies every text.
    let codes = unsafe [
      cc_set_text(handle, CURLOPT_URL, url), cc_set_text(handle, CURLOPT_PROTOCOLS_STR, "http"),
      cc_set_text(handle, CURLOPT_PROXY, ""),
      cc_set_text(handle, CURLOPT_UNIX_SOCKET_PATH, socketPath),
      cc_set_text(
        handle, CURLOPT_CUSTOMREQUEST, method == "GET" || method == "POST" ? nil : method),
      cc_set_long(handle, CURLOPT_NOBODY, method == "HEAD" ? 1 : 0),
      cc_set_long(handle, CURLOPT_PATH_AS_IS, 1),
      cc_set_text(handle, CURLOPT_USERAGENT, "scorm-gateway"),
      cc_set_long(handle, CURLOPT_FOLLOWLOCATION, 0), cc_set_long(handle, CURLOPT_NOSIGNAL, 1),
      cc_set_long(handle, CURLOPT_TIMEOUT_MS, timeout),
      cc_set_sink(
        handle,
        { bytes, size, count, context in
          // Proof: `context` is the sink set with this callback, alive during the transfer.
          guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
          let sink = unsafe Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue()
          guard sink.body.count + size * count <= HTTPProbe.bodyLimit else {
            sink.isTooLarge = true
            return 0
          }
          // Proof: libcurl lends size * count bytes for this call.
          unsafe sink.body.append(
            contentsOf: UnsafeRawBufferPointer(start: bytes, count: size * count))
          return size * count
        }, context),
      method == "POST" ? cc_set_post(handle, "", 0) : CURLE_OK,
    ]
    if let refused = codes.first(where: { $0 != CURLE_OK }) {
      // Proof: a static text of libcurl.
      throw Unreachable(reason: unsafe String(cString: curl_easy_strerror(refused)))
    }
    // Proof: the handle lives, and everything it names outlives the transfer.
    let result = unsafe curl_easy_perform(handle)
    // The sink must outlive the transfer.
    withExtendedLifetime(sink) {}
    guard result == CURLE_OK else {
      let reason =
        sink.isTooLarge
        // Proof: a static text of libcurl.
        ? "the answer is too long" : unsafe String(cString: curl_easy_strerror(result))
      throw Unreachable(url: url, reason: reason)
    }
    return Answer(
      // Proof: the handle is cleaned up after this expression.
      status: unsafe cc_status(handle), body: String(decoding: sink.body, as: UTF8.self))
  }
}
