package import AccessTokens
internal import CurlTransport
package import Fleet
package import Memory
internal import Synchronization
package import System

/// What the service reports for the operator's log. Reported on the service thread, which waits until the call returns.
package enum TokenReport: Sendable {
  /// A token was granted. If the lifetime in the answer was unusable, its source should be logged as a warning.
  case obtained(
    TokenSlotTable.Key, app: String, AccessToken, TokenAnswer.LifetimeSource)
  /// A fetch has failed.
  case failed(TokenSlotTable.Key, app: String, TokenFailure)
  /// Another process of this gateway has handed over a token of the app.
  case handedOver(app: String)
  /// The app's secret was refused, and another one that works has replaced it. `generation` counts the secrets.
  case switched(app: String, generation: UInt32)
  /// Another gateway of the fleet fetched a token of the app.
  case shared(app: String)
  /// An entry of the store cannot be opened as a token, for this reason. Reported once for each key.
  case unopened(reason: String)
}

/// Fetches tokens through libcurl and keeps them fresh, on a separate thread.
///
/// Event loops look tokens up in their own ``TokenView`` of ``store``. They call the service only if a token is missing
/// (``need(_:)``) or was refused (``rejected(_:generation:withdraws:)``). Neither call waits: the result is published,
/// and then the wake callbacks run.
package final class TokenService: TokenDemand {
  /// The longest time for which ``stop()`` waits for the thread, in milliseconds.
  package static let stopBound: Int32 = 2_000

  /// Where the tokens are published.
  package let store: TokenStore
  private let current: Mutex<Current>
  let board: TokenBoard
  let clock: TimeSource
  private let multi: CurlMulti
  private let mailbox: TokenMailbox
  private let thread = Mutex<WorkerThread?>(nil)

  /// Checks the settings. Nothing runs before ``start(wake:report:)``.
  ///
  /// - Parameter clock: The clock for tokens' lifetimes and pauses. libcurl itself measures how long an endpoint takes,
  ///   with the system's clock.
  package init(
    settings: TokenServiceSettings, slots: TokenSlotTable, clock: TimeSource = .system
  ) throws(TokenServiceSettings.Problem) {
    try settings.check(against: slots)
    let proofs = try TokenProofs(settings)
    guard
      let multi = CurlMulti(
        maximumConnections: TokenManager.maximumFetchesInFlight + settings.apps.count)
    else {
      throw .noCurl
    }
    current = Mutex(Current(settings: settings, slots: slots, proofs: proofs))
    self.clock = clock
    self.multi = multi
    mailbox = TokenMailbox(slotCount: slots.count)
    board = TokenBoard(slots: slots, apps: settings.apps.map(\.name))
    store = TokenStore(
      slotCount: slots.count,
      basicLines: settings.apps.map { BasicCredential.line(id: $0.id, secret: $0.secret) })
  }

  deinit { _ = stop() }

  private struct Current {
    var settings: TokenServiceSettings
    var slots: TokenSlotTable
    var proofs: TokenProofs
  }

  var settings: TokenServiceSettings { current.withLock { $0.settings } }

  /// The meaning of each slot.
  package var slots: TokenSlotTable { current.withLock { $0.slots } }

  /// Starts the thread. Call it once.
  ///
  /// - Parameters:
  ///   - wake: Called on the service thread after publications. Must return immediately.
  ///   - report: Called on the service thread after every fetch.
  ///   - ask: Asks the fleet about tokens, without waiting; ``answered(_:_:)`` takes the answers. Called on the service
  ///     thread if the settings share tokens.
  /// - Returns: False if the system cannot create a thread.
  package func start(
    wake: [@Sendable () -> Void], report: @escaping @Sendable (TokenReport) -> Void = { _ in },
    ask: (@Sendable (SharedTokenQuestion) -> Void)? = nil
  ) -> Bool {
    let current = current.withLock { $0 }
    let (multi, mailbox) = (multi, mailbox)
    let (store, board, clock) = (store, board, clock)
    return thread.withLock { thread in
      precondition(thread == nil, "the token service is started once")
      do throws(SystemError) {
        let worker = try WorkerThread()
        try worker.start("tokens") {
          var loop = TokenServiceLoop(
            settings: current.settings, proofs: current.proofs, slots: current.slots, multi: multi,
            mailbox: mailbox,
            store: store, board: board, clock: clock, wake: wake, report: report, ask: ask)
          let turns = clock.onTurn { multi.wake() }
          loop.run()
          withExtendedLifetime(turns) {}
        }
        thread = worker
        return true
      } catch { return false }
    }
  }

  /// Requests the token of `slot` for a caller that waits. May be called on any thread. Requests during a fetch have no
  /// further effect.
  package func need(_ slot: TokenSlot) {
    if mailbox.need(slot) { multi.wake() }
  }

  /// Has tokens fetched before a caller waits for them.
  package func prefetch(_ slots: [TokenSlot]) {
    for slot in slots { need(slot) }
  }

  /// Reports that the upstream answered 401 to the token of `slot` with this generation
  /// (``TokenView/generation(of:)``). May be called on any thread.
  package func rejected(_ slot: TokenSlot, generation: UInt32, withdraws: Bool) {
    if mailbox.reject(slot, generation: generation, withdraws: withdraws) { multi.wake() }
  }

  /// Reports that the upstream answered 401 to the app's Basic credential. May be called on any thread.
  package func basicRefused(app: Int, operation: UInt8, generation: UInt32) {
    if mailbox.refuseBasic(app: app, operation: operation, generation: generation) { multi.wake() }
  }

  /// Has new tokens fetched for `slots` now; current ones stay in use until then. May be called on any thread.
  ///
  /// - Returns: False if too many orders are waiting.
  @discardableResult
  package func renew(_ slots: [TokenSlot]) -> Bool { order(slots.map { .renew($0) }) }

  /// Forgets the tokens of `slots`: the next call that needs one has it fetched. May be called on any thread.
  ///
  /// - Returns: False if too many orders are waiting.
  @discardableResult
  package func drop(_ slots: [TokenSlot]) -> Bool { order(slots.map { .drop($0) }) }

  /// Uses other secrets for the app at `app` from now on. Tokens granted for the old ones stay in use until they expire
  /// or are refused. May be called on any thread.
  ///
  /// - Returns: False if a secret cannot be sent, or too many orders are waiting.
  @discardableResult
  package func replaceSecrets(
    app: Int, secret: SecretBytes, nextSecret: SecretBytes?
  ) -> Bool {
    let secrets = [secret] + (nextSecret.map { [$0] } ?? [])
    guard secrets.allSatisfy(TokenApp.isUsable) else { return false }
    return order([.secrets(app: app, secrets)])
  }

  /// Seals what is shared with other gateways with another key from now on. May be called on any thread.
  @discardableResult
  package func useShareKey(_ key: SecretBytes) -> Bool { order([.shareKey(key)]) }

  /// Takes the fleet's answer to a lookup. May be called on any thread.
  package func answered(_ ticket: UInt64, _ answer: SharedTokenAnswer) {
    if mailbox.answer(ticket, answer) { multi.wake() }
  }

  /// The longest time for which ``adopt(_:slots:newApps:)`` waits for the thread, in milliseconds.
  package static let adoptBound: Int32 = 5_000

  /// Fetches for another configuration from now on. Slots and apps that mean the same as before keep their tokens and
  /// what is known about their secrets. Waits until the configuration is in force.
  ///
  /// - Parameter newApps: Numbers that denote a different app than before.
  /// - Throws: If the settings cannot work; then nothing has changed.
  package func adopt(
    _ settings: TokenServiceSettings, slots: TokenSlotTable, newApps: Set<Int>
  ) throws(TokenServiceSettings.Problem) {
    try settings.check(against: slots)
    let proofs = try TokenProofs(settings, known: current.withLock { $0.proofs })
    let handover: ConfigurationHandover
    do { handover = try ConfigurationHandover() } catch { throw .isBusy }
    mailbox.allowSlots(below: slots.count)
    let next = TokenConfiguration(
      settings: settings, slots: slots, proofs: proofs, newApps: newApps, handover: handover)
    guard order([.configuration(next)]), handover.wait(milliseconds: Self.adoptBound) else {
      throw .isBusy
    }
    current.withLock { $0 = Current(settings: settings, slots: slots, proofs: proofs) }
  }

  func order(_ orders: [TokenMailbox.Order]) -> Bool {
    guard mailbox.order(orders) else { return false }
    multi.wake()
    return true
  }

  /// Stops the thread and the transfers in flight. Published tokens stay as they are.
  ///
  /// - Returns: False if the thread did not end within ``stopBound``.
  @discardableResult
  package func stop() -> Bool {
    let running = thread.withLock { thread in
      let running = thread
      thread = nil
      return running
    }
    mailbox.stop()
    multi.wake()
    return running?.join(within: Self.stopBound) ?? true
  }
}
