import AccessTokens
import Memory
import Synchronization

/// Takes the place of the token service: it records what the relay asks for, and the test publishes tokens when it
/// chooses.
final class TokenDesk: TokenDemand {
  enum Wish: Equatable, Sendable {
    case need
    case rejected(generation: UInt32)
  }

  let store = TokenStore(
    slotCount: 1,
    basicLines: [
      BasicCredential.line(
        id: "APP", secret: SecretBytes(copying: Array("key".utf8).span.bytesOfElements))
    ])
  private let asked = Mutex<[Wish]>([])

  /// The requests so far.
  var wishes: [Wish] { asked.withLock { $0 } }

  func need(_ slot: TokenSlot) { asked.withLock { $0.append(.need) } }

  func rejected(_ slot: TokenSlot, generation: UInt32, withdraws: Bool) {
    asked.withLock { $0.append(.rejected(generation: generation)) }
  }

  func basicRefused(app: Int, operation: UInt8, generation: UInt32) {}

  /// Publishes a token that is valid until `end`, in monotonic nanoseconds.
  func publish(_ text: String, generation: UInt32, until end: Int64) {
    store.publish(
      TokenSlot(index: 0),
      TokenEntry(
        token: PublishedToken(
          secret: SecretBytes(copying: Array(text.utf8).span.bytesOfElements),
          fingerprint: generation, generation: generation, requestedAt: 0, usableUntil: end)))
  }
}
