import Memory
import Testing

@testable import AccessTokens

@Suite("Secrets stay secret")
struct SecrecyTests {
  @Test("no description, interpolation or dump of anything shows a token")
  func canary() throws {
    let canary = "CANARY-7f3a"
    let bytes = Array(#"{"access_token":"\#(canary)"}"#.utf8)
    let answer = try TokenAnswer(
      bytes.span.bytesOfElements, from: .application, requestedLifetime: 900)
    let token = AccessToken(secret: answer.token, fingerprint: 1, lifetime: 900 * second)
    var machine = TokenStateMachine(schedule: RefreshSchedule())
    _ = machine.needed(at: 0)
    let actions = machine.fetchSucceeded(token, requestedAt: 0, at: 0, random: 0)
    let entry = try #require(actions.published)
    var table = TokenSlotTable()
    let slot = try table.slot(for: 0, scopes: "read")
    var manager = TokenManager(slots: table, lifetime: 900)
    _ = manager.needed(slot, at: 0)
    let managed = manager.fetchFinished(
      slot, result: .success(token), requestedAt: 0, at: 0, random: 0)
    let store = TokenStore(slotCount: 1, basicLines: [secret(canary)])
    store.publish(slot, entry)
    let things: [Any] = [
      answer, token, entry, entry.token!, machine, actions, manager, managed, store,
      store.snapshot().entries, Result<AccessToken, TokenFailure>.success(token),
    ]
    for thing in things {
      var dumped = ""
      dump(thing, to: &dumped)
      for text in [dumped, String(describing: thing), String(reflecting: thing), "\(thing)"] {
        #expect(!text.contains("CANARY"), "\(type(of: thing))")
        #expect(!text.contains("67, 65, 78, 65, 82, 89"), "\(type(of: thing))")
      }
    }
  }

  @Test("a failure's detail is bounded")
  func boundedDetail() {
    let long = TokenFailure(.tls, detail: String(repeating: "ü", count: 4000))
    #expect(long.detail.utf8.count <= TokenFailure.maximumDetailBytes + 3)
  }
}
