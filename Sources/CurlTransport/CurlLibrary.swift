internal import CLibcurl

/// libcurl's global state, set up once per process.
enum CurlLibrary {
  /// Whether libcurl is ready. `curl_global_init` is thread-safe since 7.84, and a `static let` runs once.
  static let isReady = cc_global_init() == CURLE_OK
}
