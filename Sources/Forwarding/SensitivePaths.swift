internal import SCORMCloudAPI

/// Finds paths that an upstream could take for a sensitive operation although the catalogue's matcher, which is
/// exact, does not: other case, percent-encoding, an encoded slash, `.json` behind a name, a method in another
/// spelling.
///
/// Asked for requests that are forwarded without being known, and for known ones with an escape in their path.
struct SensitivePaths: Sendable {
  private struct Template {
    var operation: UInt8
    var method: OperationMethod
    /// Segments in lower case; nil for a parameter.
    var segments: [[UInt8]?]
  }

  private let templates: [Template]
  /// A path with more segments is taken for a look-alike: none of the API's has more than six, and looking for
  /// one at every place of thousands would hold up the loop.
  private static let segmentLimit = 32

  init() {
    templates = OperationTable.all.filter(\.isSensitive).map { operation in
      let segments = operation.template.description.lowercased().split(separator: "/")
      return Template(
        operation: operation.index, method: operation.method,
        segments: segments.map { $0.hasPrefix("{") ? nil : Array($0.utf8) })
    }
  }

  /// Whether some reading of `path` has a sensitive operation's path in it, below any other and above any other:
  /// one that is not in `passed`.
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

  /// Whether some reading of `path`, that of another operation with this method, is a sensitive operation's path as a
  /// whole: an id that ends in `%2Flti`.
  func equal(_ path: RawSpan, _ method: OperationMethod, besides passed: OperationSet) -> Bool {
    UpstreamReadings.contains(path) { segments in
      templates.contains { template in
        template.segments.count == segments.count && template.method == method
          && !passed.contains(template.operation) && SensitivePaths.matches(template, segments[...])
      }
    }
  }

  /// Something of it must be there plainly, or names in other scripts would match.
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
