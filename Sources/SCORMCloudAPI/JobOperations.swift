/// Operations that start a job, and those that return its state.
///
/// SCORM Cloud does not document the pairs: they follow from the clients' schemas. A job is polled with an operation
/// whose answer has a `status` from a bounded set, for an id from the starting operation's answer.
package enum JobOperations {
  /// One operation that starts jobs.
  package struct Start: Sendable, Equatable {
    package let operation: UInt8
    /// The operation that returns the state of its jobs.
    package let poll: UInt8
    /// The member of its answer with the job's id, as ``poll`` takes it.
    package let id: StaticString

    package static func == (a: Start, b: Start) -> Bool {
      (a.operation, a.poll, "\(a.id)") == (b.operation, b.poll, "\(b.id)")
    }
  }

  /// Every pair of the catalogue.
  package static let all: [Start] = [
    // StringResultSchema, and ImportJobResultSchema.
    pair("CreateFetchAndImportCourseJob", "GetImportJobStatus", id: "result"),
    pair("CreateNoUploadAndImportCourseJob", "GetImportJobStatus", id: "result"),
    pair("CreateUploadAndImportCourseJob", "GetImportJobStatus", id: "result"),
    // InvitationSummarySchema, and InvitationJobStatusSchema: the emails of a private invitation are a job.
    pair("CreatePrivateInvitation", "GetPrivateInvitationJobStatus", id: "id"),
  ].compactMap(\.self)

  /// The jobs that `operation` starts; nil if it starts none.
  package static func started(by operation: UInt8) -> Start? {
    all.first { $0.operation == operation }
  }

  /// Whether `operation` returns a job's state.
  package static func isPoll(_ operation: UInt8) -> Bool { all.contains { $0.poll == operation } }

  private static func pair(_ start: String, _ poll: String, id: StaticString) -> Start? {
    guard let start = OperationTable.named(start), let poll = OperationTable.named(poll) else {
      return nil
    }
    return Start(operation: start.index, poll: poll.index, id: id)
  }
}

/// The meaning of a job's `status`. Documents differ in its words and their case, so case is ignored, and words that
/// only some documents have are known too.
package enum JobState: Sendable, Equatable {
  case succeeded, failed
  /// In progress, or a word that is not known: it may still change to a known one.
  case underWay

  package init(_ status: some StringProtocol) {
    switch status.lowercased() {
    // `COMPLETE`: ImportJobResultSchema. `finished`: SCORM Cloud's guide for LMS vendors.
    case "complete", "completed", "finished", "success", "succeeded": self = .succeeded
    case "error", "failed", "failure", "cancelled", "canceled": self = .failed
    default: self = .underWay
    }
  }

  package var isFinal: Bool { self != .underWay }
}
