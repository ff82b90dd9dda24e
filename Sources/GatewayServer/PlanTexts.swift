internal import AccessTokens
internal import Forwarding
internal import Memory
internal import SCORMCloudAPI
internal import TrafficLog

/// What plans read like in the traffic log, made once: a line's plan is put together from at most four
/// pieces, each a copy of bytes.
///
/// Pieces are kept by caller, app, operation and credential, not by their combinations: their number is the sum
/// of these, a few hundred, whatever the configuration.
struct PlanTexts: ~Copyable, Sendable {
  private let text: ByteBuffer
  /// Where pieces end in `text`; each begins where the one before it ends. The first is empty.
  private let ends: [Int]
  private let firstApp: Int
  private let firstOperation: Int
  private let basic: Int
  private let firstSlot: Int

  /// - Parameter scopeTexts: per token slot, its scopes.
  init(rules: ForwardingRules, scopeTexts: [String]) {
    var text = ByteBuffer(capacity: 16 * 1024)
    var ends = [0]
    for caller in rules.callers {
      PlanTexts.add(caller: caller.name, to: &text, &ends)
    }
    firstApp = ends.count
    for app in rules.apps { PlanTexts.add(app: app.name, to: &text, &ends) }
    firstOperation = ends.count
    for operation in OperationTable.all {
      PlanTexts.add(operation: operation.name, to: &text, &ends)
    }
    basic = ends.count
    PlanTexts.add(credential: "basic", to: &text, &ends)
    PlanTexts.add(credential: "none", to: &text, &ends)
    firstSlot = ends.count
    for scopes in scopeTexts {
      PlanTexts.add(credential: "token", scope: scopes, to: &text, &ends)
    }
    self.text = text
    self.ends = ends
  }

  private static func add(
    caller: String = "", app: String? = nil, operation: StaticString? = nil,
    credential: StaticString? = nil, scope: String? = nil, to text: inout ByteBuffer,
    _ ends: inout [Int]
  ) {
    TrafficLine.putPlan(
      caller: caller, app: app, operation: operation, credential: credential, scope: scope,
      into: &text)
    ends.append(text.count)
  }

  /// Adds the caller with this number; nothing for nil, one that is not known.
  func putCaller(_ caller: Int?, into out: inout ByteBuffer) {
    if let caller { putPiece(1 &+ caller, into: &out) }
  }

  /// Adds the caller and what `plan` decided.
  func put(_ plan: RequestPlan, of caller: Int?, into out: inout ByteBuffer) {
    putCaller(caller, into: &out)
    putTarget(plan, into: &out)
    switch plan.credential {
    case .token(let slot): putPiece(firstSlot &+ slot.index, into: &out)
    case .basic: putPiece(basic, into: &out)
    case .none: putPiece(basic &+ 1, into: &out)
    }
    if plan.wouldDeny { TrafficLine.putWouldDeny(into: &out) }
  }

  /// Adds the app and the operation of `plan`.
  @inline(__always)
  func putTarget(_ plan: RequestPlan, into out: inout ByteBuffer) {
    putPiece(firstApp &+ plan.app, into: &out)
    if plan.isKnownOperation { putPiece(firstOperation &+ Int(plan.operation), into: &out) }
  }

  @inline(__always)
  private func putPiece(_ piece: Int, into out: inout ByteBuffer) {
    out.put(text.bytes.slice(ends[piece &- 1], ends[piece]))
  }
}
