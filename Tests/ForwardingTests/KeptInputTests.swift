import Testing

@Suite("Inputs kept from fuzzing")
struct KeptInputTests {
  @Test("No accepted path leaves its base under any reading, and an id of any text is accepted")
  func paths() throws {
    let inputs = try KeptInput.all(of: "path")
    #expect(inputs.count >= 5)
    for input in inputs {
      #expect(PathPromises.broken(input.bytes) == nil, "\(input.path)")
    }
  }
}
