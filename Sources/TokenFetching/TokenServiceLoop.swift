internal import AccessTokens
internal import CurlTransport
internal import Fleet
internal import Memory
internal import System

/// What runs on the service thread: it passes the events of the mailbox and of libcurl to the ``TokenManager``, and
/// carries out its decisions.
///
/// This is the only place where the token code uses the clock and the network.
struct TokenServiceLoop {
  var settings: TokenServiceSettings
  private var proofs: TokenProofs
  var slots: TokenSlotTable
  private let multi: CurlMulti
  private let mailbox: TokenMailbox
  private let store: TokenStore
  private let board: TokenBoard
  let clock: TimeSource
  private let wake: [@Sendable () -> Void]
  let report: @Sendable (TokenReport) -> Void
  var manager: TokenManager
  /// By app, its secrets by generation.
  var secrets: [[UInt32: SecretBytes]]
  /// Transfers in flight. ``TokenManager`` bounds their number.
  private var transfers: [TokenTransfer] = []
  /// Tokens shared with other gateways; nil if there is no way to ask them.
  var share: TokenShare?
  private var shownShare: TokenShareFigures?
  private var random = SystemRandomNumberGenerator()

  init(
    settings: TokenServiceSettings, proofs: TokenProofs, slots: TokenSlotTable, multi: CurlMulti,
    mailbox: TokenMailbox,
    store: TokenStore, board: TokenBoard, clock: TimeSource, wake: [@Sendable () -> Void],
    report: @escaping @Sendable (TokenReport) -> Void,
    ask: (@Sendable (SharedTokenQuestion) -> Void)?
  ) {
    self.settings = settings
    self.proofs = proofs
    self.slots = slots
    self.multi = multi
    self.mailbox = mailbox
    self.store = store
    self.board = board
    self.clock = clock
    self.wake = wake
    self.report = report
    manager = TokenManager(
      slots: slots, lifetime: settings.lifetime, schedule: settings.schedule,
      secrets: settings.apps.map(\.secrets.count))
    secrets = settings.apps.map { app in
      var byGeneration: [UInt32: SecretBytes] = [:]
      for (index, secret) in app.secrets.enumerated() { byGeneration[UInt32(index + 1)] = secret }
      return byGeneration
    }
    share = ask.map { TokenShare(settings.sharing, schedule: settings.schedule, ask: $0) }
  }

  /// Runs until the mailbox is stopped. Transfers in flight are then abandoned.
  mutating func run() {
    while true {
      let asked = mailbox.take()
      if asked.isStopping { break }
      let now = clock.monotonic
      var actions: [TokenAction] = []
      // Refusals first: a loop that lost its token requests the next one right away.
      for refusal in asked.rejected {
        withdraw(refusal.slot, generation: refusal.generation)
        actions += manager.rejected(
          refusal.slot, generation: refusal.generation, withdraws: refusal.withdraws, at: now)
      }
      for order in asked.orders { actions += carryOut(order, at: now) }
      for refusal in asked.basicRefused {
        actions += manager.basicRefused(
          app: refusal.app, operation: refusal.operation, generation: refusal.generation, at: now)
      }
      for slot in asked.needed { actions += manager.needed(slot, at: now) }
      let store = store
      actions += manager.timersDue(at: now) { store.isUsed($0) }
      act(on: actions)
      for (ticket, answer) in asked.answers { take(answer, to: ticket) }
      for request in share?.takeLate(at: clock.monotonic) ?? [] { fetch(request) }
      if !multi.perform() { failAll() }
      while let ended = multi.nextEnded() {
        guard let index = transfers.firstIndex(where: { $0.handle.id == ended.id }) else {
          continue
        }
        finish(index, transfers[index].handle.fault(of: ended))
      }
      showChanges()
      multi.poll(milliseconds: waitInMilliseconds)
    }
    for transfer in transfers { multi.remove(transfer.handle) }
    transfers.removeAll()
  }

