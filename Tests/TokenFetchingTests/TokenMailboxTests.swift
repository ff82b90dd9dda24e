import AccessTokens
import Testing

@testable import TokenFetching

@Suite("What loops ask of the service thread")
struct TokenMailboxTests {
  let mailbox = TokenMailbox(slotCount: 3)

  @Test("asking twice is asking once, and only the first letter wakes the thread")
  func coalesces() {
    #expect(mailbox.need(TokenSlot(index: 1)))
    #expect(!mailbox.need(TokenSlot(index: 1)))
    #expect(!mailbox.need(TokenSlot(index: 2)))
    #expect(mailbox.take().needed == [TokenSlot(index: 1), TokenSlot(index: 2)])
    #expect(mailbox.take().isEmpty)
    #expect(mailbox.need(TokenSlot(index: 1)))
  }

  @Test("of several refusals of a slot the latest generation stays")
  func refusals() {
    for generation in [2, 5, 3] as [UInt32] {
      _ = mailbox.reject(TokenSlot(index: 0), generation: generation, withdraws: generation < 5)
    }
    _ = mailbox.reject(TokenSlot(index: 2), generation: 1, withdraws: true)
    _ = mailbox.reject(TokenSlot(index: 2), generation: 1, withdraws: false)
    let rejected = mailbox.take().rejected
    #expect(rejected.map(\.slot.index) == [0, 2])
    #expect(rejected.map(\.generation) == [5, 1])
    #expect(rejected.map(\.withdraws) == [false, true])
  }

  @Test("a stop is not lost by looking at it")
  func stopStays() {
    mailbox.stop()
    #expect(mailbox.take().isStopping)
    #expect(mailbox.take().isStopping)
  }
}
