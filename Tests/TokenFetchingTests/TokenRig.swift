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

/// A token service against a scripted server, and the verbs of its tests.
///
/// Waiting is for publications: every one of them wakes the stream, and the condition is looked at again.
/// The tests' time limits are their deadlines.
final class TokenRig: Sendable {
  let service: TokenService
  let slots: [TokenSlot]
  private let wakes: AsyncStream<Void>
  private let notes: Notes
  /// The service's time. It runs, and can be turned ahead.
  let clock: TurnedClock

  private final class Notes: Sendable {
    /// The reports so far.
    let reports = Mutex<[TokenReport]>([])
    /// Publications so far.
    let published = Atomic<Int>(0)
    /// What the service waits for, as it said last.
    let due = Atomic<Int64>(.max)
  }

  /// `http_proxy` points nowhere for the whole test process: a request that obeyed it would fail.
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

  /// Waits until what is published about a slot satisfies `condition`.
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

  /// Asks for a slot's token and waits for it, or for the failure.
  func fetch(_ index: Int = 0) async throws -> TokenEntry {
    try await wanted(index) { $0.token != nil || $0.failure != nil }
  }

  func failure(_ index: Int = 0) async throws -> TokenFailure {
    try #require(try await wanted(index) { $0.failure != nil }.failure)
  }

  /// As ``entry(_:until:)``, for a slot that callers ask for all the while: what nobody asks for is forgotten.
  /// When the service waits for nothing but a time, that time comes at once.
  ///
  /// `condition` must not be one that passes by itself: a test on a busy machine may look too late.
  ///
  /// - Parameter asks: false for a slot that nobody asks for.
  func wanted(
    _ index: Int = 0, asks: Bool = true, until condition: (TokenEntry) -> Bool
  ) async throws -> TokenEntry {
    var iterator = wakes.makeAsyncIterator()
    var seen = -1
    while true {
      // In this order: what is due was said before the entry was looked at, so time does not pass beyond it.
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

  /// What a call does that needs the token.
  private func ask(for slot: TokenSlot) {
    service.need(slot)
    var view = TokenView(of: service.store)
    _ = view.state(of: slot, now: 0)
  }
}

/// Runs `body`, which may block, on a thread of its own.
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
