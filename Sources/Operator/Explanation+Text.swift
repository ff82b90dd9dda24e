internal import AccessTokens
internal import Forwarding
internal import JSONText
internal import RateLimiting
internal import SCORMCloudAPI
package import System

/// Formats an explanation for scripts and for people.
extension Explanation {
  /// Whether the call would be sent to SCORM Cloud, or is an OPTIONS request that the gateway answers.
  package var isAllowed: Bool {
    switch outcome {
    case .malformed, .refused: false
    case .options, .forwarded: true
    }
  }

  /// The explanation as one JSON object. Times are in seconds.
  package var json: String {
    var members = [
      ("method", call.method.quotedAsJSON), ("path", call.target.quotedAsJSON),
      ("caller", caller.quotedAsJSON), ("allowed", String(isAllowed)),
    ]
    switch outcome {
    case .malformed(let error): members += self.members(error)
    case .refused(let refusal):
      members += self.members(refusal.error)
      if refusal.knowsApp {
        members.append(("app", sources.rules.apps[refusal.plan.app].name.quotedAsJSON))
        if refusal.plan.isKnownOperation {
          let operation = OperationTable.operation(at: refusal.plan.operation)
          members.append(("operation", operation.name.description.quotedAsJSON))
        }
      }
    case .options(let methods): members.append(("allow", methods.quotedAsJSON))
    case .forwarded(let forwarded): members += self.members(forwarded)
    }
    members.append(("steps", "[" + steps.map(json).joined(separator: ",") + "]"))
    return "{" + members.map { "\($0.0.quotedAsJSON):\($0.1)" }.joined(separator: ",") + "}\n"
  }

  private func members(_ error: GatewayError) -> [(String, String)] {
    [
      ("status", String(error.status)), ("error", error.kind.name.description.quotedAsJSON),
      ("detail", error.detail.quotedAsJSON),
    ]
  }

  private func json(_ step: Step) -> String {
    let name = step.step.name.description.quotedAsJSON
    return "{\"step\":\(name),\"result\":\(step.result.rawValue.quotedAsJSON)}"
  }

  private func members(_ forwarded: Forwarded) -> [(String, String)] {
    let plan = forwarded.plan
    var members = [("app", sources.rules.apps[plan.app].name.quotedAsJSON)]
    if plan.isKnownOperation {
      let operation = OperationTable.operation(at: plan.operation)
      members.append(("operation", operation.name.description.quotedAsJSON))
      members.append(("access", operation.access.name.description.quotedAsJSON))
      members.append(("certainty", operation.certainty.name.description.quotedAsJSON))
    }
    members.append(("credential", plan.credential.name.description.quotedAsJSON))
    if case .token = plan.credential {
      members.append(("scope", sources.text(of: plan.credential).quotedAsJSON))
    }
    members.append(("rung", String(Int(plan.rung) + 1)))
    members.append(
      ("rungs", list(forwarded.rungs.map { sources.text(of: $0) })))
    if let token = forwarded.token { members.append(("token", json(token))) }
    members.append(("limits", list(names(forwarded.forecast.matched))))
    members.append(("violated", list(names(forwarded.forecast.violated))))
    members.append(("upstreamPaused", String(forwarded.forecast.isUpstreamPaused)))
    members.append(("predictedWait", Seconds.text(forwarded.forecast.predictedWait)))
    members.append(("refusedByLimit", String(forwarded.forecast.refusal != nil)))
    if let refusal = refusal(forwarded) { members += self.members(refusal.error) }
    members.append(("upstream", forwarded.url.quotedAsJSON))
    if let pages = forwarded.pages {
      members.append(("pages", pages.pages.map(String.init) ?? "\"all\""))
      members.append(("form", (pages.form == .lines ? "ndjson" : "json").quotedAsJSON))
    }
    if plan.isRehearsed { members.append(("dry_run", "true")) }
    if let list = plan.countedBy { members.append(("confirmed_by", list.quotedAsJSON)) }
    if let wait = forwarded.wait { members.append(("wait", String(wait.seconds))) }
    return members
  }

  private func json(_ token: Token) -> String {
    var members = ["\"state\":\(state(token).quotedAsJSON)"]
    if let remaining = token.remaining {
      members.append("\"remaining\":\(Seconds.text(remaining))")
    }
    if let fingerprint = token.fingerprint {
      members.append("\"fingerprint\":\(Fingerprint.text(fingerprint).quotedAsJSON)")
    }
    if let failure = token.failure {
      members.append("\"lastError\":\(failure.detail.quotedAsJSON)")
    }
    return "{" + members.joined(separator: ",") + "}"
  }

