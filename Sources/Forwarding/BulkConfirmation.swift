package import HTTPMessages
internal import JSONText
package import Memory
internal import SCORMCloudAPI

/// A call that acts on every record of a filter. It is sent only if its caller knows how many records that is
/// (`policy.confirmBulk`).
package struct BulkConfirmation: Sendable, Equatable {
  /// The number in `X-Scorm-Confirm`; nil if the field is missing.
  package var number: Int?
  /// The operation that counts the records.
  package var list: UInt8

  package init(number: Int?, list: UInt8) {
    self.number = number
    self.list = list
  }

  /// The field that gives the number. It is not sent upstream.
  package static let field: StaticString = "X-Scorm-Confirm"

  /// Why the call is not sent if there are `count` records; nil if it may be sent.
  package func refusal(_ count: Int) -> GatewayError? {
    guard number != count else { return nil }
    let said = number.map { "\(BulkConfirmation.field) says \($0)" } ?? "it is missing"
    return GatewayError(
      .confirmationNeeded,
      "This call acts on \(count) record\(count == 1 ? "" : "s"), and \(said): if that is meant, send it "
        + "again with \(BulkConfirmation.field): \(count).")
  }

  /// The error for a call whose records cannot be counted, because the list would not select the same ones.
  package static func uncountable(_ reason: String) -> GatewayError {
    GatewayError(
      .confirmationNeeded,
      "This call acts on all records that match a filter, and they cannot be counted: \(reason).")
  }
}

extension RequestPlanner {
  /// Notes that the call must be confirmed: it writes, acts on a selection, and the configuration requires it. A call
  /// that is not sent needs no confirmation.
  @inline(__always)
  func noteSelection(_ plan: inout RequestPlan) {
    guard plan.isKnownOperation, rules.confirmed.contains(plan.operation), plan.obstacle == .none
    else { return }
    plan.obstacle = .count
  }

  /// What happens to a call that is not simply sent.
  @inline(never)
  func planObstacle(
    _ head: RequestHead, _ fields: borrowing FieldList, _ bytes: RawSpan, _ plan: RequestPlan
  ) throws(PlanRefusal) -> PlannedAnswer {
    do throws(GatewayError) { return try obstacle(head, fields, bytes, plan) } catch {
      throw PlanRefusal(at: .policy, error, plan)
    }
  }

  func obstacle(
    _ head: RequestHead, _ fields: borrowing FieldList, _ bytes: RawSpan, _ plan: RequestPlan
  ) throws(GatewayError) -> PlannedAnswer {
    guard case .count = plan.obstacle, let selection = BulkSelection.of(plan.operation) else {
      return .rehearse(plan)
    }
    var number: Int?
    for i in 0..<fields.count where fields[i].name == .xScorm {
      guard fields[i].name(in: bytes).equalsIgnoringCase("x-scorm-confirm") else { continue }
      guard number == nil, let value = fields[i].value(in: bytes).wholeNumber else {
        throw GatewayError(
          .malformedRequest,
          "X-Scorm-Confirm must be one number: how many records this call acts on."
        )
      }
      number = Int(clamping: value)
    }
    try checkFilter(head.query(in: bytes), selection, plan)
    return .confirm(plan, BulkConfirmation(number: number, list: selection.list))
  }

  /// Refuses query parameters that are not filters of the operation: the list might obey them, and would then count
  /// fewer records than the operation acts on. Names are compared as received, so a filter that is spelt differently is
  /// refused.
  private func checkFilter(
    _ query: RawSpan, _ selection: BulkSelection, _ plan: RequestPlan
  ) throws(GatewayError) {
    var start = 1
    while start < query.byteCount {
      let end = query.firstIndex(of: UInt8(ascii: "&"), from: start)
      let pair = query.slice(start, end)
      start = end + 1
      let name = pair.slice(0, pair.firstIndex(of: UInt8(ascii: "="), from: 0))
      guard name.byteCount > 0, !selection.filters.contains(where: { name.equals($0) }) else {
        continue
      }
      let operation = OperationTable.operation(at: plan.operation).name
      throw BulkConfirmation.uncountable(
        "the query has a parameter that is not a filter of \(operation); leave it out")
    }
  }

  /// The plan of the call that counts the records `plan` acts on.
  package func countPlan(_ plan: RequestPlan, _ confirmation: BulkConfirmation) -> RequestPlan {
    var count = plan
    count.operation = confirmation.list
    count.isWrite = false
    count.isBatch = true
    count.rung = 0
    count.obstacle = .none
    nameOwnCredential(&count)
    return count
  }
}

extension RequestHeadRewriter {
  /// Appends the head of the call that counts the records which the call with `head` acts on. It has the same query,
  /// and the same path up to where the list's path ends. The request id, the credential and the closing empty line are
  /// not included.
  package func writeCount(
    _ head: RequestHead, in bytes: RawSpan, plan: RequestPlan, by list: UInt8,
    into out: inout ByteBuffer
  ) {
    let path = bytes.slice(plan.restStart, head.pathEnd)
    var end = 0
    for _ in OperationTable.operation(at: list).template.description.split(separator: "/") {
      end = path.firstIndex(of: UInt8(ascii: "/"), from: end + 1)
    }
    out.put("GET ")
    out.put(basePath)
    out.put(path.slice(0, min(end, path.byteCount)))
    let query = head.query(in: bytes)
    out.put(query.byteCount > 1 ? query : RawSpan())
    out.put(query.byteCount > 1 ? "&" : "?")
    out.put("includeTotalCount=true")
    out.put(afterTarget)
    out.put(RequestHeadRewriter.pageFields)
    via.put(receivedIn: .http11, into: &out)
  }
}
