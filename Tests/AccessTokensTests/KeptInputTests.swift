import Testing

@Suite("Inputs kept from fuzzing")
struct KeptInputTests {
  @Test("A token is taken from an answer only where a plain reader finds the same one")
  func tokenAnswers() throws {
    let inputs = try KeptInput.all(of: "token-answer")
    #expect(inputs.count >= 5)
    for input in inputs {
      #expect(TokenAnswerPromises.broken(input.bytes) == nil, "\(input.path)")
    }
  }
}
