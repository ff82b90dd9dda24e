/// The old process' part of a hand-over, as decisions: events in, what to do out.
///
/// **Which process is the gateway** is never in doubt. Until ``Action/give`` it is the old one, whatever becomes of the
/// new one; from then on the new one is. The moments before are prepared so that nothing has to be undone but a pause.
package struct HandOverMachine: Sendable, Equatable {
  /// How long a successor may take until it can serve: tokens and names are waited for.
  package static let startPatience: Int64 = 40_000_000_000
  /// How long the event loops may take to hold, and a successor to take the state: callers wait meanwhile.
  package static let holdPatience: Int64 = 2_000_000_000

  package enum State: Equatable, Sendable {
    /// No hand-over is under way.
    case serving
    /// The successor reads its configuration, binds and gets ready.
    case starting(until: Int64)
    /// It is ready; the event loops begin nothing more.
    case holding(until: Int64)
    /// It has been told all there is.
    case settling(until: Int64)
    /// It is the gateway.
    case given
  }

  package enum Event: Equatable, Sendable {
    /// SIGUSR2.
    case asked
    /// The successor could not be started, or not be told what it needs.
    case notStarted(String)
    case ready
    case loopsAreHeld
    case prepared
    /// The successor has ended, or its end of the channel has.
    case gone(String)
    /// Nothing else has happened.
    case timePassed
    /// The gateway is to end.
    case endAsked
  }

  package enum Action: Equatable, Sendable {
    /// Start the program on the disk, and tell it what it needs to get ready.
    case start
    case hold
    /// Tell limits, pauses and modes.
    case tellState
    /// The successor is the gateway: give it the callers, and finish what is under way.
    case give
    case resume
    /// End the successor.
    case kill
    /// A line for the operator.
    case refuse(String)
    case report(String)
  }

  package private(set) var state = State.serving

  package init() {}

  /// Whether a hand-over is under way, or over.
  package var isUnderWay: Bool { state != .serving }

  /// When ``Event/timePassed`` is to be told at the latest; `Int64.max` when nothing is waited for.
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

  /// Everything is as it was.
  private mutating func fail(_ reason: String, kills: Bool) -> [Action] {
    let wasHeld = if case .starting = state { false } else { true }
    state = .serving
    return (kills ? [.kill] : []) + (wasHeld ? [.resume] : []) + [.report(reason)]
  }
}
