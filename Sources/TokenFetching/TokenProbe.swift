package import AccessTokens
internal import CurlTransport
package import Memory

/// Fetches one token like ``TokenService``, without keeping it. For commands. Blocks its thread, for at most the
/// settings' `totalTimeout`.
package enum TokenProbe {
  /// - Parameters:
  ///   - app: Index into the settings' apps.
  ///   - secret: A secret to try instead of the app's own.
  ///   - wallClock: Seconds since 1970.
  package static func fetch(
    app: Int, secret: SecretBytes? = nil, scopes: String, _ settings: TokenServiceSettings,
    wallClock: Int64
  ) -> Result<AccessToken, TokenFailure> {
    let request = TokenFetchRequest(
      slot: TokenSlot(index: 0), app: app, scopes: scopes, lifetime: settings.lifetime)
    let place = settings.place(of: app)
    let outcome = TokenOutcome(
      endpoint: place.endpoint, app: settings.apps[app].name, scopes: scopes,
      host: place.host, lifetime: settings.lifetime)
    let transfer: TokenTransfer
    do {
      let proof = try TLSProof.make(for: place.url, caFile: place.caFile)
      transfer = try TokenTransfer(
        request, settings: settings, proof: proof, secret: secret ?? settings.apps[app].secret,
        requestedAt: 0, wallClock: wallClock)
    } catch {
      return .failure(
        TokenFailure(.clientFault, detail: "the token request cannot be made: \(error)"))
    }
    return outcome.judge(transfer, transfer.perform()).map(\.0)
  }
}