  /// Milliseconds until the next timer, rounded up so that it is due when the wait ends.
  private var waitInMilliseconds: Int64 {
    let next = min(manager.nextTimer ?? .max, share?.nextDeadline ?? .max)
    let wait = clock.milliseconds(until: next, from: clock.monotonic)
    return wait < 0 ? CurlMulti.longestPoll : min(Int64(wait), CurlMulti.longestPoll)
  }

  private mutating func carryOut(_ order: TokenMailbox.Order, at now: Int64) -> [TokenAction] {
    switch order {
    case .renew(let slot): return manager.renew(slot, at: now)
    case .drop(let slot):
      withdraw(slot)
      return manager.drop(slot, at: now)
    case .shareKey(let key):
      settings.sharing?.key = key
      share?.use(key: key)
      return []
    case .handedOver(let slot, let token):
      let actions = manager.handedOver(slot, token, at: now, random: random.next())
      if !actions.isEmpty { report(.handedOver(app: settings.apps[slots[slot].app].name)) }
      return actions
    case .secrets(let app, let list):
      let known = list.map { secret in
        secrets[app].first { $0.value.hasSameBytes(as: secret) }?.key
      }
      let (generations, actions) = manager.replaceSecrets(of: app, known: known, at: now)
      var byGeneration: [UInt32: SecretBytes] = [:]
      for (generation, secret) in zip(generations, list) { byGeneration[generation] = secret }
      secrets[app] = byGeneration
      return actions
    case .configuration(let next):
      guard next.handover.take() else { return [] }
      let actions = adopt(next, at: now)
      next.handover.notify()
      return actions
    }
  }

  /// Uses another configuration from now on. Fetches in flight for slots whose meaning has changed are abandoned.
  private mutating func adopt(_ next: TokenConfiguration, at now: Int64) -> [TokenAction] {
    let renewed = manager.renewed(by: next.slots)
    var abandoned: [TokenSlot] = []
    transfers.removeAll { transfer in
      guard renewed.contains(transfer.request.slot) else { return false }
      multi.remove(transfer.handle)
      abandoned.append(transfer.request.slot)
      return true
    }
    abandoned += share?.forget(renewed) ?? []
    share?.use(next.settings.sharing)
    let apps = next.settings.apps.enumerated().map { app, new in
      let isNew = app >= secrets.count || next.newApps.contains(app)
      return TokenManager.AppSecrets(
        known: new.secrets.map { secret in
          isNew ? nil : secrets[app].first { $0.value.hasSameBytes(as: secret) }?.key
        }, isNew: isNew)
    }
    let (generations, actions) = manager.adopt(
      next.slots, lifetime: next.settings.lifetime, apps: apps, abandoned: abandoned, at: now)
    var lines: [SecretBytes?] = []
    secrets = zip(generations, next.settings.apps).enumerated().map { app, pair in
      let (generations, new) = pair
      lines.append(
        // For a removed app, nothing is kept.
        apps[app].isNew || new.isVacant ? BasicCredential.line(id: new.id, secret: new.secret) : nil
      )
      var byGeneration: [UInt32: SecretBytes] = [:]
      for (generation, secret) in zip(generations, new.secrets) {
        byGeneration[generation] = secret
      }
      return byGeneration
    }
    settings = next.settings
    proofs = next.proofs
    slots = next.slots
    store.adopt(
      TokenStore.Change(slotCount: slots.count, renewed: renewed, basicLines: lines))
    board.adopt(slots, renewed: renewed, apps: settings.apps.map(\.name), newApps: next.newApps)
    return actions
  }

  /// Updates the listing.
  private mutating func showChanges() {
    if share?.figures != shownShare {
      shownShare = share?.figures
      board.update(share: shownShare)
    }
    let touched = manager.takeTouched()
    guard !touched.slots.isEmpty || !touched.apps.isEmpty else { return }
    board.update(
      slots: touched.slots.map { manager.record(of: $0) },
      apps: touched.apps.map {
        ($0, manager.record(of: $0, name: settings.apps[$0].name))
      })
  }

