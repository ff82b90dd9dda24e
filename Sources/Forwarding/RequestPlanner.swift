package import HTTPMessages
internal import Memory
internal import SCORMCloudAPI

/// Decides what happens to a request. Read this file first.
///
/// ``plan(_:fields:in:from:)`` has the steps in their order. Each is a function of values that either adds to the plan
/// or ends it with a ``GatewayError``. There is no clock, socket or lock here. The last two steps, quota and
/// credential, need what others own, so the relay does them.
package struct RequestPlanner: ~Copyable {
  private let staysInPlace = StaysInPlace()
  package let rules: ForwardingRules
  /// The rungs that calls begin with, where the first one turned out to be too low.
  package var rungs = ScopeRungs()
  /// Modes that an operator has set while the gateway runs.
  package var modes = ModeBoard()
  private let matcher = OperationMatcher()
  private let sensitivePaths = SensitivePaths()
  private let appNames: AppNames
  private let via: ViaField

  /// The path below which the API is served here. It is also the upstream's default.
  static let basePath: StaticString = "/api/v2"
  /// The methods of the API as a whole, for requests about the server instead of one path.
  static let allMethods = OperationMethod.allCases.reduce(into: MethodSet()) {
    $0.formUnion(MethodSet($1))
  }
  /// The gateway's name as a hop: the member in Proxy-Status, and the beginning of Via's received-by.
  package static let hopName: StaticString = "scorm-gateway"

  package init(rules: ForwardingRules) {
    self.rules = rules
    appNames = AppNames(rules.apps.map { $0.isInForce ? $0.name : nil })
    via = ViaField(hop: rules.hop)
  }

  /// Plans the request with this head, or refuses it at the first step that it does not pass.
  package func plan(
    _ head: RequestHead, fields: borrowing FieldList, in bytes: RawSpan,
    from context: CallerContext
  ) throws(PlanRefusal) -> PlannedAnswer {
    var plan = RequestPlan()
    var step = PlanStep.framing
    do throws(GatewayError) {
      // The parser has already checked most of the framing; the remaining checks need the whole head.
      try checkFraming(head, fields, bytes)
      step = .host
      try checkHost(head, fields, bytes, context)
      step = .caller
      plan.caller = try identifyCaller(context)
      step = .app
      try chooseApp(head, fields, bytes, &plan)
      step = .operation
      if let allowed = try matchOperation(head, bytes, context, &plan) { return .options(allowed) }
      if head.present.contains(.xScormPages) || head.present.contains(.prefer) {
        return try planErrand(head, fields, bytes, &plan, &step)
      }
      step = .policy
      try checkPolicy(head, &plan)
    } catch {
      throw PlanRefusal(at: step, error, plan)
    }
    nameCredential(&plan)
    return plan.obstacle == .none ? .forward(plan) : try planObstacle(head, fields, bytes, plan)
  }

  /// Does the last steps of a request that may ask for a whole list or for a job's end.
  @inline(never)
  private func planErrand(
    _ head: RequestHead, _ fields: borrowing FieldList, _ bytes: RawSpan,
    _ plan: inout RequestPlan, _ step: inout PlanStep
  ) throws(GatewayError) -> PlannedAnswer {
    let pages =
      head.present.contains(.xScormPages) ? try pageRequest(head, fields, bytes, plan) : nil
    step = .policy
    try checkPolicy(head, &plan)
    nameCredential(&plan)
    if plan.obstacle != .none { return try obstacle(head, fields, bytes, plan) }
    if let pages { return .walk(plan, pages) }
    if head.present.contains(.prefer), let wait = waitRequest(fields, bytes, head, plan) {
      return .wait(plan, wait)
    }
    return .forward(plan)
  }

  // MARK: 1. Framing

  /// Refuses methods that a gateway must not relay, and requests that have passed this gateway before.
  private func checkFraming(
    _ head: RequestHead, _ fields: borrowing FieldList, _ bytes: RawSpan
  ) throws(GatewayError) {
    switch head.method {
    case .connect, .trace:
      // TRACE would send our credential back to the caller (RFC 9110 section 9.3.8). The bytes after a refused CONNECT
      // are not HTTP (RFC 9931).
      var error = GatewayError(
        .methodNotAllowed, "CONNECT and TRACE are not served here.",
        allow: RequestPlanner.allMethods)
      error.closesConnection = true
      throw error
    default: break
    }
    if head.present.contains(.via) { try checkLoop(fields, bytes) }
  }

  /// Refuses a request with our own name in Via: the upstream leads back to this gateway (RFC 9110 section 7.6.3).
  /// Another gateway's name is a hop like any other.
  @inline(never)
  private func checkLoop(
    _ fields: borrowing FieldList, _ bytes: RawSpan
  ) throws(GatewayError) {
    for i in 0..<fields.count where fields[i].name == .via {
      if via.namesUs(fields[i].value(in: bytes)) {
        throw GatewayError(
          .loopDetected,
          "Via names this gateway already: upstream.url leads back to it.")
      }
    }
  }

  // MARK: 2. Host and browsers

  private func checkHost(
    _ head: RequestHead, _ fields: borrowing FieldList, _ bytes: RawSpan, _ context: CallerContext
  ) throws(GatewayError) {
    // Through a span: calling a method on an array's element would first retain the element and all that it holds.
    guard rules.listeners.span[context.listener].hosts.allows(head, in: bytes) else {
      throw hostRefusal(head, bytes, context)
    }
    if BrowserRule.isFromPage(head, fields, in: bytes) {
      throw GatewayError(
        .browserRefused,
        "The request has an Origin or Sec-Fetch-Site field, so it comes from a web page. "
          + "The gateway is for services; call it from your server.")
    }
  }

  @inline(never)
  private func hostRefusal(
    _ head: RequestHead, _ bytes: RawSpan, _ context: CallerContext
  ) -> GatewayError {
    let known = rules.listeners[context.listener].hosts.summary
    let host = head.authority(in: bytes).text
    // An http URI without a host is invalid (RFC 9110 section 4.2.1).
    if host.isEmpty {
      var error = GatewayError(
        .malformedRequest,
        "The Host field is empty, which only a Unix socket accepts; use one of: \(known).")
      error.closesConnection = true
      return error
    }
    return GatewayError(
      .hostRefused,
      "The Host \(host) is not served here; use one of: \(known), with any port, or add it to "
        + "listen[].allowedHosts.")
  }

  // MARK: 3. Caller

  private func identifyCaller(_ context: CallerContext) throws(GatewayError) -> Int {
    guard let caller = context.caller else {
      throw GatewayError(
        .callerUnknown,
        "No entry of callers[] matches this connection; add one whose match names its user, "
          + "address or listener.")
    }
    if rules.callers[caller].mode == .frozen || !modes.isEmpty { try checkFrozen(caller) }
    return caller
  }

  /// Why a call that was planned some time ago, and goes on fetch by fetch, may not go on: its caller or its app was
  /// frozen meanwhile. Nil if it may.
  package func refusalMeanwhile(of plan: RequestPlan) -> GatewayError? {
    do throws(GatewayError) {
      _ = try identifyCaller(CallerContext(listener: 0, caller: plan.caller))
      var plan = plan
      if !modes.isEmpty { try checkAppMode(&plan) }
      return nil
    } catch { return error }
  }

  @inline(never)
  private func checkFrozen(_ caller: Int) throws(GatewayError) {
    if modes.mode(of: .all) == .frozen {
      throw GatewayError(
        .callerFrozen, "All callers are frozen by the operator (scorm-gateway mode).",
        retryAfter: 30)
    }
    guard max(rules.callers[caller].mode, modes.mode(of: .caller(caller))) == .frozen else {
      return
    }
    throw GatewayError(
      .callerFrozen, "The caller \(rules.callers[caller].name) is frozen by the operator.",
      retryAfter: 30)
  }

  // MARK: 4. App

  /// Chooses by the path prefix `/apps/{name}/api/v2/…`, else by X-Scorm-App, else the caller's app, else the default
  /// app.
  private func chooseApp(
    _ head: RequestHead, _ fields: borrowing FieldList, _ bytes: RawSpan, _ plan: inout RequestPlan
  ) throws(GatewayError) {
    let path = head.path(in: bytes)
    plan.restStart = head.pathStart
    plan.app = rules.callers[plan.caller].defaultApp ?? rules.defaultApp
    plan.isBatch = rules.callers[plan.caller].isBatch
    if path.byteCount > 6, path.slice(0, 6).equals("/apps/") {
      let end = path.firstIndex(of: UInt8(ascii: "/"), from: 6)
      plan.app = try app(named: path.slice(6, end), plan)
      plan.restStart = head.pathStart + end
      plan.hasAppPrefix = true
    } else if head.present.contains(.xScormApp), let line = try soleAppLine(fields) {
      plan.app = try app(named: line.value(in: bytes), plan)
    }
    if head.present.contains(.xScormPriority), let line = fields.first(.xScormPriority) {
      let priority = line.value(in: bytes)
      plan.isBatch = priority.equalsIgnoringCase("batch")
      guard plan.isBatch || priority.equalsIgnoringCase("interactive") else {
        throw GatewayError(
          .malformedRequest, "X-Scorm-Priority is either interactive or batch.")
      }
    }
  }

  /// The only X-Scorm-App line. If there are two, it is ambiguous which one is meant.
  private func soleAppLine(
    _ fields: borrowing FieldList
  ) throws(GatewayError) -> FieldLine? {
    var sole: FieldLine?
    for i in 0..<fields.count where fields[i].name == .xScormApp {
      if sole != nil {
        throw GatewayError(.malformedRequest, "There is more than one X-Scorm-App field.")
      }
      sole = fields[i]
    }
    return sole
  }

  /// The most bytes of an unknown app name that an error repeats.
  private static let quotedNameLimit = 64

  private func app(named name: RawSpan, _ plan: RequestPlan) throws(GatewayError) -> Int {
    guard let index = appNames.index(of: name) else { throw unknownApp(name, plan) }
    return index
  }

  @inline(never)
  private func unknownApp(_ name: RawSpan, _ plan: RequestPlan) -> GatewayError {
    let names = rules.callers[plan.caller].apps.map { rules.apps[$0].name }
      .joined(separator: ", ")
    let quoted = name.slice(0, min(name.byteCount, RequestPlanner.quotedNameLimit)).text
    return GatewayError(
      .appUnknown, "Unknown app \"\(quoted)\". Apps: \(names).")
  }

  // MARK: 5. Operation

  /// Strips the base path and finds the operation. Returns the methods of the path for OPTIONS.
  private func matchOperation(
    _ head: RequestHead, _ bytes: RawSpan, _ context: CallerContext, _ plan: inout RequestPlan
  ) throws(GatewayError) -> MethodSet? {
    if case .asterisk = head.form { return RequestPlanner.allMethods }
    var start = plan.restStart
    let behindBase = start &+ RequestPlanner.basePath.utf8CodeUnitCount
    if head.pathEnd > behindBase, bytes[behindBase] == UInt8(ascii: "/"),
      bytes.slice(start, behindBase).equals(RequestPlanner.basePath)
    {
      start = behindBase
    } else if !rules.forwardsOutsideBasePath || head.pathEnd == start {
      throw outsideBasePath(head, bytes)
    }
    // Clients whose base URL ends in a slash send two: one is forwarded.
    if head.pathEnd > start &+ 1, bytes[start &+ 1] == UInt8(ascii: "/") { start &+= 1 }
    plan.restStart = start
    let rest = bytes.slice(start, head.pathEnd)
    let hasEscape: Bool
    do { hasEscape = try CanonicalPath.check(rest) } catch {
      throw GatewayError(.path, error.detail)
    }
    switch matcher.match(head.method.operationMethod, path: rest) {
    case .operation(let index):
      plan.operation = index
      if hasEscape { try checkHiddenSegments(rest, of: index) }
    case .methodNotAllowed(let allowed):
      if head.method == .options { return allowed }
      if rules.forwardsUnknownOperations {
        try checkLookalike(rest)
        break
      }
      throw GatewayError(
        .methodNotAllowed,
        "This path supports only \(allowed.allowField).", allow: allowed)
    case .encodedLiteral:
      throw GatewayError(
        .path,
        "The path percent-encodes a fixed part of an operation; send it unencoded.")
    case .unknown:
      if rules.forwardsUnknownOperations {
        if head.method == .options { return RequestPlanner.allMethods }
        try checkLookalike(rest)
        break
      }
      throw unknownOperation(head, rest, bytes, context)
    }
    return nil
  }

  @inline(never)
  private func outsideBasePath(_ head: RequestHead, _ bytes: RawSpan) -> GatewayError {
    GatewayError(
      .operationUnknown,
      "This gateway serves SCORM Cloud's API under \(RequestPlanner.basePath)/; "
        + "set the client's base URL to this gateway's address with \(RequestPlanner.basePath).")
  }

  @inline(never)
  private func unknownOperation(
    _ head: RequestHead, _ rest: RawSpan, _ bytes: RawSpan, _ context: CallerContext
  ) -> GatewayError {
    guard context.namesClosest else {
      return GatewayError(
        .operationUnknown,
        "SCORM Cloud has no such operation; scorm-gateway operations lists all.")
    }
    let closest = OperationTable.closest(to: rest.text, method: head.method(in: bytes).text)
    return GatewayError(
      .operationUnknown,
      "SCORM Cloud has no such operation; the closest is \(closest.name): "
        + "\(closest.method.name) \(closest.template).")
  }

  /// Refuses a path that is not in the catalogue but that the upstream could take for a sensitive operation: it may be
  /// less exact than the catalogue, about case for example.
  @inline(never)
  private func checkLookalike(_ path: RawSpan) throws(GatewayError) {
    guard sensitivePaths.hide(in: path, besides: rules.passedSensitive) else { return }
    throw RequestPlanner.lookalike
  }

  /// Refuses a path that hides a sensitive operation's path. An encoded slash is legal in an id; if the upstream takes
  /// it for a plain slash, the path could be that of a sensitive operation, as with a dispatch called `7%2Flti`.
  @inline(never)
  private func checkHiddenSegments(_ path: RawSpan, of operation: UInt8) throws(GatewayError) {
    let operation = OperationTable.operation(at: operation)
    guard !operation.isSensitive,
      sensitivePaths.equal(path, operation.method, besides: rules.passedSensitive)
    else { return }
    throw RequestPlanner.lookalike
  }

  private static let lookalike = GatewayError(
    .sensitiveRefused,
    "The path could be taken for an operation that answers with a secret, which callers may not "
      + "receive; policy.sensitiveForwarded would allow the operation.")

  // MARK: 6. Policy

  private func checkPolicy(
    _ head: RequestHead, _ plan: inout RequestPlan
  ) throws(GatewayError) {
    if plan.isKnownOperation {
      let operation = OperationTable.operation(at: plan.operation)
      if operation.isSensitive && !rules.passedSensitive.contains(plan.operation) {
        throw GatewayError(
          .sensitiveRefused,
          "\(operation.name) answers with \(operation.answer.text), which callers may not receive; "
            + "policy.sensitiveForwarded: [\(operation.name)] would allow it.")
      }
      if case .management = operation.credential {
        guard let app = rules.managementApp else {
          throw GatewayError(
            .policyRefused,
            "\(operation.name) needs the App Management application, which is not configured: "
              + "add an app with kind: management.")
        }
        plan.app = app
      }
      if !rules.callers[plan.caller].operations.contains(plan.operation) {
        guard rules.callers[plan.caller].isPermissive else {
          throw GatewayError(
            .policyRefused,
            "\(callerName(plan)) is not allowed to call \(operation.name) (callers[].allow).")
        }
        plan.wouldDeny = true
      }
      if case .write = operation.access {
        plan.isWrite = true
        try checkMode(&plan, operation.name.description)
      }
    } else {
      if !rules.callers[plan.caller].mayUseUnknownOperations {
        guard rules.callers[plan.caller].isPermissive else {
          throw GatewayError(
            .policyRefused,
            "\(callerName(plan)) may call only the operations it is granted (callers[].allow).")
        }
        plan.wouldDeny = true
      }
      guard rules.apps[plan.app].unknownCredential != nil else {
        throw notForManagement(plan)
      }
      if head.method != .get && head.method != .head {
        plan.isWrite = true
        try checkMode(&plan, "this path")
      }
    }
    guard rules.callers[plan.caller].appSet.contains(plan.app) else {
      throw GatewayError(
        .policyRefused,
        "\(callerName(plan)) may not use the app \(rules.apps[plan.app].name) (callers[].apps).")
    }
    if !modes.isEmpty { try checkAppMode(&plan) }
    if plan.isWrite { noteSelection(&plan) }
    if rules.apps[plan.app].isManagement, plan.isKnownOperation {
      let kind = OperationTable.operation(at: plan.operation).credential
      guard kind == .management || kind == .eitherApplication || kind == .none else {
        throw notForManagement(plan)
      }
    }
  }

  @inline(never)
  private func notForManagement(_ plan: RequestPlan) -> GatewayError {
    GatewayError(
      .policyRefused,
      "The app \(rules.apps[plan.app].name) is the App Management application, "
        + "which SCORM Cloud restricts to its own operations; choose another app.")
  }

  private func callerName(_ plan: RequestPlan) -> String { rules.callers[plan.caller].name }

  /// Refuses what the operator has frozen or made read-only for the app, whichever operation is called.
  @inline(never)
  private func checkAppMode(_ plan: inout RequestPlan) throws(GatewayError) {
    let name = rules.apps[plan.app].name
    switch modes.mode(of: .app(plan.app)) {
    case .frozen:
      throw GatewayError(
        .appFrozen, "The app \(name) is frozen by the operator (scorm-gateway mode).",
        retryAfter: 30)
    case .readOnly where plan.isWrite:
      throw GatewayError(
        .policyRefused, "The app \(name) is in mode read-only, and this call writes.")
    case .dryRun where plan.isWrite: plan.obstacle = .rehearsal
    case .normal, .readOnly, .dryRun: break
    }
  }

  /// The mode of a caller, from the configuration and the operator.
  private func mode(of caller: Int) -> OperatingMode {
    modes.isEmpty
      ? rules.callers[caller].mode
      : max(rules.callers[caller].mode, modes.mode(of: .all, .caller(caller)))
  }

  private func checkMode(_ plan: inout RequestPlan, _ what: String) throws(GatewayError) {
    switch mode(of: plan.caller) {
    case .normal, .frozen: break
    case .readOnly:
      throw GatewayError(
        .policyRefused, "\(callerName(plan)) is in mode read-only, and \(what) writes.")
    case .dryRun: plan.obstacle = .rehearsal
    }
  }

  // MARK: What the last steps will need

  /// Sets the credential that the call needs. Obtaining it is the last step, after the limits.
  private func nameCredential(_ plan: inout RequestPlan) {
    guard plan.isKnownOperation else {
      // checkPolicy has refused apps without one.
      plan.credential =
        rules.apps[plan.app].unknownCredential.map { .token(plan.isWrite ? $0.writes : $0.reads) }
        ?? .none
      return
    }
    nameOwnCredential(&plan)
  }

  /// Does the same for an operation of the catalogue.
  @inline(__always)
  func nameOwnCredential(_ plan: inout RequestPlan) {
    plan.credential = rules.apps[plan.app].credentials[Int(plan.operation)]
    if !rungs.isEmpty {
      plan.rung = rungs.rung(app: plan.app, operation: plan.operation)
      if plan.rung > 0 {
        plan.credential = rules.apps[plan.app].ladders.credential(
          of: plan.operation, at: Int(plan.rung))
      }
    }
  }
}

extension HTTPMethod {
  /// The method as in the catalogue; nil for one that no operation has.
  var operationMethod: OperationMethod? {
    switch self {
    case .get: .get
    case .head: .head
    case .post: .post
    case .put: .put
    case .delete: .delete
    case .options, .patch, .trace, .connect, .other: nil
    }
  }
}
