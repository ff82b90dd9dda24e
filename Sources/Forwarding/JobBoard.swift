package import SCORMCloudAPI

/// The jobs that callers have waited for: the state of each, and which waiting call polls it for all of them.
///
/// A value without clock or lock; times are nanoseconds since 1970. One call at a time polls a job. When that call
/// leaves, another one takes over.
package struct JobBoard: Sendable {
  /// What identifies a job.
  package struct Key: Hashable, Sendable {
    package var app: String
    /// The name of the operation that returns the job's state.
    package var poll: String
    package var id: String

    package init(app: String, poll: String, id: String) {
      self.app = app
      self.poll = poll
      self.id = id
    }
  }

  /// One job.
  package struct Job: Sendable {
    package let key: Key
    /// The first caller that waited, and the operation that it called.
    package let caller: String
    package let operation: String
    /// When a call first waited for it, and when its state was last reported.
    package let since: Int64
    package fileprivate(set) var told: Int64
    /// SCORM Cloud's word for the state; empty before the first poll.
    package fileprivate(set) var status = ""
    package fileprivate(set) var state = JobState.underWay
    package fileprivate(set) var polls = 0
    /// Calls that wait now.
    package fileprivate(set) var waiting = 0
    /// Callers that left before the job was over.
    package fileprivate(set) var left = 0
    /// SCORM Cloud's last answer, kept while calls wait.
    package fileprivate(set) var answer: [UInt8] = []
    fileprivate var hasPoller = false
    fileprivate var number: Int
  }

  /// What a call does while it waits for a job.
  package enum Role: Equatable, Sendable {
    case polls
    /// Another call polls and passes on the result.
    case waits
  }

  /// Why a call stops waiting.
  package enum Leaving: Sendable {
    /// It has its answer.
    case answered
    /// Its caller has disconnected.
    case callerGone
  }

  /// The most jobs that are kept.
  package static let limit = 1_000

  private var jobs: [Key: Job] = [:]
  private var nextNumber = 0

  package init() {}

  /// All jobs, the newest first.
  package var all: [Job] { jobs.values.sorted { $0.number > $1.number } }

  package subscript(key: Key) -> Job? { jobs[key] }

  /// Adds a call that waits for the job from now on.
  package mutating func join(
    _ key: Key, caller: String, operation: String, at now: Int64
  ) -> Role {
    if jobs[key] == nil {
      makeRoom()
      jobs[key] = Job(
        key: key, caller: caller, operation: operation, since: now, told: now, number: nextNumber)
      nextNumber += 1
    }
    jobs[key]?.waiting += 1
    return claim(key) ? .polls : .waits
  }

  /// Makes a waiting call the one that polls. Returns false if another one does already.
  package mutating func claim(_ key: Key) -> Bool {
    guard let job = jobs[key], !job.hasPoller else { return false }
    jobs[key]?.hasPoller = true
    return true
  }

  /// Records the job's state from the call that polls. Returns whether other calls wait for it.
  package mutating func report(
    _ key: Key, status: String, answer: [UInt8], at now: Int64
  ) -> Bool {
    guard jobs[key] != nil else { return false }
    jobs[key]?.status = status
    jobs[key]?.state = JobState(status)
    jobs[key]?.answer = answer
    jobs[key]?.told = now
    jobs[key]?.polls += 1
    return jobs[key]?.waiting ?? 0 > 1
  }

  /// Removes a call that stops waiting. Returns whether another one has to take over polling.
  package mutating func leave(_ key: Key, _ leaving: Leaving, polled: Bool) -> Bool {
    guard let job = jobs[key] else { return false }
    jobs[key]?.waiting -= 1
    if case .callerGone = leaving, !job.state.isFinal { jobs[key]?.left += 1 }
    if polled { jobs[key]?.hasPoller = false }
    if job.waiting == 1 { jobs[key]?.answer = [] }
    return polled && job.waiting > 1
  }

  /// Removes the oldest job that no call waits for, if the board is full.
  private mutating func makeRoom() {
    guard jobs.count >= JobBoard.limit else { return }
    let oldest = jobs.values.filter { $0.waiting == 0 }.min { $0.number < $1.number }
    if let oldest { jobs[oldest.key] = nil }
  }
}
