import Foundation
import Memory
import Testing

@testable import AccessTokens

@Suite("Tokens as the loops see them")
struct TokenViewTests {
  let slot = TokenSlot(index: 1)

  private func store() -> TokenStore {
    TokenStore(
      slotCount: 3, basicLines: [BasicCredential.line(id: "id", secret: secret("key"))])
  }

  private func entry(_ text: String, generation: UInt32 = 1, until: Int64 = 100) -> TokenEntry {
    TokenEntry(
      token: PublishedToken(
        secret: secret(text), fingerprint: 0xdead_beef, generation: generation, requestedAt: 0,
        usableUntil: until))
  }

  private func line(_ view: borrowing TokenView, _ slot: TokenSlot) -> String? {
    var out = ByteBuffer()
    return view.putAuthorization(of: slot, into: &out) ? out.bytes.text : nil
  }

  @Test("a publication is seen at the next refresh, and not before")
  func refresh() {
    let store = store()
    var view = TokenView(of: store)
    #expect(view.state(of: slot, now: 0) == .missing)
    #expect(line(view, slot) == nil)
    store.publish(slot, entry("abc"))
    #expect(view.state(of: slot, now: 0) == .missing)
    view.refreshIfChanged(from: store)
    #expect(view.state(of: slot, now: 0) == .usable)
    #expect(line(view, slot) == "Authorization: Bearer abc\r\n")
    #expect(view.generation(of: slot) == 1)
    #expect(view.fingerprint(of: slot) == 0xdead_beef)
    #expect(view.state(of: TokenSlot(index: 0), now: 0) == .missing)
  }

  @Test("a token is usable until its last instant but one, without any event")
  func expiry() {
    let store = store()
    store.publish(slot, entry("abc", until: 100))
    var view = TokenView(of: store)
    #expect(view.state(of: slot, now: 99) == .usable)
    #expect(view.state(of: slot, now: 100) == .missing)
  }

  @Test("a failure refuses callers only when there is no token to serve")
  func failing() {
    let store = store()
    var broken = failure(.timedOut)
    broken.retryAt = 500
    var both = entry("abc", until: 100)
    both.failure = broken
    store.publish(slot, both)
    store.publish(TokenSlot(index: 2), TokenEntry(failure: broken))
    var view = TokenView(of: store)
    #expect(view.state(of: slot, now: 99) == .usable)
    #expect(view.state(of: slot, now: 100) == .failing(retryAt: 500))
    #expect(view.state(of: TokenSlot(index: 2), now: 0) == .failing(retryAt: 500))
    #expect(view.failure(of: slot)?.reason == .timedOut)
    #expect(view.failure(of: TokenSlot(index: 0)) == nil)
  }

  @Test("a slot counts as used once it was looked up, again after every publication")
  func use() {
    let store = store()
    store.publish(slot, entry("abc"))
    var view = TokenView(of: store)
    #expect(!store.isUsed(slot))
    _ = view.state(of: slot, now: 0)
    #expect(store.isUsed(slot))
    #expect(!store.isUsed(TokenSlot(index: 0)))
    store.clearUsed(slot)
    _ = view.state(of: slot, now: 0)
    #expect(!store.isUsed(slot), "one write between two publications is enough")
    store.publish(slot, entry("abc", generation: 2))
    view.refreshIfChanged(from: store)
    _ = view.state(of: slot, now: 0)
    #expect(store.isUsed(slot))
  }

  @Test("another store replaces the old one, although their versions may be the same")
  func reload() {
    let (old, new) = (store(), store())
    old.publish(slot, entry("old"))
    new.publish(slot, entry("new"))
    var view = TokenView(of: old)
    view.refreshIfChanged(from: new)
    #expect(line(view, slot) == "Authorization: Bearer new\r\n")
  }

  @Test("uses are counted by each loop for itself, kept through publications, and told as one sum")
  func uses() {
    let (store, next) = (store(), store())
    store.publish(slot, entry("abc"))
    next.publish(slot, entry("abc"))
    var one = TokenView(of: store)
    var two = TokenView(of: store)
    for _ in 0..<3 { _ = line(one, slot) }
    store.publish(slot, entry("def", generation: 2))
    one.refreshIfChanged(from: store)
    _ = line(one, slot)
    _ = line(two, slot)
    #expect(line(two, TokenSlot(index: 0)) == nil)
    #expect(store.uses(of: slot) == 5)
    #expect(store.uses(of: TokenSlot(index: 0)) == 0)
    two.refreshIfChanged(from: next)
    _ = line(two, slot)
    #expect(store.uses(of: slot) == 5)
    #expect(next.uses(of: slot) == 1)
  }

  @Test("the Basic line of an app is written whole; a wiped view writes no token")
  func basicAndWipe() {
    let store = store()
    store.publish(slot, entry("abc"))
    var view = TokenView(of: store)
    var out = ByteBuffer()
    view.putBasic(app: 0, into: &out)
    #expect(out.bytes.text == "Authorization: Basic aWQ6a2V5\r\n")
    view.wipe()
    #expect(line(view, slot) == nil)
    #expect(view.state(of: slot, now: 0) == .missing)
  }

  @Test("a loop never sees half a publication of another thread", .timeLimit(.minutes(5)))
  func twoThreads() async {
    let store = store()
    let rounds: UInt32 = 3_000
    let torn = await withCheckedContinuation { (done: CheckedContinuation<Int, Never>) in
      Thread.detachNewThread {
        for round in 1...rounds {
          let text = String(repeating: "t\(round)", count: Int(round % 7) + 1)
          store.publish(
            TokenSlot(index: 1),
            TokenEntry(
              token: PublishedToken(
                secret: secret(text), fingerprint: round, generation: round, requestedAt: 0,
                usableUntil: Int64(round))))
        }
      }
      Thread.detachNewThread {
        var view = TokenView(of: store)
        var torn = 0
        let slot = TokenSlot(index: 1)
        while view.generation(of: slot) < rounds {
          view.refreshIfChanged(from: store)
          let round = view.generation(of: slot)
          guard round > 0 else { continue }
          var out = ByteBuffer()
          let written = view.putAuthorization(of: slot, into: &out)
          let text = String(repeating: "t\(round)", count: Int(round % 7) + 1)
          if !written || out.bytes.text != "Authorization: Bearer \(text)\r\n"
            || view.fingerprint(of: slot) != round || view.usableUntil(of: slot) != Int64(round)
          {
            torn += 1
          }
        }
        done.resume(returning: torn)
      }
    }
    #expect(torn == 0)
  }
}