  /// The explanation as two columns, for people.
  package func table(in room: TextTable.Room) -> String {
    var rows = [["CALL", "\(call.method) \(call.target)"]]
    let stepRows = steps.map { [$0.step.name.description, $0.text] }
    switch outcome {
    case .malformed(let error): rows += self.rows(error)
    case .refused(let refusal): rows += self.rows(refusal.error) + stepRows
    case .options(let methods):
      rows.append(["ANSWER", "204, by the gateway itself; Allow: \(methods)"])
      rows += stepRows
    case .forwarded(let forwarded):
      rows += [["ANSWER", answer(forwarded)], ["UPSTREAM", forwarded.url]] + stepRows
      rows += self.rows(forwarded)
    }
    var table = TextTable([.init(""), .init("", least: 20, wraps: true)], hasHeader: false)
    for row in rows { table.append(row) }
    return table.text(in: room)
  }

  private func rows(_ error: GatewayError) -> [[String]] {
    [["ANSWER", "refused: \(error.status) \(error.kind.name)"], ["WHY", error.detail]]
  }

  private func rows(_ forwarded: Forwarded) -> [[String]] {
    var rows: [[String]] = []
    let further = forwarded.rungs.dropFirst(Int(forwarded.plan.rung) + 1).map {
      sources.text(of: $0)
    }
    if !further.isEmpty {
      rows.append(["IF REFUSED", "tries " + further.joined(separator: ", then ")])
    }
    if let token = forwarded.token { rows.append(["TOKEN", text(token)]) }
    if let pages = forwarded.pages { rows.append(["PAGES", text(pages)]) }
    if let wait = forwarded.wait { rows.append(["WAIT", text(wait)]) }
    return rows
  }

  private func answer(_ forwarded: Forwarded) -> String {
    if let refusal = refusal(forwarded) {
      return "from the gateway, for now: \(refusal.error.status) \(refusal.error.kind.name)"
    }
    if forwarded.plan.isRehearsed {
      return "from the gateway: 200, with what would have been sent (mode dry-run)"
    }
    if case .token = forwarded.plan.credential, forwarded.token?.remaining == nil {
      return "from SCORM Cloud, once there is a token"
    }
    return "from SCORM Cloud"
  }

  private func text(_ pages: PageRequest) -> String {
    let count = pages.pages.map { $0 == 1 ? "one page" : "up to \($0) pages" } ?? "all pages"
    let form = pages.form == .lines ? "as lines (NDJSON)" : "as one JSON object"
    return "\(count) of \(pages.list.name), one call a page, \(form)"
  }

  private func text(_ wait: WaitRequest) -> String {
    guard let start = wait.start else {
      return "until the job ends, for at most \(wait.seconds) s (jobs.maxWait)"
    }
    let poll = OperationTable.operation(at: start.poll).name
    return "until the job it starts ends, by \(poll), for at most \(wait.seconds) s "
      + "(jobs.maxWait)"
  }

  func credential(_ forwarded: Forwarded) -> String {
    let plan = forwarded.plan
    let place =
      forwarded.rungs.count > 1 ? ", rung \(plan.rung + 1) of \(forwarded.rungs.count)" : ""
    let certainty =
      plan.isKnownOperation
      ? "; catalogue: \(OperationTable.operation(at: plan.operation).certainty.name)" : ""
    switch plan.credential {
    case .token: return "token with \(sources.text(of: plan.credential))\(place)\(certainty)"
    case .basic: return "id and secret (Basic)\(place)\(certainty)"
    case .none: return "none\(certainty)"
    }
  }

  private func text(_ token: Token) -> String {
    var text = state(token)
    if let remaining = token.remaining, let fingerprint = token.fingerprint {
      text += ", \(Fingerprint.text(fingerprint)), for \(DurationText.text(nanoseconds: remaining))"
    }
    if let failure = token.failure { text += "; last error: \(failure.detail)" }
    return text
  }

  func limits(_ forecast: LimitForecast) -> String {
    let matched = names(forecast.matched)
    let applying = matched.isEmpty ? "none apply" : matched.joined(separator: ", ")
    if forecast.refusal != nil { return "\(applying); it would be refused (429) now" }
    if forecast.predictedWait == 0 { return "\(applying); it would start at once" }
    let cause =
      forecast.isUpstreamPaused ? " because SCORM Cloud asked to pause" : ""
    return
      "\(applying); it would wait \(DurationText.text(nanoseconds: forecast.predictedWait))\(cause)"
  }

  private func state(_ token: Token) -> String {
    if token.remaining != nil { return "usable" }
    return token.failure == nil ? "fetched when needed" : "failing"
  }

  private func names(_ limits: LimitSet) -> [String] {
    var limits = limits
    var names: [String] = []
    while let limit = limits.popFirst() {
      names.append(limit < sources.limitNames.count ? sources.limitNames[limit] : "")
    }
    return names
  }

  private func list(_ texts: [String]) -> String {
    "[" + texts.map(\.quotedAsJSON).joined(separator: ",") + "]"
  }
}
