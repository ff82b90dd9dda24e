package import Memory

/// The fields that inform a caller about its limits: `RateLimit-Policy` and `RateLimit`
/// (draft-ietf-httpapi-ratelimit-headers-10).
///
/// Both are Structured Field lists of strings with parameters. A policy has `q`, the calls of a window, and `w`, the
/// window in seconds. A limit on calls in progress has the unit `concurrent-requests` instead of a window. The state
/// has `r`, the calls that may start now, and `t`, the seconds until the whole burst is available again, or, if no call
/// is left, until one is.
///
/// The texts are built once, so that writing them only copies bytes.
package struct RateLimitFields: ~Copyable, Sendable {
  /// For each limit, the beginning of the state's line up to the number of calls left, followed by its item of the
  /// policy list.
  private let text: [UInt8]
  /// Where the pieces end in `text`: the beginning for limit `n` is piece `2 * n`, its item the next one.
  private let ends: [Int]

  package init(_ settings: LimiterSettings) {
    var text = ByteBuffer(capacity: 256)
    var ends: [Int] = []
    for rule in settings.rules {
      let name = RateLimitFields.quoted(rule.name)
      text.put("RateLimit: ")
      text.put(contentsOf: name)
      text.put(";r=")
      ends.append(text.count)
      text.put(contentsOf: name)
      text.put(";q=")
      if let quota = rule.quota(replicas: settings.replicas) {
        let (calls, seconds) = RateLimitFields.window(of: quota)
        text.put(decimal: calls)
        text.put(";w=")
        text.put(decimal: seconds)
      } else {
        text.put(decimal: rule.concurrency(replicas: settings.replicas) ?? 0)
        text.put(";qu=\"concurrent-requests\"")
      }
      ends.append(text.count)
    }
    self.text = text.bytes.copied()
    self.ends = ends
  }

  @inline(__always)
  private func putPiece(_ piece: Int, into out: inout ByteBuffer) {
    // The limit belongs to a configuration that this loop has not taken yet.
    guard piece < ends.count else { return }
    let start = piece == 0 ? 0 : ends[piece &- 1]
    out.put(text.span.bytesOfElements.slice(start, ends[piece]))
  }

  /// A quota in whole seconds, because the field allows nothing else. The window is rounded up, and its calls are
  /// rounded down.
  static func window(of quota: Quota) -> (calls: Int, seconds: Int) {
    let seconds = (quota.period + 999_999_999) / 1_000_000_000
    let calls = Int128(quota.count) * Int128(seconds) * 1_000_000_000 / Int128(quota.period)
    return (Int(min(calls, 999_999_999_999_999)), Int(seconds))
  }

  /// `name` as a Structured Field string (RFC 9651 section 3.3.3). Characters that are not allowed become `?`.
  private static func quoted(_ name: String) -> [UInt8] {
    var text: [UInt8] = [UInt8(ascii: "\"")]
    for byte in name.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(0x5C) }
      text.append(byte >= 0x20 && byte < 0x7F ? byte : UInt8(ascii: "?"))
    }
    text.append(UInt8(ascii: "\""))
    return text
  }

  /// Appends the field lines of an admitted call, each with its CRLF: the policies that apply, and the state of the
  /// tightest one. Appends nothing if none applies.
  package func put(_ report: LimitReport, into out: inout ByteBuffer) {
    guard report.tightest >= 0 else { return }
    putPolicies(report.matched, into: &out)
    putPiece(2 &* Int(report.tightest), into: &out)
    out.put(decimal: Int(report.remaining))
    if report.seconds > 0 {
      out.put(";t=")
      out.put(decimal: Int(report.seconds))
    }
    out.put("\r\n")
  }

  /// Appends the field lines of a refused call, each with its CRLF: the policies that prevent it, when to try again,
  /// and always `Retry-After`.
  package func put(_ refusal: LimitRefusal, into out: inout ByteBuffer) {
    if let tightest = refusal.tightest {
      putPolicies(refusal.violated, into: &out)
      putPiece(2 &* tightest, into: &out)
      out.put("0;t=")
      out.put(decimal: refusal.retryAfter)
      out.put("\r\n")
    }
    out.put("Retry-After: ")
    out.put(decimal: refusal.retryAfter)
    out.put("\r\n")
  }

  private func putPolicies(_ limits: LimitSet, into out: inout ByteBuffer) {
    var limits = limits
    out.put("RateLimit-Policy: ")
    var isFirst = true
    while let limit = limits.popFirst() {
      if !isFirst { out.put(", ") }
      isFirst = false
      putPiece(2 &* limit &+ 1, into: &out)
    }
    out.put("\r\n")
  }
}
