import AccessTokens
import HTTPMessages
import Memory
import SCORMCloudAPI

@testable import Forwarding

/// Promises about any sequence of bytes that a caller sends: either it is refused, or exactly one request is sent
/// upstream, with our credential, the upstream's Host and the framing that was judged.
///
/// The first byte selects the policy: bit 0 forwards unknown operations, bit 1 paths outside the base path. The request
/// follows.
enum PlannedRequestPromises {
  static let credential = "Bearer OWN-TOKEN"
  static let authority = "cloud.example"
  static let basePath = "/api/v2"
  private static let requestID = "own-request-id"

  /// Names that must never be sent upstream, with `-` for `_`.
  private static let ending = [
    "connection", "proxy-connection", "keep-alive", "te", "trailer", "upgrade", "http2-settings",
    "expect", "proxy-authorization", "cookie", "forwarded", "x-real-ip", "x-original-url",
    "x-rewrite-url", "x-http-method-override", "origin", "sec-fetch-site", "max-forwards",
  ]
  private static let endingFamilies = ["x-forwarded", "x-scorm-", "access-control-", "client-cert"]

  /// Makes the head for the upstream from a planned request, as the relay does.
  typealias Rewriting = (
    _ head: RequestHead, _ fields: borrowing FieldList, _ bytes: RawSpan, _ plan: RequestPlan,
    _ rules: ForwardingRules, _ out: inout ByteBuffer
  ) -> Void

  /// The promise that `bytes` break; nil if all are kept.
  static func broken(_ bytes: [UInt8]) -> String? { broken(bytes, rewritingWith: rewrite) }

  /// The same with another rewriter: a wrong one must be detected.
  static func broken(_ bytes: [UInt8], rewritingWith rewriting: Rewriting) -> String? {
    guard let policy = bytes.first else { return nil }
    let rules = rules(policy)
    let request = Array(bytes.dropFirst())
    let span = request.span.bytesOfElements
    var parser = RequestHeadParser()
    guard let parsed = try? parser.parse(span) as RequestHead??, let head = parsed else {
      return nil
    }
    let planner = RequestPlanner(rules: rules)
    guard
      let planned = try? planner.plan(
        head, fields: parser.fields, in: span, from: CallerContext(listener: 0, caller: 0)),
      case .forward(let plan) = planned
    else { return nil }
    var out = ByteBuffer()
    rewriting(head, parser.fields, span, plan, rules, &out)
    let sent = out.bytes.copied()
    guard let what = flaw(of: sent, from: head, plan) else { return nil }
    return "\(what)\nsent: \(String(decoding: sent, as: UTF8.self).debugDescription)"
  }

  /// As in `Relay`: the rewritten head, the request id, the credential, the empty line.
  static func rewrite(
    _ head: RequestHead, _ fields: borrowing FieldList, _ bytes: RawSpan, _ plan: RequestPlan,
    _ rules: ForwardingRules, _ out: inout ByteBuffer
  ) {
    RequestHeadRewriter(rules: rules).write(head, fields: fields, in: bytes, plan: plan, into: &out)
    out.put(text: "X-Request-Id: \(requestID)\r\n")
    if plan.credential != .none { out.put(text: "Authorization: \(credential)\r\n") }
    out.put("\r\n")
  }

  // MARK: The judge

