internal import AccessTokens
internal import Forwarding
internal import GatewayServer
internal import HTTPMessages
internal import Memory
internal import RateLimiting
internal import SCORMCloudAPI
internal import System

/// What would happen to a call. The planner and the limiter that decide real calls decide it, but nothing is sent
/// upstream and no limit is charged.
package struct Explanation: Sendable {
  /// Why a call cannot be explained. The text says what to ask for.
  package struct Problem: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  let sources: ExplanationSources
  let call: ExplainedCall
  let caller: String
  let outcome: Outcome

  enum Outcome: Sendable {
    case forwarded(Forwarded)
    /// OPTIONS, which the gateway answers itself.
    case options(String)
    /// The description is not a valid request, so no step checks it.
    case malformed(GatewayError)
    case refused(PlanRefusal)
  }

  struct Forwarded: Sendable {
    let plan: RequestPlan
    /// The pages that X-Scorm-Pages asks for; nil without it.
    let pages: PageRequest?
    /// The wait that `Prefer: wait` asks for; nil without one.
    let wait: WaitRequest?
    /// The URL that the call would be sent to.
    let url: String
    /// The credentials to try in order. Without a ladder there is just one.
    let rungs: [CredentialChoice]
    let forecast: LimitForecast
    /// Nil if no gateway runs, or if no token is needed.
    let token: Token?
  }

  struct Token: Sendable {
    /// Nanoseconds for which the token may still be sent; nil without a token.
    var remaining: Int64?
    var fingerprint: UInt32?
    /// Why the last fetch failed, or why the next one would: the app's secret is refused.
    var failure: TokenFailure?

    /// The error for a call that needs the token now; nil if it is sent, or waits for a fetch that may succeed.
    var refusal: GatewayError? {
      guard remaining == nil, let failure else { return nil }
      return GatewayError(
        failure.needsOperator ? .credentialRefused : .tokenUnavailable, failure.detail)
    }
  }

  /// Explains `call`.
  package init(_ call: ExplainedCall, _ sources: ExplanationSources) throws(Problem) {
    if let problem = call.problem { throw Problem(description: problem) }
    self.sources = sources
    self.call = call
    let number = try Explanation.caller(call, sources.rules)
    caller = sources.rules.callers[number].name
    outcome = Explanation.outcome(call, number, sources)
  }

  /// The caller of the call: the named one, or the only one.
  private static func caller(
    _ call: ExplainedCall, _ rules: ForwardingRules
  ) throws(Problem) -> Int {
    let names = rules.callers.filter(\.isInForce).map(\.name).joined(separator: ", ")
    guard let name = call.caller else {
      if let only = rules.callers.firstIndex(where: \.isInForce),
        rules.callers.count(where: \.isInForce) == 1
      {
        return only
      }
      throw Problem(
        description: "name the caller (--caller, or caller= in a query). Callers: \(names)")
    }
    guard let number = rules.callers.firstIndex(where: { $0.isInForce && $0.name == name }) else {
      throw Problem(description: "unknown caller \(name). Callers: \(names)")
    }
    return number
  }

  private static func outcome(
    _ call: ExplainedCall, _ caller: Int, _ sources: ExplanationSources
  ) -> Outcome {
    let text = Array(call.head.utf8)
    let bytes = text.span.bytesOfElements
    var parser = RequestHeadParser()
    let head: RequestHead
    do throws(RequestFault) {
      guard let parsed = try parser.parse(bytes) else {
        return .malformed(GatewayError(.malformedRequest, "The head has no end."))
      }
      head = parsed
    } catch {
      return .malformed(GatewayError(error))
    }
    var planner = RequestPlanner(rules: sources.rules)
    if let running = sources.running {
      planner.rungs = running.scopes.rungs.rungs
      planner.modes = running.modes.board
    }
    do throws(PlanRefusal) {
      switch try planner.plan(
        head, fields: parser.fields, in: bytes,
        from: CallerContext(listener: 0, caller: caller))
      {
      case .options(let methods): return .options(methods.allowField + ", OPTIONS")
      case .forward(let plan), .rehearse(let plan), .confirm(let plan, _): return forwarded(plan)
      case .walk(let plan, let pages): return forwarded(plan, pages: pages)
      case .wait(let plan, let wait): return forwarded(plan, wait: wait)
      }
    } catch {
      return .refused(error)
    }
    func forwarded(
      _ plan: RequestPlan, pages: PageRequest? = nil, wait: WaitRequest? = nil
    ) -> Outcome {
      let bytes = text.span.bytesOfElements
      var out = ByteBuffer()
      RequestHeadRewriter(rules: sources.rules).write(
        head, fields: parser.fields, in: bytes, plan: plan, into: &out)
      return .forwarded(
        Forwarded(
          plan: plan, pages: pages, wait: wait,
          url: sources.rules.upstreamOrigin + target(of: out.bytes),
          rungs: rungs(plan, sources.rules), forecast: forecast(plan, head, sources),
          token: token(plan, sources)))
    }
  }

  /// The target: the second word of a head.
  private static func target(of head: RawSpan) -> String {
    let start = head.firstIndex(of: UInt8(ascii: " "), from: 0) + 1
    let end = head.firstIndex(of: UInt8(ascii: " "), from: start)
    return head.slice(start, end).text
  }

  private static func rungs(
    _ plan: RequestPlan, _ rules: ForwardingRules
  ) -> [CredentialChoice] {
    guard plan.isKnownOperation else { return [plan.credential] }
    let ladders = rules.apps[plan.app].ladders
    let count = ladders.count(of: plan.operation)
    guard count > 0 else { return [plan.credential] }
    return (0..<count).map { ladders.credential(of: plan.operation, at: $0) }
  }

  private static func forecast(
    _ plan: RequestPlan, _ head: RequestHead, _ sources: ExplanationSources
  ) -> LimitForecast {
    sources.limiter.forecast(
      LimitedRequest(
        app: plan.app, caller: plan.caller, operation: plan.operation,
        isWrite: plan.isKnownOperation
          ? plan.isWrite : head.method != .get && head.method != .head,
        priority: plan.isBatch ? .batch : .interactive),
      at: sources.clock.monotonic)
  }

  /// Why every fetch for the app fails, even for tokens that no call has needed so far.
  private static func refusalOfSecret(app: Int, _ sources: ExplanationSources) -> TokenFailure? {
    guard let listing = sources.tokens, listing.apps[app].isSecretRefused else { return nil }
    return listing.keys.lazy.filter { $0.app == app }.compactMap { $0.failure ?? $0.lastFailure }
      .first(where: \.needsOperator)
  }

  private static func token(_ plan: RequestPlan, _ sources: ExplanationSources) -> Token? {
    guard let running = sources.running, case .token(let slot) = plan.credential else {
      return nil
    }
    let entry = running.tokenStore.snapshot().entries[slot.index]
    var token = Token(failure: entry.failure ?? refusalOfSecret(app: plan.app, sources))
    let now = sources.clock.monotonic
    if let held = entry.token, held.usableUntil > now {
      token.remaining = held.usableUntil - now
      token.fingerprint = held.fingerprint
    }
    return token
  }
}
