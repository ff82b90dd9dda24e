internal import AccessTokens
internal import CurlTransport
internal import Synchronization
internal import System

/// What the service thread works by, handed to it while it runs.
struct TokenConfiguration: Sendable {
  let settings: TokenServiceSettings
  let slots: TokenSlotTable
  let proofs: TokenProofs
  /// Numbers that stand for another app than before.
  let newApps: Set<Int>
  let handover: ConfigurationHandover
}

/// Whether the thread has taken a configuration, or it was given up before: one of the two.
final class ConfigurationHandover: Sendable {
  private enum State { case waits, taken, givenUp }

  private let state = Mutex(State.waits)
  private let signal: ThreadSignal

  init() throws(SystemError) { signal = try ThreadSignal() }

  /// The thread takes it. False when it was given up.
  func take() -> Bool {
    state.withLock { state in
      guard state == .waits else { return false }
      state = .taken
      return true
    }
  }

  /// It is in force.
  func notify() { signal.notify() }

  /// Waits until it is in force, for `milliseconds` until the thread begins with it. False when it is given up.
  func wait(milliseconds: Int32) -> Bool {
    if signal.wait(milliseconds: milliseconds) { return true }
    let isGivenUp = state.withLock { state in
      if state == .waits { state = .givenUp }
      return state == .givenUp
    }
    // The thread has just begun, and nothing holds it up there.
    return isGivenUp ? false : signal.wait(milliseconds: -1)
  }
}

/// By place, how its server proves who it is; none for a place without TLS.
struct TokenProofs: Sendable {
  private var proofs: [TokenPlace: TLSProof] = [:]

  /// For every place that the settings name.
  ///
  /// - Parameter known: those that are in use. What a former place has to prove stays as it was.
  /// - Throws: when authorities to trust cannot be read.
  init(
    _ settings: TokenServiceSettings, known: TokenProofs? = nil
  ) throws(TokenServiceSettings.Problem) {
    for place in Set(settings.apps.compactMap(\.formerPlace) + [settings.place]) {
      if place != settings.place, let proof = known?.proofs[place] {
        proofs[place] = proof
        continue
      }
      do { proofs[place] = try TLSProof.make(for: place.url, caFile: place.caFile) } catch {
        throw .badTrust(error.description)
      }
    }
  }

  subscript(place: TokenPlace) -> TLSProof? { proofs[place] }
}
