internal import Memory

/// How lines of the traffic log are written.
///
/// Every exchange makes one JSON line, in which all that is secret is masked already. The other formats are
/// made from it, on the log's thread: so there is one record, and one place that decides what may be told.
package enum LogFormat: Sendable, Equatable {
  /// As documented in docs/traffic-log.md.
  case json
  /// NCSA's combined format, as web servers write it, and more behind it.
  case combined
  /// For people who watch a terminal.
  case human(hasColours: Bool)
}

/// Turns JSON lines into lines of another format.
struct LineRenderer: ~Copyable {
  private let format: LogFormat
  private var fields = LineFields()

  init(_ format: LogFormat) { self.format = format }

  /// Appends `lines`, whole ones only, in the format. A line that is none of ours goes as it is.
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
