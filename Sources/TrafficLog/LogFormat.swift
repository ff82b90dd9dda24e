internal import Memory

/// The format of lines in the traffic log.
///
/// Every exchange makes one JSON line, in which all secrets are already masked. The other formats are converted from it
/// on the log's thread. So there is one record, and one place that decides what may be shown.
package enum LogFormat: Sendable, Equatable {
  /// Documented in docs/traffic-log.md.
  case json
  /// NCSA's combined format, as web servers write it, with additional fields at the end.
  case combined
  /// For people who watch a terminal.
  case human(hasColours: Bool)
}

/// Converts JSON lines to another format.
struct LineRenderer: ~Copyable {
  private let format: LogFormat
  private var fields = LineFields()

  init(_ format: LogFormat) { self.format = format }

  /// Appends `lines`, which are whole lines, in the format. A line that is not from the traffic log is appended
  /// unchanged.
  mutating func put(_ lines: RawSpan, into out: inout ByteBuffer) {
    var start = 0
    while start < lines.byteCount {
      let end = lines.firstIndex(of: UInt8(ascii: "\n"), from: start)
      let line = lines.slice(start, end)
      if fields.read(line) {
        switch format {
        case .json: out.put(line)
        case .combined: CombinedLine.put(fields, line, into: &out)
        case .human(let hasColours):
          HumanLine.put(fields, line, hasColours: hasColours, into: &out)
        }
      } else {
        out.put(line)
      }
      out.put(UInt8(ascii: "\n"))
      start = end + 1
    }
  }
}
