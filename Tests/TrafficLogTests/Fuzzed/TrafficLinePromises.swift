import JSONText
import Memory

@testable import TrafficLog

/// Promises about a line of the traffic log, whatever bytes a caller sent.
enum TrafficLinePromises {
  /// The promise that `bytes` break; nil if all are kept.
  static func broken(_ bytes: [UInt8]) -> String? {
    brokenByText(bytes) ?? brokenByLine(bytes) ?? brokenByQuery(bytes)
  }

  /// The value that `put` writes between quotes, read back; nil if that is not a line of JSON.
  private static func written(_ put: (inout ByteBuffer) -> Void) -> [UInt8]? {
    var out = ByteBuffer()
    out.put(UInt8(ascii: "\""))
    put(&out)
    out.put(UInt8(ascii: "\""))
    let line = out.bytes.copied()
    guard case .string(let text) = PlainJSON.read(line), isOneLine(line) else { return nil }
    return text
  }

  /// Nothing in it breaks a line or controls a terminal: no C0, no C1, no line separator.
  private static func isOneLine(_ bytes: [UInt8]) -> Bool {
    String(decoding: bytes, as: UTF8.self).unicodeScalars.allSatisfy { scalar in
      switch scalar.value {
      case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: false
      default: true
      }
    }
  }

  private static func brokenByText(_ bytes: [UInt8]) -> String? {
    for limit in [0, 7, bytes.count] {
      let text = written { $0.put(escapingForJSON: bytes.span.bytesOfElements, limit: limit) }
      guard let text else { return "any text is written as JSON, limit \(limit)" }
      // Every invalid byte becomes U+FFFD, which has three bytes.
      if text.count > 3 * min(limit, bytes.count) + 3 { return "limit \(limit) bounds the text" }
    }
    if let text = String(validating: bytes, as: UTF8.self),
      written({ $0.put(escapingForJSON: bytes.span.bytesOfElements) })
        != Array(text.utf8)
    {
      return "text that is UTF-8 is written as it is"
    }
    return nil
  }

  private static func brokenByLine(_ bytes: [UInt8]) -> String? {
    var line = ByteBuffer()
    var address = ByteBuffer()
    address.put("192.0.2.1:443")
    let span = bytes.span.bytesOfElements
    let half = bytes.count / 2
    TrafficLine.open(into: &line)
    line.put("2030-01-01T00:00:00.")
    TrafficLine.putMicrosecond(bytes.count, into: &line)
    line.put("id")
    TrafficLine.openAddress(of: "gw-1", into: &line)
    line.put("127.0.0.1")
    TrafficLine.putRequest(
      method: span.slice(0, 0), path: span.slice(0, half), query: span.slice(half, bytes.count),
      into: &line)
    TrafficLine.putUserAgent(span, into: &line)
    TrafficLine.putTraceID(fromTraceparent: span, into: &line)
    TrafficLine.putAttempt(
      TrafficLine.Attempt(status: 200, duration: 1, retryReason: nil), address: address,
      isFirst: true, into: &line)
    TrafficLine.putEnding(TrafficLine.Ending(), hasAttempts: true, into: &line)
    let written = line.bytes.copied()
    guard written.last == 0x0A, isOneLine(Array(written.dropLast())),
      case .object(let members) = PlainJSON.read(written)
    else { return "any request makes one line of JSON" }
    let names = members.map(\.name)
    if Set(names).count != names.count { return "every member stands once in a line" }
    return nil
  }

  /// The parameters whose values may be shown.
  private static let harmless: Set<String> = [
    "admin", "courseId", "courseVersion", "datetimeFilter", "filterBy",
    "includeAdditionalInstanceInformation", "includeChildResults", "includeCourseCount",
    "includeCourseMetadata", "includeDispatchCount", "includeHistoryLog",
    "includeInteractionsAndObjectives", "includeMetadata", "includeRegistrationCount",
    "includeRegistrationReport", "includeRuntime", "includeTotalCount", "isEnabled",
    "learningStandard", "mayCreateNewVersion", "navPermission", "orderBy", "relativePath", "since",
    "singleSco", "tags", "type", "until", "updateAssetPolicy",
  ]

  private static func brokenByQuery(_ bytes: [UInt8]) -> String? {
    guard let text = written({ QueryMask().put(bytes.span.bytesOfElements, into: &$0) }) else {
      return "any query is written as JSON"
    }
    guard
      written({ QueryMask(showsUnknown: true).put(bytes.span.bytesOfElements, into: &$0) }) != nil
    else { return "any query is written as JSON, also with what is unknown" }
    // Every value reads ***, is empty, or follows a name that is known to be harmless.
    for shown in text.split(whereSeparator: { $0 == 0x26 || $0 == 0x3B || $0 == 0x3F }) {
      guard let equals = shown.firstIndex(of: 0x3D) else { continue }
      let name = String(decoding: shown[..<equals], as: UTF8.self)
      let value = shown[shown.index(after: equals)...]
      guard !value.isEmpty, value != [0x2A, 0x2A, 0x2A], !harmless.contains(name) else { continue }
      return "the value of \(name) is not shown"
    }
    return nil
  }
}
