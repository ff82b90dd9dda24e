import Testing

@Suite("Inputs kept from fuzzing")
struct KeptInputTests {
  @Test("Any configuration file loads or is refused with reasons that show no secret")
  func configurations() throws {
    let inputs = try KeptInput.all(of: "configuration")
    #expect(inputs.count >= 5)
    for input in inputs {
      #expect(ConfigurationPromises.broken(input.bytes) == nil, "\(input.path)")
    }
  }
}
