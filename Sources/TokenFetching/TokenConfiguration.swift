internal import AccessTokens
internal import CurlTransport
internal import System

/// What the service thread works by, handed to it while it runs.
struct TokenConfiguration: Sendable {
  let settings: TokenServiceSettings
  let slots: TokenSlotTable
  let proofs: TokenProofs
  /// Numbers that stand for another app than before.
  let newApps: Set<Int>
  /// Notified when it is in force.
  let taken: ThreadSignal
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
