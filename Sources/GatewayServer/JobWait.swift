internal import Forwarding
internal import Memory
internal import SCORMCloudAPI

/// What an exchange that waits for a job holds. Other exchanges have no such object.
final class JobWait {
  enum Stage {
    /// The call is the caller's own: it starts the job, or asks for its state.
    case asked
    /// This call polls the job's state for all calls that wait for it.
    case polls
    /// Another call polls.
    case waits
  }

  /// The most bytes of an answer that are read: a job's state has a few thousand.
  static let answerLimit = 256 * 1024
  /// Polls in a row that may fail to find the job. Right after its start the job may not be visible yet; later it is
  /// gone.
  private static let unseenLimit = 3

  let request: WaitRequest
  /// How many of the requested seconds are applied.
  let seconds: Int
  /// When the wait ends, in monotonic nanoseconds.
  let endsAt: Int64
  /// The caller's own call, for the line and the figures.
  let plan: RequestPlan
  /// The plan of the calls that poll the job's state.
  let pollPlan: RequestPlan
  let interval: Int64
  var stage = Stage.asked
  var attempts = ListedAttempts()
  /// The job's key, once its id is known.
  var key: JobBoard.Key?
  var id: [UInt8] = []
  /// The head of the polling calls, without the job's id.
  var pollHead = PollHead()
  /// The head of the answer under way, in case that goes to the caller.
  var head = ByteBuffer()
  /// The body of the answer under way; after that, of the last answer that had a state of the job.
  var answer = ByteBuffer()
  /// The job's last state according to SCORM Cloud: an answer that was read to its end.
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

  /// Bytes of memory that the wait holds, in buffers that count.
  var heldBytes: Int { head.allocatedBytes + answer.allocatedBytes + state.allocatedBytes }

  /// The operation that polls the job's state.
  var poll: UInt8 { request.start?.poll ?? plan.operation }

  /// Nanoseconds until the next poll: the configured interval for the first ten, then gradually longer, up to ten times
  /// that.
  func nextDelay() -> Int64 {
    polls += 1
    return polls <= 10 ? interval : min(interval * 10, interval * Int64(polls - 9))
  }

  /// Notes that a poll did not find the job. Returns whether that happened too often.
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

  /// Records what the caller gets of the job's state.
  func record(in capture: BodyCapture?) { capture?.takeResponse(whole: state) }

  /// Keeps the body under way, which was read to its end, as the job's state.
  func takeState() {
    unseen = 0
    swap(&state, &answer)
    answer.removeAll()
  }
}

/// How jobs are waited for. Times are in nanoseconds.
package struct JobSettings: Sendable {
  /// The longest that a call may wait, whatever it requests.
  package var maxWait: Int64 = 55_000_000_000
  /// Between two polls of a job.
  package var poll: Int64 = 1_000_000_000

  package init() {}
}
