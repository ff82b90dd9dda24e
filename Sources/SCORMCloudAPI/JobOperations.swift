/// Operations that start a job, and those that tell how it goes.
///
/// SCORM Cloud names the pairs nowhere: they follow from the clients' schemas. A job is polled by an operation that answers
/// with a `status` of a bounded set, for an id that the starting operation has answered with.
package enum JobOperations {
  /// One operation that starts jobs.
  package struct Start: Sendable, Equatable {
    package let operation: UInt8
    /// What tells how its jobs go.
    package let poll: UInt8
    /// The member of its answer that is the job's id, as ``poll`` takes it.
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
    // InvitationSummarySchema, and InvitationJobStatusSchema: the mails of a private invitation are a job.
    pair("CreatePrivateInvitation", "GetPrivateInvitationJobStatus", id: "id"),
  ].compactMap(\.self)

  /// The jobs that `operation` starts; nil for one that starts none.
  package static func started(by operation: UInt8) -> Start? {
    all.first { $0.operation == operation }
  }

  /// Whether `operation` tells how a job goes.
  package static func isPoll(_ operation: UInt8) -> Bool { all.contains { $0.poll == operation } }

  private static func pair(_ start: String, _ poll: String, id: StaticString) -> Start? {
    guard let start = OperationTable.named(start), let poll = OperationTable.named(poll) else {
      return nil
    }
    return Start(operation: start.index, poll: poll.index, id: id)
  }
}

/// What the `status` of a job means. Documents disagree about its letters and words, so case does not matter, and words
/// that only some of them have are known too.
package enum JobState: Sendable, Equatable {
  case succeeded, failed
  /// Or a word that nobody knows: it may become one that is.
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
