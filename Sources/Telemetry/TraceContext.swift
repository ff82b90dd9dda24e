package import Memory

/// The position of a call in a distributed trace: W3C Trace Context, level 1, section 3.2.
package struct TraceContext: Sendable, Equatable, BitwiseCopyable {
  /// The trace's id, 128 bits; not zero.
  package var traceHigh: UInt64
  package var traceLow: UInt64
  /// The id of the caller's span, or of the gateway's span; not zero.
  package var span: UInt64
  package var isSampled: Bool

  package init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, isSampled: Bool) {
    self.traceHigh = traceHigh
    self.traceLow = traceLow
    self.span = span
    self.isSampled = isSampled
  }

  /// Length of a `traceparent` of version 00, in bytes.
  static let length = 55

  /// Reads the value of a `traceparent` field; nil if it is not valid.
  ///
  /// Versions after 00 may be longer; their known part is read (section 4.3). ff is not a version. Upper-case digits
  /// are not valid (section 3.2.2).
  package init?(traceparent value: RawSpan) {
    guard value.byteCount >= TraceContext.length, value[2] == UInt8(ascii: "-"),
      value[35] == UInt8(ascii: "-"), value[52] == UInt8(ascii: "-"),
      let version = TraceContext.hexadecimal(value, 0, 2), version != 0xff,
      let high = TraceContext.hexadecimal(value, 3, 19),
      let low = TraceContext.hexadecimal(value, 19, 35), high | low != 0,
      let span = TraceContext.hexadecimal(value, 36, 52), span != 0,
      let flags = TraceContext.hexadecimal(value, 53, 55)
    else { return nil }
    if value.byteCount > TraceContext.length {
      guard version != 0, value[TraceContext.length] == UInt8(ascii: "-") else { return nil }
    }
    self.init(traceHigh: high, traceLow: low, span: span, isSampled: flags & 1 != 0)
  }

  private static func hexadecimal(_ bytes: RawSpan, _ start: Int, _ end: Int) -> UInt64? {
    var value: UInt64 = 0
    for i in start..<end {
      switch bytes[i] {
      case let digit where digit &- 0x30 < 10: value = value << 4 | UInt64(digit &- 0x30)
      case let digit where digit &- 0x61 < 6: value = value << 4 | UInt64(digit &- 0x57)
      default: return nil
      }
    }
    return value
  }

  /// Appends the trace's id as 32 digits.
  package func putTraceID(into out: inout ByteBuffer) {
    out.put(hexadecimal: traceHigh, traceLow)
  }

  /// Appends the value of a `traceparent` field with `span` as the parent.
  package func putTraceparent(span: UInt64, into out: inout ByteBuffer) {
    out.put("00-")
    putTraceID(into: &out)
    out.put(UInt8(ascii: "-"))
    out.put(hexadecimal: span, width: 16)
    out.put(isSampled ? "-01" : "-00")
  }
}

/// Which traces are exported: OpenTelemetry's samplers (`OTEL_TRACES_SAMPLER`).
package struct TraceSampler: Sendable, Equatable {
  /// Whether a caller's decision is followed.
  package var followsParent: Bool
  /// Traces are exported if the low 63 bits of their id are below this: `Int64.max` exports all, 0 none.
  package var threshold: Int64

  package init(followsParent: Bool, ratio: Double) {
    self.followsParent = followsParent
    threshold = ratio >= 1 ? .max : ratio <= 0 ? 0 : Int64(ratio * Double(Int64.max))
  }

  /// Makes the sampler that `OTEL_TRACES_SAMPLER` names, with the value of its `_ARG`. Nil if the name is not known or
  /// the argument is not a ratio.
  package init?(name: String, argument: String?) {
    let ratio: Double
    switch name {
    case "always_on", "parentbased_always_on": ratio = 1
    case "always_off", "parentbased_always_off": ratio = 0
    case "traceidratio", "parentbased_traceidratio":
      guard let value = argument.map({ Double($0) }) ?? 1, value >= 0, value <= 1 else {
        return nil
      }
      ratio = value
    default: return nil
    }
    self.init(followsParent: name.hasPrefix("parentbased_"), ratio: ratio)
  }

  /// Whether the trace with this id is exported. `parent` is the caller's decision; nil without one.
  package func samples(traceLow: UInt64, parent: Bool?) -> Bool {
    if followsParent, let parent { return parent }
    return threshold == .max || Int64(traceLow & UInt64(Int64.max)) < threshold
  }
}
