internal import JSONText
internal import Memory

/// The combined result of all checks.
struct ReadinessState {
  private let checks: [ReadinessCheck]
  private let isDraining: Bool

  init(_ sources: AdminSources) {
    checks = sources.readiness()
    isDraining = sources.isDraining()
  }

  var isReady: Bool { !isDraining && checks.allSatisfy { $0.isReady || !$0.isRequired } }

  /// The state as members of a JSON object. `isVerbose` adds the checks.
  func members(isVerbose: Bool) -> String {
    let isWell = checks.allSatisfy(\.isReady)
    let status =
      isDraining ? "draining" : !isReady ? "not ready" : isWell ? "ready" : "degraded"
    var text = "\"status\":\(status.quotedAsJSON)"
    if let reason { text += ",\"reason\":\(reason.quotedAsJSON)" }
    guard isVerbose else { return text }
    let entries = checks.map { check in
      "{\"name\":\(check.name.quotedAsJSON),\"ready\":\(check.isReady),"
        + "\"required\":\(check.isRequired),\"detail\":\(check.detail.quotedAsJSON)}"
    }
    return text + ",\"checks\":[" + entries.joined(separator: ",") + "]"
  }

  /// The first check that makes the gateway unready, otherwise the first that fails.
  private var reason: String? {
    let isReady = checks.allSatisfy { $0.isReady || !$0.isRequired } && !isDraining
    let check = checks.first { !$0.isReady && (isReady || $0.isRequired) }
    return check.map { "\($0.name): \($0.detail)" }
  }
}
