package import Histograms
internal import TextCoding

/// Nanoseconds as seconds with three decimals.
package enum Seconds {
  package static func text(_ nanoseconds: Int64) -> String {
    SecondsText.of(nanoseconds: nanoseconds)
  }

  /// A histogram of nanoseconds. Each line begins with a line feed. `label` is a label as written between the braces.
  package static func histogram(_ name: String, _ label: String, _ waits: BucketCounts) -> String {
    var lines = ""
    var sum: UInt64 = 0
    for (place, count) in waits.counts.enumerated() {
      sum += count
      let bounds = waits.buckets.bounds
      let bound = place < bounds.count ? text(bounds[place]) : "+Inf"
      lines += "\n\(name)_bucket{\(label),le=\"\(bound)\"} \(sum)"
    }
    let total = text(Int64(clamping: waits.sum))
    return lines + "\n\(name)_sum{\(label)} \(total)\n\(name)_count{\(label)} \(sum)"
  }
}