  private static func flaw(of sent: [UInt8], from head: RequestHead, _ plan: RequestPlan) -> String?
  {
    guard let lines = lines(of: sent) else {
      return
        "what goes upstream is lines that end in CR LF, one empty one at the end, no control byte"
    }
    let start = lines[0].split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard start.count == 3, start[2] == "HTTP/1.1" else {
      return "the request line has three parts"
    }
    guard start[1].hasPrefix(basePath + "/"), !start[1].contains("#") else {
      return "the target is below the upstream's base path"
    }
    if let escape = PathReadings.escape(of: start[1], from: basePath) {
      return "no reading of the target leaves the base path; read as \(escape)"
    }
    if !plan.isKnownOperation {
      if plan.credential == .basic { return "an unknown operation gets a token, never the secret" }
      if let reading = PathReadings.sensitive(in: start[1]) {
        return "no reading of an unknown operation is a sensitive one; read as \(reading)"
      }
    }
    var fields: [(name: String, value: String)] = []
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else {
        return "every line has a name"
      }
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      fields.append((line[..<colon].lowercased().replacing("_", with: "-"), String(value)))
    }
    func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    guard fields.first?.name == "host", values("host") == [authority] else {
      return "Host comes first, once, and is the upstream's"
    }
    guard values("authorization") == (plan.credential == .none ? [] : [credential]) else {
      return "there is exactly one Authorization, ours"
    }
    guard values("x-request-id") == [requestID] else {
      return "there is exactly one request id, ours"
    }
    guard values("via").last?.hasSuffix(" scorm-gateway-00000000") == true else {
      return "Via ends with us"
    }
    for (name, _) in fields
    where ending.contains(name) || endingFamilies.contains(where: name.hasPrefix) {
      return "\(name) ends here"
    }
    let lengths = values("content-length")
    let codings = values("transfer-encoding")
    let isFramed =
      switch head.framing {
      case .none: codings.isEmpty && (lengths.isEmpty || lengths == ["0"])
      case .length(let length): codings.isEmpty && lengths == ["\(length)"]
      case .chunked: codings == ["chunked"] && lengths.isEmpty
      case .untilClose: false
      }
    guard isFramed else { return "the framing is the one that was judged, said once" }
    return reading(of: sent, head)
  }

  /// The lines of a head; nil unless `sent` is exactly one head.
  private static func lines(of sent: [UInt8]) -> [String]? {
    var lines: [String] = []
    var line: [UInt8] = []
    var rest = sent[...]
    while let byte = rest.popFirst() {
      guard byte == 13 else {
        if byte < 0x20 && byte != 9 || byte == 0x7F { return nil }
        line.append(byte)
        continue
      }
      guard rest.popFirst() == 10 else { return nil }
      if line.isEmpty { return rest.isEmpty && !lines.isEmpty ? lines : nil }
      lines.append(String(decoding: line, as: UTF8.self))
      line = []
    }
    return nil
  }

  /// The strict parser must read it as the same request.
  private static func reading(of sent: [UInt8], _ head: RequestHead) -> String? {
    let span = sent.span.bytesOfElements
    // Our fields come in addition to what the limits allow a caller.
    var parser = RequestHeadParser(
      limits: HeadLimits(
        headBytes: 64 * 1024, targetBytes: 16 * 1024, lineBytes: 16 * 1024, fieldCount: 200))
    guard let parsed = try? parser.parse(span) as RequestHead??, let again = parsed else {
      return "what goes upstream is what we would accept ourselves"
    }
    guard again.length == sent.count, again.framing == head.framing, again.method == head.method,
      again.version == .http11, again.connection.namedCount == 0
    else { return "what goes upstream reads as the request that was judged" }
    return nil
  }

  private static func rules(_ policy: UInt8) -> ForwardingRules {
    let credentials = OperationTable.all.map { operation -> CredentialChoice in
      switch operation.credential {
      case .application, .management: .token(TokenSlot(index: Int(operation.index)))
      case .eitherApplication: .basic
      case .none: CredentialChoice.none
      }
    }
    let app = ForwardingRules.App(
      name: "main", isManagement: false, credentials: credentials,
      unknownCredential: UnknownCredential(
        reads: TokenSlot(index: 901), writes: TokenSlot(index: 902)))
    let caller = ForwardingRules.Caller(
      name: "anyone", apps: [0], defaultApp: 0, operations: .all, mayUseUnknownOperations: true,
      mode: .normal)
    return ForwardingRules(
      listeners: [ForwardingRules.Listener(hosts: .any)], apps: [app], defaultApp: 0,
      managementApp: 0, callers: [caller], forwardsUnknownOperations: policy & 1 != 0,
      forwardsOutsideBasePath: policy & 2 != 0, passedSensitive: OperationSet(),
      upstreamAuthority: authority, upstreamOrigin: "https://\(authority)",
      upstreamBasePath: basePath)
  }
}
