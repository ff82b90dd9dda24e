internal import JSONText
internal import Memory

/// A collector's answer to an accepted request (`ExportTraceServiceResponse`, `ExportLogsServiceResponse`).
package enum OTLPAnswer {
  /// How many spans or log records the collector rejected anyway (OTLP, "Partial Success"). They must not be sent
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
          // A 64-bit number. The JSON mapping makes it a string, but not all collectors do.
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
