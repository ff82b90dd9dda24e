internal import SCORMCloudAPI

/// Finds paths that an upstream could take for a sensitive operation although the catalogue's matcher, which is exact,
/// does not: different case, percent-encoding, an encoded slash, `.json` after a name, a method in another spelling.
///
/// Used for requests that are forwarded without being known, and for known ones with an escape in their path.
struct SensitivePaths: Sendable {
  private struct Template {
    var operation: UInt8
    var method: OperationMethod
    /// Segments in lower case; nil for a parameter.
    var segments: [[UInt8]?]
  }

  private let templates: [Template]
  /// A path with more segments counts as a look-alike. None of the API's paths has more than six, and searching for one
  /// at every position of thousands would block the loop.
  private static let segmentLimit = 32

  init() {
    templates = OperationTable.all.filter(\.isSensitive).map { operation in
      let segments = operation.template.description.lowercased().split(separator: "/")
      return Template(
        operation: operation.index, method: operation.method,
        segments: segments.map { $0.hasPrefix("{") ? nil : Array($0.utf8) })
    }
  }

  /// Whether under some reading `path` contains the path of a sensitive operation that is not in `passed`, with any
  /// segments before and after it.
  func hide(in path: RawSpan, besides passed: OperationSet) -> Bool {
    let refused = templates.filter { !passed.contains($0.operation) }
    if refused.isEmpty { return false }
    return UpstreamReadings.contains(path) { segments in
      if segments.count > SensitivePaths.segmentLimit { return true }
      return refused.contains { template in
        let count = template.segments.count
        guard count <= segments.count else { return false }
        return (0...(segments.count - count)).contains { first in
          SensitivePaths.matches(template, segments[first..<(first + count)])
        }
      }
    }
  }

  /// Whether under some reading the whole of `path`, which is that of another operation with this method, is a
  /// sensitive operation's path: an id that ends in `%2Flti`.
  func equal(_ path: RawSpan, _ method: OperationMethod, besides passed: OperationSet) -> Bool {
    UpstreamReadings.contains(path) { segments in
      templates.contains { template in
        template.segments.count == segments.count && template.method == method
          && !passed.contains(template.operation) && SensitivePaths.matches(template, segments[...])
      }
    }
  }

  /// At least one segment must match in plain ASCII; otherwise names in other scripts would match.
  private static func matches(_ template: Template, _ segments: ArraySlice<ReadSegment>) -> Bool {
    var isPlain = false
    for (literal, segment) in zip(template.segments, segments) {
      guard let literal else { continue }
      guard segment.reads(as: literal) else { return false }
      isPlain = isPlain || segment.isPlain
    }
    return isPlain
  }
}
