import Testing

@Suite("Inputs kept from fuzzing")
struct KeptInputTests {
  @Test("JSON is what a plain reader takes for it, in pieces of any size")
  func json() throws {
    let inputs = try KeptInput.all(of: "json")
    #expect(inputs.count >= 5)
    for input in inputs { #expect(JSONPromises.broken(input.bytes) == nil, "\(input.path)") }
  }
}
