package import AccessTokens
internal import CurlTransport
package import Fleet
package import Memory
internal import Synchronization
package import System

/// What the service tells an operator's log; called on its thread, which waits for the return.
package enum TokenReport: Sendable {
  /// A token was granted. The lifetime's source is worth a warning when the answer's could not be used.
  case obtained(
    TokenSlotTable.Key, app: String, AccessToken, TokenAnswer.LifetimeSource)
  /// A fetch has failed.
  case failed(TokenSlotTable.Key, app: String, TokenFailure)
  /// Another process of this gateway has handed a token of the app over.
  case handedOver(app: String)
  /// The app's secret was refused, and another one that works has taken its place: `generation` counts the
  /// secrets.
  case switched(app: String, generation: UInt32)
  /// Another gateway of the fleet has fetched a token of the app.
  case shared(app: String)
  /// What stands in the store for a token cannot be opened: why. Once for each key.
  case unopened(reason: String)
}

/// Fetches tokens through libcurl and keeps them fresh, on a thread of its own.
///
/// Event loops look tokens up in their own ``TokenView`` of ``store``, and come here only when one is
/// missing (``need(_:)``) or was refused (``rejected(_:generation:withdraws:)``). Neither waits: the answer is a
/// publication, after which the wake callbacks run.
package final class TokenService: TokenDemand {
  /// Longest ``stop()`` waits for the thread, in milliseconds.
  package static let stopBound: Int32 = 2_000

  /// Where the tokens are published.
  package let store: TokenStore
  private let current: Mutex<Current>
  let board: TokenBoard
  let clock: TimeSource
  private let multi: CurlMulti
  private let mailbox: TokenMailbox
  private let thread = Mutex<WorkerThread?>(nil)

  /// Checks the settings; nothing runs before ``start(wake:report:)``.
  ///
  /// - Parameter clock: what lives and pauses of tokens are by. How long an endpoint may take is libcurl's to
  ///   measure, by the system's clock.
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

  /// What each slot stands for.
  package var slots: TokenSlotTable { current.withLock { $0.slots } }

  /// Starts the thread. Call it once.
  ///
  /// - Parameters:
  ///   - wake: Called on the service thread after publications; must return at once.
  ///   - report: Called on the service thread after every fetch.
  ///   - ask: Asks the fleet about tokens, without waiting; ``answered(_:_:)`` takes the answers. Called on the service
  ///     thread, when the settings say that tokens are shared.
  /// - Returns: false when the system has no thread to give.
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

  /// A caller waits for the token of `slot`. Any thread; asking again while it is fetched is nothing.
  package func need(_ slot: TokenSlot) {
    if mailbox.need(slot) { multi.wake() }
  }

  /// Has tokens fetched before anybody waits for them.
  package func prefetch(_ slots: [TokenSlot]) {
    for slot in slots { need(slot) }
  }

  /// The upstream has answered 401 to the token of `slot` with that generation
  /// (``TokenView/generation(of:)``). Any thread.
  package func rejected(_ slot: TokenSlot, generation: UInt32, withdraws: Bool) {
    if mailbox.reject(slot, generation: generation, withdraws: withdraws) { multi.wake() }
  }

  /// The upstream has answered 401 to the app's Basic credential. Any thread.
  package func basicRefused(app: Int, operation: UInt8, generation: UInt32) {
    if mailbox.refuseBasic(app: app, operation: operation, generation: generation) { multi.wake() }
  }

  /// Has new tokens fetched for `slots` now; current ones stay in use until then. Any thread.
  ///
  /// - Returns: false when too much is asked for already.
  @discardableResult
  package func renew(_ slots: [TokenSlot]) -> Bool { order(slots.map { .renew($0) }) }

  /// Forgets the tokens of `slots`: whoever needs one next has it fetched. Any thread.
  ///
  /// - Returns: false when too much is asked for already.
  @discardableResult
  package func drop(_ slots: [TokenSlot]) -> Bool { order(slots.map { .drop($0) }) }

  /// Uses other secrets for the app at `app` from now on; tokens granted for the old ones stay in use until
  /// they end or are refused. Any thread.
  ///
  /// - Returns: false when a secret cannot be sent, or too much is asked for already.
  @discardableResult
  package func replaceSecrets(
    app: Int, secret: SecretBytes, nextSecret: SecretBytes?
  ) -> Bool {
    let secrets = [secret] + (nextSecret.map { [$0] } ?? [])
    guard secrets.allSatisfy(TokenApp.isUsable) else { return false }
    return order([.secrets(app: app, secrets)])
  }

  /// Seals what is shared with other gateways with another key from now on. Any thread.
  @discardableResult
  package func useShareKey(_ key: SecretBytes) -> Bool { order([.shareKey(key)]) }

  /// The fleet's answer to a look. Any thread.
  package func answered(_ ticket: UInt64, _ answer: SharedTokenAnswer) {
    if mailbox.answer(ticket, answer) { multi.wake() }
  }

  /// Longest ``adopt(_:slots:newApps:)`` waits for the thread, in milliseconds.
  package static let adoptBound: Int32 = 5_000

  /// Fetches for another configuration from now on. Slots and apps that stand for the same as before keep their tokens
  /// and what is known of their secrets. Waits until it is in force.
  ///
  /// - Parameter newApps: numbers that stand for another app than before.
  /// - Throws: when the settings cannot work, and then nothing has changed.
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

  /// Stops the thread, transfers in flight with it. Published tokens stay as they are.
  ///
  /// - Returns: false when it did not end within ``stopBound``.
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
