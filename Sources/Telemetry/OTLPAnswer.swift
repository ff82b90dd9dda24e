internal import JSONText
internal import Memory

/// What a collector answers to a request that it has taken (`ExportTraceServiceResponse`, `ExportLogsServiceResponse`).
package enum OTLPAnswer {
  /// How many spans or log records it has thrown away all the same (OTLP, "Partial Success"): they are not to be sent
  /// again. 0 for an answer that cannot be read.
  package static func rejected(in answer: RawSpan) -> Int {
    var rejected = 0
    do throws(JSONDefect) {
      var cursor = JSONCursor(answer, depthLimit: 32)
      try cursor.beginObject()
      while let name = try cursor.nextMember() {
        let isPartial = cursor.slice(name).equals("partialSuccess")
        let value = try cursor.value()
        guard isPartial, value.kind == .objectStart else {
          try cursor.skip(value)
          continue
        }
        while let name = try cursor.nextMember() {
          let key = cursor.slice(name)
          let isCount = key.equals("rejectedSpans") || key.equals("rejectedLogRecords")
          let value = try cursor.value()
          // A 64-bit number: text by the JSON mapping, but not by everybody.
          if isCount, !value.isContainer, let count = cursor.slice(value.range).wholeNumber {
            rejected = Int(clamping: max(0, count))
          }
          try cursor.skip(value)
        }
      }
      try cursor.end()
    } catch { return 0 }
    return rejected
  }
}
