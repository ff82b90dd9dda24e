internal import Configuration
internal import GatewayServer
internal import Synchronization
internal import System
internal import Telemetry

/// Notices when the upstream becomes unreachable and when it answers again, and reports each to the operator once.
///
/// Used only on the thread that waits for signals, which looks every two seconds. A single request without an answer
/// does not concern the operator. It is reported only if a second look finds that nothing was answered in between.
package struct UpstreamWatch {
  /// How the last requests went, at one look. Times are nanoseconds of ``TimeSource/monotonic``; 0 means never.
  struct Look {
    var answeredAt: Int64
    var unansweredAt: Int64

    /// Whether the last request was answered, or none was made.
    var isWell: Bool { answeredAt >= unansweredAt }
  }

  private enum State: Equatable {
    case well
    /// One look has found an unanswered request. The last answer before it came at `answeredAt`.
    case suspected(answeredAt: Int64)
    /// The operator was warned at this time.
    case told(at: Int64)
  }

  private var state = State.well
  /// The upstream's name for the operator, such as `cloud.scorm.com:443`.
  var name: String

  package init(name: String) { self.name = name }

  /// The message to report after this look; nil if there is none.
  mutating func note(_ look: Look, at now: Int64) -> OperatorNotice? {
    switch state {
    case .well:
      if !look.isWell { state = .suspected(answeredAt: look.answeredAt) }
    case .suspected(let answeredAt):
      if look.isWell {
        state = .well
      } else if look.answeredAt != answeredAt {
        // An answer came in between, so only some requests fail. Metrics show that.
        state = .suspected(answeredAt: look.answeredAt)
      } else {
        state = .told(at: now)
        let since =
          answeredAt == 0
          ? "it has not answered yet"
          : "its last answer came \(UpstreamWatch.seconds(now - answeredAt)) ago"
        return .warning(
          "the upstream \(name) cannot be reached: \(since); error.type in the traffic log says why"
        )
      }
    case .told(let time):
      guard look.isWell else { return nil }
      state = .well
      return .info(
        "the upstream \(name) answers again, \(UpstreamWatch.seconds(now - time)) after the warning"
      )
    }
    return nil
  }

  private static func seconds(_ nanoseconds: Int64) -> String {
    "\(max(0, nanoseconds) / 1_000_000_000) s"
  }
}

extension GatewayProcess {
  /// Makes a watch for this gateway's upstream.
  package func upstreamWatch() -> UpstreamWatch {
    UpstreamWatch(name: relays.current.settings.upstreamName)
  }

  /// Looks once and reports what has changed.
  package func look(_ watch: inout UpstreamWatch) {
    watch.name = relays.current.settings.upstreamName
    let trace = UpstreamTrace(relays.figures)
    let look = UpstreamWatch.Look(
      answeredAt: trace.answeredAt, unansweredAt: trace.unansweredAt)
    if let notice = watch.note(look, at: relays.clock.monotonic) { tell(notice) }
  }
}
