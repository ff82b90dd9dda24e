internal import CLibcurl

/// A curl multi handle: many transfers driven by one thread, which any other thread can wake.
///
/// Only that thread may drive it. Any thread may call ``wake()``.
@safe package final class CurlMulti: @unchecked Sendable {
  // @unchecked: libcurl allows any thread to call curl_multi_wakeup. Everything else is called by the one thread that
  // drives it, and the last reference goes after every call.
  private let handle: UnsafeMutableRawPointer

  /// The longest wait of one ``poll(milliseconds:)``, so that a missed timer cannot cause an endless sleep.
  package static let longestPoll: Int64 = 60_000

  /// A transfer that has ended.
  package struct Ended {
    package let id: CurlEasyHandle.ID
    fileprivate let code: CURLcode
  }

  /// - Parameter maximumConnections: the most connections open at once, in use or kept for the next request.
  package init?(maximumConnections: Int) {
    // Proof: libcurl is set up; a new handle or null. It goes only into self, which cleans it up.
    guard CurlLibrary.isReady, let made = unsafe curl_multi_init() else { return nil }
    unsafe handle = unsafe made
    // Proof: `made` is the live handle from above; both options take a long.
    guard
      unsafe cc_multi_set_long(made, CURLMOPT_MAXCONNECTS, maximumConnections) == CURLM_OK,
      unsafe cc_multi_set_long(made, CURLMOPT_MAX_TOTAL_CONNECTIONS, maximumConnections) == CURLM_OK
    else { return nil }
  }

  deinit {
    // Proof: no transfer is left (its driver removes them) and nothing else holds a reference.
    _ = unsafe curl_multi_cleanup(handle)
  }

  /// Ends the current ``poll(milliseconds:)``, or the next one if none is under way.
  package func wake() {
    // Proof: curl_multi_wakeup may be called from any thread while the handle lives, and self holds it.
    _ = unsafe curl_multi_wakeup(handle)
  }

  /// Starts a transfer. False when libcurl refuses it. It must be removed before it is destroyed.
  package func add(_ transfer: borrowing CurlEasyHandle) -> Bool {
    // Proof: both handles live, and only this thread drives them.
    unsafe curl_multi_add_handle(handle, transfer.pointer) == CURLM_OK
  }

  /// Removes a transfer, finished or not.
  package func remove(_ transfer: borrowing CurlEasyHandle) {
    // Proof: both handles live, and only this thread drives them.
    _ = unsafe curl_multi_remove_handle(handle, transfer.pointer)
  }

  /// Does what can be done without waiting. False on an internal failure of libcurl.
  package func perform() -> Bool {
    var running: Int32 = 0
    // Proof: the handle lives; `running` outlives the call.
    return unsafe curl_multi_perform(handle, &running) == CURLM_OK
  }

  /// Waits for activity, a wake-up or the end of `milliseconds`.
  package func poll(milliseconds: Int64) {
    let time = Int32(min(max(milliseconds, 0), Self.longestPoll))
    // Proof: the handle lives; no extra descriptors are passed.
    _ = unsafe curl_multi_poll(handle, nil, 0, time, nil)
  }

  /// A transfer that has ended and was not reported yet; nil when there is none.
  package func nextEnded() -> Ended? {
    var code = CURLE_OK
    // Proof: the handle lives, and of the easy handle returned only the address is kept.
    guard let ended = unsafe cc_next_finished(handle, &code) else { return nil }
    return unsafe Ended(id: CurlEasyHandle.ID(ended), code: code)
  }
}

extension CurlEasyHandle {
  /// Why `ended`, which must be about this transfer, has no complete answer; nil when it has one.
  package func fault(of ended: CurlMulti.Ended) -> CurlFault? { fault(of: ended.code) }
}
