package import Histograms
internal import Memory

/// Figures in Prometheus' text exposition format, version 0.0.4.
package struct PrometheusText: ~Copyable {
  private var out = ByteBuffer(capacity: 16 * 1024)
  private var name = ""

  package init() {}

  package enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  package typealias Label = (name: String, value: String)

  /// The text written so far.
  package var text: String { out.bytes.text }

  /// Begins a family. `name` is a Prometheus name; `help` is one line.
  package mutating func family(_ name: String, _ kind: Kind, _ help: String) {
    self.name = name
    out.put(text: "# HELP \(name) ")
    for byte in help.utf8 { putEscaped(byte, quotes: false) }
    out.put(text: "\n# TYPE \(name) \(kind.rawValue)\n")
  }

  /// Adds one sample of the family.
  package mutating func sample(_ value: UInt64) { sample([], value) }

  /// Adds one sample of the family, with labels.
  package mutating func sample(_ labels: [Label], _ value: UInt64) {
    put("", labels)
    out.put(text: "\(value)\n")
  }

  /// Adds one sample of the family, in seconds, from nanoseconds.
  package mutating func seconds(_ labels: [Label] = [], nanoseconds: Int64) {
    put("", labels)
    putSeconds(nanoseconds)
    out.put(UInt8(ascii: "\n"))
  }

  /// Adds one histogram of the family. `counts` are those of the buckets, the last of which has no bound. `sum` is in
  /// the unit of the bounds. `isSeconds` converts nanoseconds to seconds.
  package mutating func histogram(
    _ labels: [Label] = [], _ buckets: Buckets, counts: [UInt64], sum: UInt64, isSeconds: Bool
  ) {
    var total: UInt64 = 0
    for (index, count) in counts.enumerated() {
      total &+= count
      put("_bucket", labels, isOpen: true)
      out.put("le=\"")
      if index < buckets.bounds.count {
        putValue(buckets.bounds[index], isSeconds)
      } else {
        out.put("+Inf")
      }
      out.put(text: "\"} \(total)\n")
    }
    put("_sum", labels)
    putValue(Int64(clamping: sum), isSeconds)
    out.put(UInt8(ascii: "\n"))
    put("_count", labels)
    out.put(text: "\(total)\n")
  }

  /// Appends complete families.
  package mutating func append(_ text: String) {
    out.put(text: text)
    if !text.isEmpty, !text.hasSuffix("\n") { out.put(UInt8(ascii: "\n")) }
  }

  /// Writes name, suffix and labels, up to the value. `isOpen` leaves the braces open for one more label.
  private mutating func put(_ suffix: String, _ labels: [Label], isOpen: Bool = false) {
    out.put(text: name)
    out.put(text: suffix)
    if isOpen || !labels.isEmpty { out.put(UInt8(ascii: "{")) }
    for (index, label) in labels.enumerated() {
      if index > 0 { out.put(UInt8(ascii: ",")) }
      out.put(text: label.name)
      out.put("=\"")
      for byte in label.value.utf8 { putEscaped(byte, quotes: true) }
      out.put(UInt8(ascii: "\""))
    }
    if isOpen {
      if !labels.isEmpty { out.put(UInt8(ascii: ",")) }
    } else {
      out.put(labels.isEmpty ? " " : "} ")
    }
  }

  private mutating func putEscaped(_ byte: UInt8, quotes: Bool) {
    switch byte {
    case UInt8(ascii: "\\"): out.put("\\\\")
    case UInt8(ascii: "\n"): out.put("\\n")
    case UInt8(ascii: "\"") where quotes: out.put("\\\"")
    default: out.put(byte)
    }
  }

  private mutating func putValue(_ value: Int64, _ isSeconds: Bool) {
    if isSeconds { putSeconds(value) } else { out.put(decimal: Int(value)) }
  }

  /// Nanoseconds as seconds, without trailing zeros.
  private mutating func putSeconds(_ nanoseconds: Int64) {
    if nanoseconds < 0 { out.put(UInt8(ascii: "-")) }
    let magnitude = Int(clamping: nanoseconds.magnitude)
    out.put(decimal: magnitude / 1_000_000_000)
    var fraction = magnitude % 1_000_000_000
    guard fraction > 0 else { return }
    var width = 9
    while fraction % 10 == 0 {
      fraction /= 10
      width -= 1
    }
    out.put(UInt8(ascii: "."))
    out.put(decimal: fraction, width: width)
  }
}
