internal import EventLoop
internal import HTTPMessages
internal import Memory
internal import Telemetry
internal import TrafficLog

/// Distributed traces. Nothing here is called unless spans are exported. Otherwise a caller's `traceparent` passes
/// through like any other field, and only its trace id is noted.
extension Relay {
  /// Gives the exchange its place in a trace: the caller's, or a new one.
  mutating func beginTrace(_ id: SlabHandle, _ head: RequestHead?, _ bytes: RawSpan) {
    guard let sampler = generation.settings.sampler else { return }
    let parent = head.flatMap { callersTrace($0, bytes) }
    var trace =
      parent
      ?? TraceContext(
        traceHigh: traceIDs.next(), traceLow: traceIDs.next(), span: 0, isSampled: false)
    trace.isSampled = sampler.samples(traceLow: trace.traceLow, parent: parent?.isSampled)
    trace.span = traceIDs.next()
    exchanges[id].trace = trace
    exchanges[id].hasParentTrace = parent != nil
    TrafficLine.putTrace(
      high: trace.traceHigh, low: trace.traceLow, span: trace.span, parent: parent?.span ?? 0,
      into: &exchanges[id].line)
  }

  /// The caller's valid `traceparent`; nil when there are several (W3C Trace Context section 3.2).
  private func callersTrace(_ head: RequestHead, _ bytes: RawSpan) -> TraceContext? {
    guard head.present.contains(.traceparent) else { return nil }
    var found: TraceContext?
    for i in 0..<requestParser.fields.count where requestParser.fields[i].name == .traceparent {
      guard found == nil,
        let context = TraceContext(traceparent: requestParser.fields[i].value(in: bytes))
      else { return nil }
      found = context
    }
    return found
  }

  /// Appends the caller's `tracestate` to the head for the upstream if its trace continues. It is worth nothing without
  /// a valid `traceparent` (W3C Trace Context section 4.2).
  mutating func putTracestate(_ id: SlabHandle, _ head: RequestHead, _ bytes: RawSpan) {
    guard exchanges[id].hasParentTrace, head.present.contains(.tracestate) else { return }
    for i in 0..<requestParser.fields.count where requestParser.fields[i].name == .tracestate {
      exchanges[id].head.put("tracestate: ")
      exchanges[id].head.put(requestParser.fields[i].value(in: bytes))
      exchanges[id].head.put("\r\n")
    }
  }

  /// Begins the span of an attempt and appends its `traceparent` to what is sent. Returns the span; 0 without a trace.
  mutating func putTraceparent(_ id: SlabHandle) -> UInt64 {
    guard let trace = exchanges[id].trace else { return 0 }
    let span = traceIDs.next()
    output.put("traceparent: ")
    trace.putTraceparent(span: span, into: &output)
    output.put("\r\n")
    return span
  }
}
