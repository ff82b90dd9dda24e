import AccessTokens
import Foundation
import Glibc
import Memory
import Synchronization
import System
import Testing

@testable import TokenFetching

func secret(_ text: String) -> SecretBytes {
  SecretBytes(copying: Array(text.utf8).span.bytesOfElements)
}

/// A token service with a scripted server, and the actions of its tests.
///
/// Tests wait for publications: every one of them wakes the stream, and the condition is checked again. The time limits
/// of the tests are the deadlines.
final class TokenRig: Sendable {
  let service: TokenService
  let slots: [TokenSlot]
  private let wakes: AsyncStream<Void>
  private let notes: Notes
  /// The service's clock. It runs and can be advanced.
  let clock: TurnedClock

  private final class Notes: Sendable {
    /// The reports so far.
    let reports = Mutex<[TokenReport]>([])
    /// Publications so far.
    let published = Atomic<Int>(0)
    /// The time that the service last said it waits for.
    let due = Atomic<Int64>(.max)
  }

  /// `http_proxy` is invalid for the whole test process, so that a request that used it would fail.
  private static let proxyTrap: Void = {
    for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
      _ = unsafe setenv(name, "http://127.0.0.1:1", 1)
    }
  }()

  init(
    _ url: String, slots scopes: [String] = ["read:course write:course"],
    endpoint: TokenEndpoint = .application, appSecret: String = "s3:cr%et",
    settings change: (inout TokenServiceSettings) -> Void = { _ in }
  ) throws {
    _ = Self.proxyTrap
    var table = TokenSlotTable()
    slots = try scopes.map { try table.slot(for: 0, scopes: $0) }
    var settings = TokenServiceSettings(
      apps: [TokenApp(name: "main", id: "APP-ID", secret: secret(appSecret))],
      endpoint: endpoint, url: url)
    change(&settings)
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    wakes = stream
    let notes = Notes()
    self.notes = notes
    clock = TurnedClock(
      runs: true,
      aboutToWait: { time in
        notes.due.store(time, ordering: .releasing)
        continuation.yield()
      })
    service = try TokenService(settings: settings, slots: table, clock: TimeSource(clock))
    guard
      service.start(
        wake: [
          {
            notes.published.wrappingAdd(1, ordering: .releasing)
            continuation.yield()
          }
        ],
        report: { report in notes.reports.withLock { $0.append(report) } })
    else { throw POSIXError(.EAGAIN) }
  }

  deinit { service.stop() }

  var reports: [TokenReport] { notes.reports.withLock { $0 } }

  /// Waits until the published entry of a slot satisfies `condition`.
  func entry(
    _ index: Int = 0, until condition: (TokenEntry) -> Bool
  ) async throws -> TokenEntry {
    var iterator = wakes.makeAsyncIterator()
    while true {
      let entry = service.store.snapshot().entries[slots[index].index]
      if condition(entry) { return entry }
      guard await iterator.next() != nil else { throw CancellationError() }
    }
  }

  /// Asks for a slot's token, and waits for the token or the failure.
  func fetch(_ index: Int = 0) async throws -> TokenEntry {
    try await wanted(index) { $0.token != nil || $0.failure != nil }
  }

  func failure(_ index: Int = 0) async throws -> TokenFailure {
    try #require(try await wanted(index) { $0.failure != nil }.failure)
  }

  /// Like ``entry(_:until:)``, for a slot that callers use all the time, because unused slots are forgotten. If the
  /// service waits only for a time, the clock is advanced to it at once.
  ///
  /// `condition` must not be temporary: a test on a busy machine may check too late.
  ///
  /// - Parameter asks: false for a slot that no caller uses.
  func wanted(
    _ index: Int = 0, asks: Bool = true, until condition: (TokenEntry) -> Bool
  ) async throws -> TokenEntry {
    var iterator = wakes.makeAsyncIterator()
    var seen = -1
    while true {
      // In this order: the due time was stored before the entry is read, so time does not advance beyond it.
      let due = notes.due.load(ordering: .acquiring)
      let published = notes.published.load(ordering: .acquiring)
      let isFetching = service.listing().keys.contains {
        [.fetching, .refreshing].contains($0.state)
      }
      let entry = service.store.snapshot().entries[slots[index].index]
      if condition(entry) { return entry }
      let left = due == .max || isFetching ? 0 : due - clock.monotonic
      if asks, published != seen || left > 0 { ask(for: slots[index]) }
      seen = published
      if left > 0 { clock.turn(by: left) }
      guard await iterator.next() != nil else { throw CancellationError() }
    }
  }

  /// Does what a call does that needs the token.
  private func ask(for slot: TokenSlot) {
    service.need(slot)
    var view = TokenView(of: service.store)
    _ = view.state(of: slot, now: 0)
  }
}

/// Runs `body`, which may block, on a separate thread.
func offThePool(_ body: @escaping @Sendable () -> Void) async {
  await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
    Thread.detachNewThread {
      body()
      done.resume()
    }
  }
}

extension TokenEntry {
  var text: String? { token.map { $0.secret.bytes.text } }
}
