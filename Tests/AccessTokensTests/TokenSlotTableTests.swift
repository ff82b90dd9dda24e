import Testing

@testable import AccessTokens

@Suite("Token slots")
struct TokenSlotTableTests {
  @Test("one scope set is one slot, however it is spelled")
  func deduplicates() throws {
    var table = TokenSlotTable()
    let first = try table.slot(for: 0, scopes: "write:course read:course")
    #expect(try table.slot(for: 0, scopes: " read:course  write:course read:course") == first)
    #expect(try table.slot(for: 1, scopes: "read:course write:course") != first)
    #expect(try table.slot(for: 0, scopes: "read:course") != first)
    #expect(table.count == 3)
    #expect(table[first].app == 0)
    #expect(table[first].scopes == "read:course write:course")
  }

  @Test(
    "scopes that a token request could not carry are refused",
    arguments: [
      ("", TokenSlotTable.Refusal.noScope), ("   ", .noScope), ("read \"x", .badScope),
      ("re\\ad", .badScope), ("read\r\nx", .badScope), ("lesen:kürse", .badScope),
      (String(repeating: "a", count: 1025), .badScope),
    ])
  func refusesScopes(scopes: String, refusal: TokenSlotTable.Refusal) {
    var table = TokenSlotTable()
    #expect(throws: refusal) { try table.slot(for: 0, scopes: scopes) }
  }

  @Test("the table ends at its bound, and still finds what it has")
  func isBounded() throws {
    var table = TokenSlotTable()
    for app in 0..<TokenSlotTable.maximumSlots { _ = try table.slot(for: app, scopes: "read") }
    #expect(throws: TokenSlotTable.Refusal.tooManySlots) { try table.slot(for: 0, scopes: "write") }
    #expect(try table.slot(for: 7, scopes: "read").index == 7)
  }
}
