internal import JSONText
package import Memory

/// What a line tells of a list that was read page by page.
extension TrafficLine {
  /// Closes the list of attempts, of which there are some.
  package static func closeAttempts(into out: inout ByteBuffer) { out.put(UInt8(ascii: "]")) }

  /// Adds how many pages and items were written, and how many attempts there were, of which the line lists a few.
  package static func putWalk(
    pages: Int, items: Int, attempts: Int, into out: inout ByteBuffer
  ) {
    out.put(",\"attempts_total\":")
    out.put(decimal: attempts)
    out.put(",\"pages\":")
    out.put(decimal: pages)
    out.put(",\"items\":")
    out.put(decimal: items)
  }
}

/// What a line tells of a job that was waited for.
extension TrafficLine {
  /// Adds the job's id and the state it was in last, as SCORM Cloud calls it, and how many attempts there were.
  package static func putJob(
    id: [UInt8], status: String, attempts: Int, into out: inout ByteBuffer
  ) {
    out.put(",\"attempts_total\":")
    out.put(decimal: attempts)
    out.put(",\"job\":\"")
    out.put(escapingForJSON: id.span.bytesOfElements)
    out.put("\",\"job_state\":\"")
    out.put(escapingForJSON: status.utf8.span.bytesOfElements, limit: 64)
    out.put(UInt8(ascii: "\""))
  }
}
