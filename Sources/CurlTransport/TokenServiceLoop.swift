internal import AccessTokens
internal import CLibcurl

/// What runs on the service thread: the mailbox's events and libcurl's go into the ``TokenManager``, and
/// what it decides is done.
///
/// The only place where the token machinery meets the clock and the network.
struct TokenServiceLoop {
  private let settings: TokenServiceSettings
  private let slots: TokenSlotTable
  private let multi: CurlMulti
  private let mailbox: TokenMailbox
  private let store: TokenStore
  private let wake: [@Sendable () -> Void]
  private let report: @Sendable (TokenReport) -> Void
  private var manager: TokenManager
  /// Transfers in flight, at most ``TokenManager/maximumFetchesInFlight``.
  private var transfers: [TokenTransfer] = []
  private var random = SystemRandomNumberGenerator()

  init(
    settings: TokenServiceSettings, slots: TokenSlotTable, multi: CurlMulti, mailbox: TokenMailbox,
    store: TokenStore, wake: [@Sendable () -> Void],
    report: @escaping @Sendable (TokenReport) -> Void
  ) {
    self.settings = settings
    self.slots = slots
    self.multi = multi
    self.mailbox = mailbox
    self.store = store
    self.wake = wake
    self.report = report
    manager = TokenManager(
      slots: slots, lifetime: settings.lifetime, schedule: settings.schedule)
  }

  /// Runs until the mailbox says stop; transfers in flight are then abandoned.
  mutating func run() {
    while true {
      let asked = mailbox.take()
      if asked.isStopping { break }
      let now = ServiceClock.monotonic
      var actions: [TokenAction] = []
      // Refusals first: a loop that lost its token asks for the next one in the same breath.
      for (slot, generation) in asked.rejected {
        actions += manager.rejected(slot, generation: generation, at: now)
      }
      for slot in asked.needed { actions += manager.needed(slot, at: now) }
      let store = store
      actions += manager.timersDue(at: now) { store.isUsed($0) }
      act(on: actions)
      if !multi.perform() { failAll() }
      while let (index, code) = multi.nextFinished(of: transfers) { finish(index, code) }
      multi.poll(milliseconds: waitInMilliseconds)
    }
    for transfer in transfers { multi.remove(transfer) }
    transfers.removeAll()
  }

  /// Time to the next timer, rounded up so that it is due when the wait ends.
  private var waitInMilliseconds: Int64 {
    guard let timer = manager.nextTimer else { return CurlMulti.longestPoll }
    let wait = timer.subtractingReportingOverflow(ServiceClock.monotonic)
    if wait.overflow || wait.partialValue > CurlMulti.longestPoll * 1_000_000 {
      return CurlMulti.longestPoll
    }
    return max(0, wait.partialValue + 999_999) / 1_000_000
  }

  private mutating func act(on actions: [TokenAction]) {
    var rest = actions
    var next = 0
    var published = false
    while next < rest.count {
      switch rest[next] {
      case .publish(let slot, let entry):
        store.publish(slot, entry)
        published = true
      case .startFetch(let request):
        store.clearUsed(request.slot)
        if let failure = start(request) {
          rest += finished(request.slot, .failure(failure), requestedAt: ServiceClock.monotonic)
        }
      }
      next += 1
    }
    if published { for callback in wake { callback() } }
  }

  /// Sends a request; the failure when it cannot be sent.
  private mutating func start(_ request: TokenFetchRequest) -> TokenFailure? {
    do throws(TokenTransfer.Fault) {
      let transfer = try TokenTransfer(
        request, settings: settings, requestedAt: ServiceClock.monotonic,
        wallClock: ServiceClock.wallSeconds)
      guard multi.add(transfer) else { throw TokenTransfer.Fault(code: CURLE_FAILED_INIT) }
      transfers.append(transfer)
      return nil
    } catch {
      let failure = TokenFailure(
        .clientFault,
        detail: "libcurl could not prepare a token request (code \(error.code.rawValue))")
      report(.failed(slots[request.slot], app: settings.apps[request.app].name, failure))
      return failure
    }
  }

  private mutating func finish(_ index: Int, _ code: CURLcode) {
    let transfer = transfers.remove(at: index)
    let request = transfer.request
    let app = settings.apps[request.app].name
    let outcome = TokenOutcome(
      endpoint: settings.endpoint, app: app, scopes: request.scopes, host: settings.host,
      lifetime: request.lifetime
    ).judge(transfer, code: code)
    multi.remove(transfer)
    switch outcome {
    case .success(let (token, lifetimeSource)):
      report(.obtained(slots[request.slot], app: app, token, lifetimeSource))
      act(on: finished(request.slot, .success(token), requestedAt: transfer.requestedAt))
    case .failure(let failure):
      report(.failed(slots[request.slot], app: app, failure))
      act(on: finished(request.slot, .failure(failure), requestedAt: transfer.requestedAt))
    }
  }

  /// libcurl's multi handle has failed as a whole (no memory): every transfer ends with it.
  private mutating func failAll() {
    while !transfers.isEmpty { finish(transfers.count - 1, CURLE_OUT_OF_MEMORY) }
  }

  private mutating func finished(
    _ slot: TokenSlot, _ result: Result<AccessToken, TokenFailure>, requestedAt: Int64
  ) -> [TokenAction] {
    manager.fetchFinished(
      slot, result: result, requestedAt: requestedAt, at: ServiceClock.monotonic,
      random: random.next())
  }
}
