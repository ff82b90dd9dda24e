internal import JSONText
package import Memory

/// Parts of the line of a list that was read page by page.
extension TrafficLine {
  /// Closes the list of attempts, which is not empty.
  package static func closeAttempts(into out: inout ByteBuffer) { out.put(UInt8(ascii: "]")) }

  /// Adds how many pages and items were written, and the total number of attempts, of which the line lists only a few.
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

/// Parts of the line of a job that was waited for.
extension TrafficLine {
  /// Adds the job's id, its last state in SCORM Cloud's terms, and the total number of attempts.
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
