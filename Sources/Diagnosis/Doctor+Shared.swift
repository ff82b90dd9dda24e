internal import Configuration
internal import FleetStore
internal import Gateway
internal import RateLimiting
internal import System
internal import TokenFetching

/// Checks of the store through which several gateways share limits.
extension Doctor {
  func store(_ settings: Settings) -> Finding {
    guard let shared = settings.shared else {
      return .ok(.shared, "nothing is shared with other gateways")
    }
    // Like a gateway's, but without limits, so that it leases nothing.
    guard
      let limiter = try? SharedLimiter(
        LimiterSettings(rules: [], appCount: 1, callerCount: 1), wake: { _ in })
    else { return .skipped(.shared, "it cannot be checked") }
    let service: FleetService
    do {
      service = try FleetService(FleetSettings(shared, 1), limiter: limiter)
    } catch {
      return .warning(.shared, .storeUseless, "\(shared.url): \(error.text)")
    }
    defer { service.stop() }
    let end = SystemClock.monotonic + Int64(timeout) * 1_000_000
    let pause = try? ThreadSignal()
    while SystemClock.monotonic < end, !service.status.isLive {
      _ = pause?.wait(milliseconds: 20)
    }
    let status = service.status
    guard status.isLive else {
      // Calls continue without the store, so this is not a failure of the gateway.
      return .warning(
        .shared, .storeUseless, "\(shared.url): \(status.failure ?? "it does not answer in time")")
    }
    return .ok(.shared, "\(shared.url): connected, scripts are taken")
  }

  /// Checks the key that seals shared tokens. It was read with the configuration and is tried here.
  func shareKey(_ settings: Settings) -> [Finding] {
    guard let share = settings.tokenShare, let shared = settings.shared else { return [] }
    guard let seal = TokenSeal(key: share.key, prefix: shared.prefix), seal.works else {
      return [.warning(.shared, .shareKeyUseless, "OpenSSL cannot seal with tokens.shareKey")]
    }
    return [
      .ok(
        .shared,
        "tokens are shared, sealed with key \(seal.mark): the mark must be the same at all gateways"
      )
    ]
  }
}
