internal import Forwarding
internal import Memory
internal import SCORMCloudAPI

/// What an exchange holds that waits for a job. There is none for any other exchange.
final class JobWait {
  enum Stage {
    /// The call is the caller's own: it starts the job, or asks how it goes.
    case asked
    /// This call asks how the job goes, for all that wait for it.
    case polls
    /// Another call does.
    case waits
  }

  /// Bytes of an answer that are read: a job's state has a few thousand.
  static let answerLimit = 256 * 1024
  /// Polls in a row that do not find the job: right after its start it may not be visible yet, later it is gone.
  private static let unseenLimit = 3

  let request: WaitRequest
  /// Seconds that are applied of those that were asked for.
  let seconds: Int
  /// Until when it waits, in monotonic nanoseconds.
  let endsAt: Int64
  /// The caller's own call, for the line and the figures.
  let plan: RequestPlan
  /// The call that asks how the job goes.
  let pollPlan: RequestPlan
  let interval: Int64
  var stage = Stage.asked
  var attempts = ListedAttempts()
  /// Whose job it is, once its id is known.
  var key: JobBoard.Key?
  var id: [UInt8] = []
  /// The head of the calls that ask for its state, but for the job.
  var pollHead = PollHead()
  /// The head of the answer under way, in case that is for the caller.
  var head = ByteBuffer()
  /// The body of the answer under way, then of the last one that told of the job.
  var answer = ByteBuffer()
  /// What SCORM Cloud said last of the job: an answer that was read to its end.
  var state = ByteBuffer()
  private var polls = 0
  private var unseen = 0

  init(
    _ request: WaitRequest, _ plan: RequestPlan, poll: RequestPlan, _ settings: JobSettings,
    at now: Int64
  ) {
    self.request = request
    self.plan = plan
    pollPlan = poll
    interval = settings.poll
    seconds = min(request.seconds, Int(settings.maxWait / 1_000_000_000))
    endsAt = now + Int64(seconds) * 1_000_000_000
  }

  /// Bytes of memory it holds, in buffers that count.
  var heldBytes: Int { head.allocatedBytes + answer.allocatedBytes + state.allocatedBytes }

  /// The operation that tells how the job goes.
  var poll: UInt8 { request.start?.poll ?? plan.operation }

  /// Nanoseconds until the next poll: as the settings say for the first ten, then longer and longer, to ten times that.
  func nextDelay() -> Int64 {
    polls += 1
    return polls <= 10 ? interval : min(interval * 10, interval * Int64(polls - 9))
  }

  /// A poll did not find the job. Returns whether that was one too many.
  func isGone() -> Bool {
    unseen += 1
    return unseen >= JobWait.unseenLimit
  }

  /// Appends what was read of the body under way.
  func putAnswer(isChunked: Bool, into out: inout ByteBuffer, _ capture: BodyCapture?) {
    guard !answer.isEmpty else { return }
    capture?.takeResponse(whole: answer)
    if isChunked { ChunkWriter.put(whole: answer, into: &out) } else { out.put(answer) }
  }

  /// Records what the caller gets of the job.
  func record(in capture: BodyCapture?) { capture?.takeResponse(whole: state) }

  /// The body under way was read to its end.
  func takeState() {
    unseen = 0
    swap(&state, &answer)
    answer.removeAll()
  }
}

/// How jobs are waited for. Times in nanoseconds.
package struct JobSettings: Sendable {
  /// The longest that a call may wait, whatever it asks for.
  package var maxWait: Int64 = 55_000_000_000
  /// Between two polls of a job.
  package var poll: Int64 = 1_000_000_000

  package init() {}
}
