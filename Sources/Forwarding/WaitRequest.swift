internal import HTTPMessages
package import Memory
package import SCORMCloudAPI
internal import TextCoding

/// What a caller asks for with `Prefer: wait=N`: an answer when the job is over.
package struct WaitRequest: Sendable, Equatable {
  /// Seconds that the caller is willing to wait.
  package var seconds: Int
  /// The job that the call starts; nil if it asks for a job's state.
  package var start: JobOperations.Start?

  package init(seconds: Int, start: JobOperations.Start?) {
    self.seconds = seconds
    self.start = start
  }
}

extension RequestPlanner {
  /// What the call's preference means; nil if it has no meaning here, as RFC 7240 provides: for any other operation, or
  /// if the caller may not ask for the job's state.
  @inline(never)
  func waitRequest(
    _ fields: borrowing FieldList, _ bytes: RawSpan, _ head: RequestHead, _ plan: RequestPlan
  ) -> WaitRequest? {
    guard plan.isKnownOperation, head.method != .head else { return nil }
    var preference = WaitPreference()
    for i in 0..<fields.count where fields[i].name == .prefer {
      preference.take(fields[i].value(in: bytes))
    }
    guard let seconds = preference.seconds else { return nil }
    if JobOperations.isPoll(plan.operation) { return WaitRequest(seconds: seconds, start: nil) }
    guard let start = JobOperations.started(by: plan.operation),
      rules.callers[plan.caller].operations.contains(start.poll)
    else { return nil }
    return WaitRequest(seconds: seconds, start: start)
  }

  /// The plan of a call that asks for the state of the job that `plan` has started.
  package func pollPlan(_ plan: RequestPlan, _ start: JobOperations.Start) -> RequestPlan {
    var poll = plan
    poll.operation = start.poll
    poll.isWrite = false
    poll.isBatch = true
    poll.rung = 0
    nameOwnCredential(&poll)
    return poll
  }
}

/// The head of a call that asks for a job's state, except for the job. It is written along with the caller's own head,
/// by the same rules.
package struct PollHead: ~Copyable {
  /// Method and base path.
  fileprivate var beginning = ByteBuffer()
  /// What follows the target.
  fileprivate var rest = ByteBuffer()

  package init() {}

  /// Appends the head for the job `id`, without the request id, the credential and the closing empty line.
  package func put(for poll: UInt8, id: [UInt8], into out: inout ByteBuffer) {
    out.put(beginning)
    JobPath.put(poll, id: id, into: &out)
    out.put(rest)
  }
}

extension RequestHeadRewriter {
  /// Writes the parts that are the same for each poll.
  package func writePoll(into head: inout PollHead) {
    head.beginning.put("GET ")
    head.beginning.put(basePath)
    head.rest.put(afterTarget)
    head.rest.put(RequestHeadRewriter.pageFields)
    via.put(receivedIn: .http11, into: &head.rest)
  }
}

/// The path of an operation that asks for a job's state.
package enum JobPath {
  /// Appends the path of `poll`, below the base path, with `id` as its one parameter.
  package static func put(_ poll: UInt8, id: [UInt8], into out: inout ByteBuffer) {
    for segment in OperationTable.operation(at: poll).template.description.split(separator: "/") {
      out.put(UInt8(ascii: "/"))
      if segment.hasPrefix("{") {
        JobAnswer.putSegment(id, into: &out)
      } else {
        out.put(text: String(segment))
      }
    }
  }
}

extension JobPath {
  /// The job that `path` asks for, which ends in the path of `poll`; nil if its id is not validly escaped.
  package static func id(in path: RawSpan, _ poll: UInt8) -> [UInt8]? {
    let segments = OperationTable.operation(at: poll).template.description.split(separator: "/")
    guard let place = segments.firstIndex(where: { $0.hasPrefix("{") }) else { return nil }
    // Counted from the end, because the base path comes first.
    let parts = path.text.split(separator: "/")
    let index = parts.count - (segments.count - place)
    guard parts.indices.contains(index),
      let text = PercentCoding.decode(parts[index], plusIsBlank: false)
    else { return nil }
    return Array(text.utf8)
  }
}