  mutating func act(on actions: [TokenAction]) {
    // Done before tokens are published, so that a caller whose call used a token finds the token in the listing.
    showChanges()
    var rest = actions
    var next = 0
    var published = false
    while next < rest.count {
      switch rest[next] {
      case .publish(let slot, let entry):
        store.publish(slot, entry)
        published = true
      case .useSecret(let app, let generation, let isSwitch):
        if let secret = secrets[app][generation] {
          store.publishBasic(
            app: app, line: BasicCredential.line(id: settings.apps[app].id, secret: secret),
            generation: generation)
          published = true
        }
        if isSwitch { report(.switched(app: settings.apps[app].name, generation: generation)) }
      case .basicChecked(let app):
        store.publishBasic(app: app, line: nil, generation: 0)
        published = true
      case .startFetch(let request):
        if !request.isRepeat { manager.noteUse(of: request.slot, store.isUsed(request.slot)) }
        store.clearUsed(request.slot)
        if isLookedFor(request) { break }
        if let failure = start(request) {
          rest += finished(request.slot, .failure(failure), requestedAt: clock.monotonic)
        }
      }
      next += 1
    }
    if published { for callback in wake { callback() } }
  }

  /// Sends a request. Returns the failure if it cannot be sent.
  mutating func start(_ request: TokenFetchRequest) -> TokenFailure? {
    do throws(CurlFault) {
      // The manager got this generation together with a secret.
      guard let secret = secrets[request.app][request.secret] else {
        throw CurlFault.notStarted
      }
      let transfer = try TokenTransfer(
        request, settings: settings, proof: proofs[settings.place(of: request.app)], secret: secret,
        requestedAt: clock.monotonic,
        wallClock: clock.wall / 1_000_000_000)
      guard multi.add(transfer.handle) else { throw CurlFault.notStarted }
      transfers.append(transfer)
      return nil
    } catch {
      let failure = TokenFailure(
        .clientFault,
        detail: "libcurl could not prepare a token request (code \(error.code))")
      report(.failed(slots[request.slot], app: settings.apps[request.app].name, failure))
      return failure
    }
  }

  private mutating func finish(_ index: Int, _ fault: CurlFault?) {
    let transfer = transfers.remove(at: index)
    let request = transfer.request
    let app = settings.apps[request.app].name
    let outcome = TokenOutcome(
      endpoint: transfer.place.endpoint, app: app, scopes: request.scopes,
      host: transfer.place.host,
      lifetime: request.lifetime
    ).judge(transfer, fault)
    multi.remove(transfer.handle)
    switch outcome {
    case .success(let (token, lifetimeSource)):
      if let place = sharePlace(of: request.slot, secret: request.secret) {
        share?.put(
          token, request, place, requestedAt: transfer.requestedAt, at: clock.monotonic)
      }
      report(.obtained(slots[request.slot], app: app, token, lifetimeSource))
      act(on: finished(request.slot, .success(token), requestedAt: transfer.requestedAt))
    case .failure(let failure):
      if let place = sharePlace(of: request.slot, secret: request.secret) {
        share?.failed(request, place)
      }
      report(.failed(slots[request.slot], app: app, failure))
      act(on: finished(request.slot, .failure(failure), requestedAt: transfer.requestedAt))
    }
  }

  /// Ends every transfer, because libcurl's multi handle as a whole has failed (no memory).
  private mutating func failAll() {
    while !transfers.isEmpty { finish(transfers.count - 1, .outOfMemory) }
  }

  mutating func finished(
    _ slot: TokenSlot, _ result: Result<AccessToken, TokenFailure>, requestedAt: Int64,
    isShared: Bool = false
  ) -> [TokenAction] {
    manager.fetchFinished(
      slot, result: result, requestedAt: requestedAt, at: clock.monotonic,
      random: random.next(), isShared: isShared)
  }
}
