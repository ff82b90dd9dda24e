internal import CLibcurl

/// libcurl's global state, set up once in a process.
enum CurlLibrary {
  /// Whether libcurl is ready. `curl_global_init` is thread-safe since 7.84, and a `static let` runs once.
  static let isReady = cc_global_init() == CURLE_OK
}

/// A curl multi handle: many transfers driven by one thread, which any other thread can wake.
///
/// Driving it is the service thread's; ``wake()`` is anybody's.
@safe final class CurlMulti: @unchecked Sendable {
  // @unchecked: libcurl lets any thread call curl_multi_wakeup; all else is called by the one thread
  // that runs TokenServiceLoop, and the last reference goes after every call.
  private let handle: UnsafeMutableRawPointer

  /// Longest wait of one ``poll(milliseconds:)``, so that a missed timer cannot sleep for ever.
  static let longestPoll: Int64 = 60_000

  /// - Parameter maximumConnections: Most connections open at once, in use or kept for the next fetch.
  init?(maximumConnections: Int) {
    // Proof: libcurl is set up; a new handle or null. It goes nowhere but into self, which cleans it up.
    guard CurlLibrary.isReady, let made = unsafe curl_multi_init() else { return nil }
    unsafe handle = unsafe made
    // Proof: `made` is the live handle from above; both options take a long.
    guard
      unsafe cc_multi_set_long(made, CURLMOPT_MAXCONNECTS, maximumConnections) == CURLM_OK,
      unsafe cc_multi_set_long(made, CURLMOPT_MAX_TOTAL_CONNECTIONS, maximumConnections) == CURLM_OK
    else { return nil }
  }

  deinit {
    // Proof: no transfer is left (the loop removes them) and nobody else holds a reference.
    _ = unsafe curl_multi_cleanup(handle)
  }

  /// Ends the current ``poll(milliseconds:)``, or the next one if none is under way.
  func wake() {
    // Proof: curl_multi_wakeup may be called from any thread while the handle lives, and self holds it.
    _ = unsafe curl_multi_wakeup(handle)
  }

  /// Starts a transfer; false when libcurl refuses it.
  func add(_ transfer: TokenTransfer) -> Bool {
    // Proof: both handles live, and only this thread drives them.
    unsafe curl_multi_add_handle(handle, transfer.handle) == CURLM_OK
  }

  /// Takes a transfer out, finished or not. Required before it is released.
  func remove(_ transfer: TokenTransfer) {
    // Proof: both handles live, and only this thread drives them.
    _ = unsafe curl_multi_remove_handle(handle, transfer.handle)
  }

  /// Does what can be done without waiting; false on an internal failure of libcurl.
  func perform() -> Bool {
    var running: Int32 = 0
    // Proof: the handle lives; `running` outlives the call.
    return unsafe curl_multi_perform(handle, &running) == CURLM_OK
  }

  /// Waits for activity, a wake-up or the time given.
  func poll(milliseconds: Int64) {
    let time = Int32(min(max(milliseconds, 0), Self.longestPoll))
    // Proof: the handle lives; no extra descriptors are passed.
    _ = unsafe curl_multi_poll(handle, nil, 0, time, nil)
  }

  /// The index in `transfers` of one that has ended, with libcurl's result; nil when none has.
  func nextFinished(of transfers: [TokenTransfer]) -> (index: Int, code: CURLcode)? {
    var code = CURLE_OK
    // Proof: the handle lives, and the easy handle returned is only compared.
    while let ended = unsafe cc_next_finished(handle, &code) {
      if let index = transfers.firstIndex(where: { unsafe $0.handle == ended }) {
        return (index, code)
      }
    }
    return nil
  }
}
