internal import TextCoding

/// Which recorded calls may be sent again, and how.
package enum ReplayRule {
  /// Methods that do not change anything: RFC 9110 section 9.2.1.
  private static let safe: Set<String> = ["GET", "HEAD", "OPTIONS"]

  /// Why `record` cannot be repeated by a command or put into an archive; nil if it can.
  package static func objection(_ record: CallRecord) -> String? {
    record.method.isEmpty ? "it was not a request, only bytes that could not be read" : nil
  }

  /// Why `record` may not be sent again; nil if it may.
  package static func refusal(_ record: CallRecord, allowsWrites: Bool) -> String? {
    if let objection = objection(record) { return objection }
    if record.path.isEmpty { return "it was a request to the gateway itself, without a path" }
    if record.sent > 0 {
      return "it had a body of \(record.sent) bytes; calls with a body are not sent again"
    }
    if record.hasMaskedValues { return "values in its query are masked and no longer known" }
    if record.isCut { return "its path or query was too long to be recorded whole" }
    if !safe.contains(record.method), !allowsWrites {
      return "\(record.method) may change something; --allow-writes sends it anyway"
    }
    return nil
  }

  /// The request target.
  ///
  /// - Parameter keepsApp: whether to name the app that the call used; the sandbox has only one.
  package static func target(_ record: CallRecord, keepsApp: Bool) -> String {
    let target = record.target
    guard target.hasPrefix("/apps/") else {
      guard keepsApp, let app = record.app, target.hasPrefix("/api/v2") else { return target }
      return "/apps/\(PercentCoding.encode(String(decoding: CallRecord.plain(app), as: UTF8.self)))"
        + target
    }
    guard !keepsApp, let rest = target.dropFirst("/apps/".count).firstIndex(of: "/") else {
      return target
    }
    return String(target[rest...])
  }
}
