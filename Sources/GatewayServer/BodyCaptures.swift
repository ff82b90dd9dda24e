internal import Forwarding
internal import SCORMCloudAPI
package import TrafficLog

/// Operations whose bodies are recorded; none unless configured.
package struct BodyCaptures: Sendable {
  /// What is recorded of one operation's bodies.
  package struct Rule: Sendable {
    /// Bytes of a body, in each direction; 1...``BodyCaptures/byteLimit``.
    package var maxBytes: Int
    package var redaction: BodyRedaction

    package init(maxBytes: Int, redaction: BodyRedaction) {
      self.maxBytes = min(maxBytes, BodyCaptures.byteLimit)
      self.redaction = redaction
    }
  }

  /// Bytes of a body that can be recorded.
  package static let byteLimit = 64 * 1024
  /// Bytes of memory for the bodies of all exchanges under way.
  static let totalLimit = 64 * 1024 * 1024

  private var operations = OperationSet()
  private var rules: [UInt8: Rule] = [:]
  /// What all the bodies share.
  package let room = CaptureRoom(limit: BodyCaptures.totalLimit)

  package init() {}

  /// Operations whose bodies carry secrets, and those whose answers are credentials, are left out, whoever asks.
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

  /// The rule for an operation; nil, at the cost of one bit's test, for nearly all.
  @inline(__always)
  func rule(of operation: UInt8) -> Rule? {
    operations.contains(operation) ? rules[operation] : nil
  }
}
