/// The decisions of the old process in a hand-over: events in, actions out.
///
/// **Which process is the gateway** is always clear. Until ``Action/give`` it is the old one, whatever happens to the
/// new one. After that it is the new one. The steps before are designed so that only a pause has to be undone.
package struct HandOverMachine: Sendable, Equatable {
  /// How long a successor may take until it can serve, in nanoseconds. It waits for tokens and name resolution.
  package static let startPatience: Int64 = 40_000_000_000
  /// How long the event loops may take to hold, and a successor to take the state, in nanoseconds. Callers wait
  /// meanwhile.
  package static let holdPatience: Int64 = 2_000_000_000

  package enum State: Equatable, Sendable {
    /// No hand-over is in progress.
    case serving
    /// The successor reads its configuration, binds its addresses and gets ready.
    case starting(until: Int64)
    /// The successor is ready, and the event loops start nothing new.
    case holding(until: Int64)
    /// The successor was sent the whole state.
    case settling(until: Int64)
    /// The successor is the gateway.
    case given
  }

  package enum Event: Equatable, Sendable {
    /// SIGUSR2.
    case asked
    /// The successor could not be started, or could not be sent what it needs.
    case notStarted(String)
    case ready
    case loopsAreHeld
    case prepared
    /// The successor has ended, or has closed its end of the channel.
    case gone(String)
    /// Time passed without another event.
    case timePassed
    /// The gateway is asked to end.
    case endAsked
  }

  package enum Action: Equatable, Sendable {
    /// Start the program on disk and send it what it needs to get ready.
    case start
    case hold
    /// Send limits, pauses and modes.
    case tellState
    /// Make the successor the gateway: pass callers on and finish the calls in progress.
    case give
    case resume
    /// End the successor.
    case kill
    /// Report a line to the operator.
    case refuse(String)
    case report(String)
  }

  package private(set) var state = State.serving

  package init() {}

  /// Whether a hand-over is in progress or done.
  package var isUnderWay: Bool { state != .serving }

  /// The latest time for ``Event/timePassed``; `Int64.max` if nothing is waited for.
  package var deadline: Int64 {
    switch state {
    case .serving, .given: .max
    case .starting(let time), .holding(let time), .settling(let time): time
    }
  }

  package mutating func handle(_ event: Event, at now: Int64) -> [Action] {
    switch (state, event) {
    case (.serving, .asked):
      state = .starting(until: now + Self.startPatience)
      return [.start]
    case (.starting, .asked), (.holding, .asked), (.settling, .asked):
      return [.refuse("a hand-over is already in progress")]
    case (.given, .asked):
      return [
        .refuse("another process has taken over; this one is finishing its calls in progress")
      ]
    case (.starting, .ready):
      state = .holding(until: now + Self.holdPatience)
      return [.hold]
    case (.holding, .loopsAreHeld):
      state = .settling(until: now + Self.holdPatience)
      return [.tellState]
    case (.settling, .prepared):
      state = .given
      return [.give]
    case (.starting, .notStarted(let reason)), (.holding, .notStarted(let reason)),
      (.settling, .notStarted(let reason)):
      return fail(reason, kills: true)
    case (.starting, .gone(let reason)), (.holding, .gone(let reason)),
      (.settling, .gone(let reason)):
      return fail(reason, kills: false)
    case (.starting(let time), .timePassed):
      guard now >= time else { return [] }
      return fail("it was not ready within \(Self.startPatience / 1_000_000_000) s", kills: true)
    case (.holding(let time), .timePassed):
      guard now >= time else { return [] }
      return fail("an event loop of this process did not stop in time", kills: true)
    case (.settling(let time), .timePassed):
      guard now >= time else { return [] }
      return fail("it did not accept the state", kills: true)
    case (.starting, .endAsked), (.holding, .endAsked), (.settling, .endAsked):
      return fail("this process is shutting down", kills: true)
    case (.serving, _), (.given, _), (.starting, .loopsAreHeld), (.starting, .prepared),
      (.holding, .ready),
      (.holding, .prepared), (.settling, .ready), (.settling, .loopsAreHeld):
      return []
    }
  }

  /// Returns to the state before the hand-over.
  private mutating func fail(_ reason: String, kills: Bool) -> [Action] {
    let wasHeld = if case .starting = state { false } else { true }
    state = .serving
    return (kills ? [.kill] : []) + (wasHeld ? [.resume] : []) + [.report(reason)]
  }
}
