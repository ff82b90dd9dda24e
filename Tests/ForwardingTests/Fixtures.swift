import AccessTokens
import HTTPMessages
import Memory
import SCORMCloudAPI

@testable import Forwarding

/// A gateway for all tests: two apps, the App Management application, and a caller of each kind.
extension ForwardingRules {
  /// Indices into ``sample``'s callers.
  enum CallerNumber {
    static let everyone = 0
    static let crm = 1
    static let reader = 2
    static let dry = 3
    static let frozen = 4
    static let second = 5
    static let plain = 6
    static let permissive = 7
  }

  static let sample = {
    var rules = plainSample
    rules.hop = 0xCAFE
    return rules
  }()

  private static let plainSample = ForwardingRules(
    listeners: [
      Listener(hosts: HostAllowList(extra: ["gateway.internal"])),
      Listener(hosts: .any),
    ],
    apps: [app("main", 0), app("second", 1), app("management", 2, isManagement: true)],
    defaultApp: 0, managementApp: 2,
    callers: [
      caller("everyone", [0, 1, 2]),
      caller(
        "crm", [0, 2], allow: ["GetCourses", "CreateRegistration", "GetApplicationList"],
        unknown: false),
      caller("reader", [0], mode: .readOnly),
      caller("dry", [0], mode: .dryRun),
      caller("frozen", [0], mode: .frozen),
      caller("second", [1], defaultApp: 1),
      caller("plain", [0, 1]),
      caller("permissive", [0, 2], allow: ["GetCourses"], unknown: false, isPermissive: true),
    ],
    forwardsUnknownOperations: false, passedSensitive: OperationSet(),
    upstreamAuthority: "cloud.example", upstreamOrigin: "https://cloud.example",
    upstreamBasePath: "/api/v2")

  /// `sample` with `change` applied.
  static func sample(_ change: (inout ForwardingRules) -> Void) -> ForwardingRules {
    var rules = sample
    change(&rules)
    return rules
  }

  /// The slot of an operation's token identifies app and operation, so that tests see which one was chosen.
  private static func app(_ name: String, _ number: Int, isManagement: Bool = false) -> App {
    let credentials = OperationTable.all.map { operation -> CredentialChoice in
      switch operation.credential {
      case .application, .management:
        .token(TokenSlot(index: number * 1000 + Int(operation.index)))
      case .eitherApplication: .basic
      case .none: CredentialChoice.none
      }
    }
    return App(
      name: name, isManagement: isManagement, credentials: credentials,
      unknownCredential: isManagement
        ? nil
        : UnknownCredential(
          reads: TokenSlot(index: number * 1000 + 901),
          writes: TokenSlot(index: number * 1000 + 902)))
  }

  private static func caller(
    _ name: String, _ apps: [Int], defaultApp: Int? = nil, allow: [String]? = nil,
    unknown: Bool = true, mode: Caller.Mode = .normal, isPermissive: Bool = false
  ) -> Caller {
    var operations = OperationSet()
    for operation in OperationTable.all
    where allow?.contains(operation.name.description) ?? true {
      operations.insert(operation.index)
    }
    return Caller(
      name: name, apps: apps, defaultApp: defaultApp, operations: operations,
      mayUseUnknownOperations: unknown, mode: mode, isPermissive: isPermissive)
  }
}

/// How the gateway handles a request: the plan in words, and the head for the upstream.
struct Outcome {
  var plan: RequestPlan?
  /// Whether the call is only rehearsed: it is decided and not sent.
  var isRehearsed = false
  var options: MethodSet?
  var error: GatewayError?
  /// The step that refused it, and what was known then.
  var refusal: PlanRefusal?
  /// The head for the upstream; nil if nothing is forwarded.
  var upstream: String?

  /// `GetCourses main token /courses`, `options GET, HEAD`, or `404 operation-unknown`.
  var words: String {
    if let error { return "\(error.status) \(error.kind.name)" }
    if let options { return "options \(options.allowField)" }
    guard let plan, let upstream else { return "nothing" }
    let operation =
      plan.isKnownOperation ? OperationTable.operation(at: plan.operation).name.description : "?"
    let credential: String
    switch plan.credential {
    case .token(let slot):
      let expected = plan.app * 1000 + Int(plan.operation)
      switch slot.index {
      case plan.app * 1000 + 901: credential = "read"
      case plan.app * 1000 + 902: credential = "all"
      case expected: credential = "token"
      default: credential = "token of another slot"
      }
    case .basic: credential = "basic"
    case .none: credential = "none"
    }
    let app = ForwardingRules.sample.apps[plan.app].name
    return (isRehearsed ? "rehearsed " : "")
      + "\(operation) \(app) \(credential) \(Outcome.target(of: upstream))"
  }

  /// The target in a request head.
  static func target(of head: String) -> String {
    String(head.split(separator: " ", maxSplits: 2)[1])
  }
}

/// Handles `request`, the lines of a head, as the relay does: parsed, planned, rewritten. Adds a Host line if there is
/// none.
func take(
  _ request: [String], rules: ForwardingRules = .sample, caller: Int? = 0, listener: Int = 0
) -> Outcome {
  let hasHost = request.contains { $0.lowercased().hasPrefix("host:") }
  let lines = hasHost ? request : [request[0], "Host: localhost:8080"] + request.dropFirst()
  return take(
    bytes: Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8), rules: rules,
    caller: caller, listener: listener)
}

func take(
  bytes: [UInt8], rules: ForwardingRules = .sample, caller: Int? = 0, listener: Int = 0
) -> Outcome {
  Gate(rules).take(bytes, caller: caller, listener: listener)
}

/// The parts that a request passes through, made once for many requests.
final class Gate {
  private let planner: RequestPlanner
  private let rewriter: RequestHeadRewriter

  init(_ rules: ForwardingRules, rungs: ScopeRungs = ScopeRungs()) {
    var planner = RequestPlanner(rules: rules)
    planner.rungs = rungs
    self.planner = planner
    rewriter = RequestHeadRewriter(rules: rules)
  }

  func take(_ bytes: [UInt8], caller: Int? = 0, listener: Int = 0) -> Outcome {
    var outcome = Outcome()
    let span = bytes.span.bytesOfElements
    var parser = RequestHeadParser()
    let head: RequestHead
    do throws(RequestFault) {
      guard let parsed = try parser.parse(span) else { return outcome }
      head = parsed
    } catch {
      outcome.error = GatewayError(error)
      return outcome
    }
    do throws(PlanRefusal) {
      switch try planner.plan(
        head, fields: parser.fields, in: span,
        from: CallerContext(listener: listener, caller: caller))
      {
      case .options(let methods): outcome.options = methods
      case .forward(let plan), .walk(let plan, _), .wait(let plan, _), .rehearse(let plan),
        .confirm(let plan, _):
        outcome.plan = plan
        outcome.isRehearsed = plan.isRehearsed
        var out = ByteBuffer()
        rewriter.write(head, fields: parser.fields, in: span, plan: plan, into: &out)
        outcome.upstream = out.bytes.text
      }
    } catch {
      outcome.error = error.error
      outcome.refusal = error
    }
    return outcome
  }
}

/// A generator whose sequence is determined by its seed.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
