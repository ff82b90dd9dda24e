internal import Configuration
internal import GatewayServer
internal import Synchronization
internal import System
internal import Telemetry

/// Notices that the upstream cannot be reached, and that it can again: the operator is told of each once.
///
/// Owned by the thread that waits for signals, which looks every two seconds. One request without an answer does
/// not concern the operator; only when a second look finds that nothing has been answered since is it told.
package struct UpstreamWatch {
  /// How the last requests went, as of one look. Nanoseconds of ``TimeSource/monotonic``; 0: there was none.
  struct Look {
    var answeredAt: Int64
    var unansweredAt: Int64

    /// Whether the last request got an answer, or there was none.
    var isWell: Bool { answeredAt >= unansweredAt }
  }

  private enum State: Equatable {
    case well
    /// One look has found a request without an answer, which was made then.
    case suspected(answeredAt: Int64)
    /// The operator was told, at that time.
    case told(at: Int64)
  }

  private var state = State.well
  /// The upstream, for the operator: `cloud.scorm.com:443`.
  var name: String

  package init(name: String) { self.name = name }

  /// What is to be told after this look; nil for nothing.
  mutating func note(_ look: Look, at now: Int64) -> OperatorNotice? {
    switch state {
    case .well:
      if !look.isWell { state = .suspected(answeredAt: look.answeredAt) }
    case .suspected(let answeredAt):
      if look.isWell {
        state = .well
      } else if look.answeredAt != answeredAt {
        // An answer came in between: some requests fail, which metrics tell.
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
  /// A watch over this gateway's upstream.
  package func upstreamWatch() -> UpstreamWatch {
    UpstreamWatch(name: relays.current.settings.upstreamName)
  }

  /// Looks once, and tells what is to be told.
  package func look(_ watch: inout UpstreamWatch) {
    watch.name = relays.current.settings.upstreamName
    let trace = UpstreamTrace(relays.figures)
    let look = UpstreamWatch.Look(
      answeredAt: trace.answeredAt, unansweredAt: trace.unansweredAt)
    if let notice = watch.note(look, at: relays.clock.monotonic) { tell(notice) }
  }
}
