import Foundation

/// A strict parser of Prometheus' text format 0.0.4: any deviation is an error.
struct Exposition {
  struct Sample {
    let name: String
    let labels: [String: String]
    let value: Double
  }

  struct Malformed: Error, CustomStringConvertible { let description: String }

  let text: String
  private(set) var types: [String: String] = [:]
  private(set) var samples: [Sample] = []

  init(_ text: String) throws {
    self.text = text
    guard text.hasSuffix("\n") else { throw Malformed(description: "no line feed at the end") }
    var family = ""
    var helped: Set<String> = []
    var seen: Set<String> = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      if let help = line.wholeMatch(of: /# HELP ([a-z_:]+) \S.*/) {
        guard helped.insert(String(help.output.1)).inserted else {
          throw Malformed(description: "help twice: \(line)")
        }
        family = String(help.output.1)
      } else if let type = line.wholeMatch(of: /# TYPE ([a-z_:]+) (counter|gauge|histogram)/) {
        guard String(type.output.1) == family, types[family] == nil else {
          throw Malformed(description: "a type without its help, or twice: \(line)")
        }
        types[family] = String(type.output.2)
      } else {
        let sample = try Exposition.sample(line)
        try check(sample, family, line)
        guard seen.insert(String(line.prefix { $0 != " " })).inserted || line.contains(" \"") else {
          throw Malformed(description: "a series twice: \(line)")
        }
        samples.append(sample)
      }
    }
  }

  private func check(_ sample: Sample, _ family: String, _ line: Substring) throws {
    let type = types[family] ?? ""
    let suffixes = type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
    guard suffixes.contains(where: { sample.name == family + $0 }) else {
      throw Malformed(description: "outside its family: \(line)")
    }
    guard type != "counter" || family.hasSuffix("_total") else {
      throw Malformed(description: "a counter that does not end in _total: \(family)")
    }
    guard sample.value >= 0 else { throw Malformed(description: "negative: \(line)") }
    if sample.name.hasSuffix("_bucket"), sample.labels["le"] == nil {
      throw Malformed(description: "a bucket without a bound: \(line)")
    }
  }

  private static func sample(_ line: Substring) throws -> Sample {
    let whole = /([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? ([0-9.]+|\+Inf)/
    guard let match = line.wholeMatch(of: whole), let value = Double(match.output.4) else {
      throw Malformed(description: "no sample: \(line)")
    }
    var labels: [String: String] = [:]
    var rest = match.output.3 ?? ""
    while !rest.isEmpty {
      guard let label = rest.prefixMatch(of: /([a-z_]+)="((?:[^"\\]|\\[\\"n])*)",?/) else {
        throw Malformed(description: "no label: \(rest)")
      }
      guard labels.updateValue(String(label.output.2), forKey: String(label.output.1)) == nil else {
        throw Malformed(description: "a label twice: \(line)")
      }
      rest = rest[label.range.upperBound...]
    }
    return Sample(name: String(match.output.1), labels: labels, value: value)
  }

  /// The value of the series with exactly these labels; nil if there is none.
  func value(_ name: String, _ labels: [String: String]) -> Double? {
    samples.first { $0.name == name && $0.labels == labels }?.value
  }

  /// The sum over all series of this name.
  func sum(_ name: String) -> Double {
    samples.filter { $0.name == name }.reduce(0) { $0 + $1.value }
  }
}
