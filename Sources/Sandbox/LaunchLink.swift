internal import LocalServer

/// Links that a learner's browser opens. They lead to a page of the sandbox (``LaunchPage``) at the host that the
/// caller used. If the caller named none, they have the real service's host.
enum LaunchLink {
  /// Path prefix of launches. It is not below `/api/v2`, so it is not part of the API.
  static let path = "/api/cloud/"
  /// Permitted lifetimes of a link in seconds (launch link page).
  static let expiries = 10...300
  static let defaultExpiry = 120

  /// What a link opens.
  enum Target: String, Sendable {
    case registration = "registration/launch"
    case preview = "course/preview"
    case invitation = "invitation"
    case dispatch = "dispatch/launch"
  }

  static func origin(_ call: CloudCall) -> String {
    call.host.map { "http://\($0)" } ?? "https://cloud.scorm.com"
  }

  static func url(_ target: Target, _ identifier: Identifier, _ call: CloudCall) -> String {
    origin(call) + path + target.rawValue + "/" + identifier.text
  }

  /// Checks `redirectOnExitUrl` and `expiry`, and makes a link to `subject`.
  ///
  /// - Parameter isExitRequired: false for a preview, which may omit the URL (`PreviewLaunchLinkRequestSchema`).
  static func answer(
    _ state: inout ApplicationState, _ call: CloudCall, _ target: Target, subject: Identifier,
    part: Int, isExitRequired: Bool
  ) throws(Refusal) -> LocalResponse {
    let body = try call.object()
    let exit = body["redirectOnExitUrl"]?.string
    if exit == nil && isExitRequired { throw .message(400, "redirectOnExitUrl is required.") }
    if let exit, !isExit(exit) {
      throw .message(400, "redirectOnExitUrl [\(exit)] is not a valid URL")
    }
    var lifetime = defaultExpiry
    if let expiry = body["expiry"], expiry != .null {
      guard let seconds = expiry.integer, expiries.contains(seconds) else {
        throw .message(400, "expiry must be between 10 and 300 seconds.")
      }
      lifetime = seconds
    }
    let link = state.open(
      target, subject: subject, part: part, body, until: call.now.seconds + lifetime, call.now)
    return .value(["launchLink": .string(url(target, link, call))])
  }

  /// Whether `text` is an absolute URL, one of the keywords in any case, or empty, which means the configured URL
  /// (client: `LaunchLinkRequestSchema.redirectOnExitUrl`).
  static func isExit(_ text: String) -> Bool {
    text.isEmpty || ["message", "closer", "blank"].contains(text.lowercased()) || isURL(text)
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

extension ApplicationState {
  /// Keeps a link. If that exceeds the maximum, the oldest link is removed.
  mutating func open(
    _ target: LaunchLink.Target, subject: Identifier, part: Int, _ request: JSONValue,
    until seconds: Int, _ now: Timestamp
  ) -> Identifier {
    let identifier = identifiers.identifier()
    let link = Document(
      [
        "target": .string(target.rawValue), "subject": .string(subject.text),
        "part": .integer(part), "request": request, "until": .integer(seconds),
      ], created: now)
    links.makeRoom()
    _ = links.insert(link, at: identifier)
    return identifier
  }
}
