internal import LocalServer

/// Links that a learner's browser opens.
///
/// They name the real service's host, as the real answers do: a gateway passes them on unchanged, and a
/// rewritten one shows.
enum LaunchLink {
  /// Where launches live. Not below `/api/v2`, and not the API's business.
  static let origin = "https://cloud.scorm.com/api/cloud/"
  /// Seconds that a link may live (launch link page).
  static let expiries = 10...300

  /// Checks `redirectOnExitUrl` and `expiry`, and makes a link.
  static func answer(_ call: CloudCall, path: StaticString) throws(Refusal) -> LocalResponse {
    let body = try call.object()
    guard let exit = body["redirectOnExitUrl"]?.string else {
      throw .message(400, "redirectOnExitUrl is required.")
    }
    guard isURL(exit) else { throw .message(400, "redirectOnExitUrl [\(exit)] is not a valid URL") }
    if let expiry = body["expiry"], expiry != .null {
      guard let seconds = expiry.integer, expiries.contains(seconds) else {
        throw .message(400, "expiry must be between 10 and 300 seconds.")
      }
    }
    return .value(["launchLink": .string("\(origin)\(path)/\(Identifier.random())")])
  }

  /// Whether `text` is an absolute http or https URL with a host.
  static func isURL(_ text: String) -> Bool {
    let lowered = text.lowercased()
    for scheme in ["http://", "https://"] where lowered.hasPrefix(scheme) {
      let rest = text.utf8.dropFirst(scheme.utf8.count)
      guard let first = rest.first, !"/?#:@".utf8.contains(first) else { return false }
      return rest.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"<>\"".utf8.contains($0) }
    }
    return false
  }
}
