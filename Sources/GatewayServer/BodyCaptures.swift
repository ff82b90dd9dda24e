internal import Forwarding
internal import SCORMCloudAPI
package import TrafficLog

/// The operations whose bodies are recorded; none unless configured.
package struct BodyCaptures: Sendable {
  /// What is recorded of one operation's bodies.
  package struct Rule: Sendable {
    /// The most bytes of a body, in each direction; 1...``BodyCaptures/byteLimit``.
    package var maxBytes: Int
    package var redaction: BodyRedaction

    package init(maxBytes: Int, redaction: BodyRedaction) {
      self.maxBytes = min(maxBytes, BodyCaptures.byteLimit)
      self.redaction = redaction
    }
  }

  /// The most bytes of a body that can be recorded.
  package static let byteLimit = 64 * 1024
  /// Bytes of memory for the recorded bodies of all exchanges under way.
  static let totalLimit = 64 * 1024 * 1024

  private var operations = OperationSet()
  private var rules: [UInt8: Rule] = [:]
  /// The memory that all recorded bodies share.
  package let room = CaptureRoom(limit: BodyCaptures.totalLimit)

  package init() {}

  /// Never records operations whose bodies carry secrets or whose answers are credentials, whatever the configuration
  /// says.
  package init(_ rules: [(operation: UInt8, rule: Rule)]) {
    for (index, rule) in rules {
      let operation = OperationTable.operation(at: index)
      guard !operation.isSensitive, !operation.isSecretBearing else { continue }
      operations.insert(index)
      self.rules[index] = rule
    }
  }

  /// Whether no operation's bodies are recorded.
  package var isEmpty: Bool { rules.isEmpty }

  /// The rule for an operation; nil for nearly all, at the cost of testing one bit.
  @inline(__always)
  func rule(of operation: UInt8) -> Rule? {
    operations.contains(operation) ? rules[operation] : nil
  }
}
