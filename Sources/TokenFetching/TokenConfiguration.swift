internal import AccessTokens
internal import CurlTransport
internal import Synchronization
internal import System

/// A configuration for the service thread, handed to it while it runs.
struct TokenConfiguration: Sendable {
  let settings: TokenServiceSettings
  let slots: TokenSlotTable
  let proofs: TokenProofs
  /// Numbers that denote a different app than before.
  let newApps: Set<Int>
  let handover: ConfigurationHandover
}

/// The hand-over of a configuration: either the thread takes it, or it is given up before that.
final class ConfigurationHandover: Sendable {
  private enum State { case waits, taken, givenUp }

  private let state = Mutex(State.waits)
  private let signal: ThreadSignal

  init() throws(SystemError) { signal = try ThreadSignal() }

  /// Takes the configuration on the service thread. Returns false if it was given up.
  func take() -> Bool {
    state.withLock { state in
      guard state == .waits else { return false }
      state = .taken
      return true
    }
  }

  /// Signals that the configuration is in force.
  func notify() { signal.notify() }

  /// Waits until the configuration is in force, but at most `milliseconds` until the thread takes it. Returns false if
  /// it is given up.
  func wait(milliseconds: Int32) -> Bool {
    if signal.wait(milliseconds: milliseconds) { return true }
    let isGivenUp = state.withLock { state in
      if state == .waits { state = .givenUp }
      return state == .givenUp
    }
    // The thread has just taken it, and nothing delays the rest.
    return isGivenUp ? false : signal.wait(milliseconds: -1)
  }
}

/// How the server of each place proves its identity. A place without TLS has no proof.
struct TokenProofs: Sendable {
  private var proofs: [TokenPlace: TLSProof] = [:]

  /// Loads the proofs for every place in the settings.
  ///
  /// - Parameter known: The proofs in use. A former place keeps its proof.
  /// - Throws: If certificate authorities to trust cannot be read.
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
