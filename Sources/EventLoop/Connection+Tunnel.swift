internal import Memory

/// A connection through an HTTP proxy: RFC 9110 section 9.3.6.
extension Connection {
  /// The most bytes of a proxy's answer. Such answers are short.
  private static let maximumTunnelAnswer = 8 * 1024

  /// The state of the request to a proxy.
  enum TunnelProgress {
    case wait, open
    case failed(String)
  }

  /// Queues the request for a tunnel to `authority`, to be sent once the proxy accepts the connection.
  mutating func queueTunnelRequest(to authority: String) {
    output.put(
      text:
        "CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\nUser-Agent: scorm-gateway\r\n\r\n")
  }

  /// Sends the queued request at once. False when the new socket does not take all of it.
  mutating func sendTunnelRequest() -> Bool {
    var request = ByteBuffer()
    swap(&request, &output)
    return writePlain(request.bytes) == request.count
  }

  /// Reads more of the proxy's answer. None of it is TLS yet: the proxy waits for our handshake.
  mutating func continueTunnelling(_ buffer: inout ByteBuffer) -> TunnelProgress {
    while true {
      switch readPlain(into: &buffer) {
      case .bytes(let more):
        output.put(buffer)
        if let progress = tunnelAnswer { return progress }
        if !more { return .wait }
      case .nothing: return .wait
      case .end: return .failed("the proxy closed without an answer")
      case .failed(.broken(let error)): return .failed("the proxy's connection broke: \(error)")
      case .failed: return .failed("the proxy's connection broke")
      }
    }
  }

  /// The result of the proxy's answer so far; nil while its head is not complete.
  private var tunnelAnswer: TunnelProgress? {
    let answer = output.bytes
    guard answer.byteCount >= 12 else { return nil }
    guard answer.slice(0, 7).equals("HTTP/1."), answer[8] == 0x20 else {
      return .failed("the proxy does not speak HTTP/1")
    }
    // Any 2xx opens the tunnel.
    guard answer[9] == UInt8(ascii: "2") else {
      return .failed("the proxy answered \(answer.slice(9, 12).text)")
    }
    var end = 12
    while end &+ 4 <= answer.byteCount {
      if answer.slice(end, end + 4).equals("\r\n\r\n") {
        // Bytes before the TLS handshake could only come from someone else (CVE-2026-1642).
        return end + 4 == answer.byteCount
          ? .open : .failed("the proxy sent something before the TLS handshake")
      }
      end += 1
    }
    return answer.byteCount > Connection.maximumTunnelAnswer
      ? .failed("the proxy's answer is too long") : nil
  }
}
