internal import AccessTokens
internal import Forwarding
internal import Memory
internal import SCORMCloudAPI
internal import TrafficLog

/// The texts of plans in the traffic log, made once. A line's plan consists of at most four pieces, and each is a copy
/// of bytes.
///
/// There is a piece for each caller, app, operation and credential, not for their combinations: the number of pieces is
/// the sum of these, a few hundred, whatever the configuration.
struct PlanTexts: ~Copyable, Sendable {
  private let text: ByteBuffer
  /// Where pieces end in `text`. Each begins where the previous one ends. The first is empty.
  private let ends: [Int]
  private let firstApp: Int
  private let firstOperation: Int
  private let basic: Int
  private let firstSlot: Int

  /// - Parameter scopeTexts: the scopes of each token slot.
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

  /// Appends the caller with this number; nothing for nil, an unknown caller.
  func putCaller(_ caller: Int?, into out: inout ByteBuffer) {
    if let caller { putPiece(1 &+ caller, into: &out) }
  }

  /// Appends the caller and what `plan` decided.
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

  /// Appends the app and the operation of `plan`.
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
