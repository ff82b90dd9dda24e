import Testing

@Suite("Inputs kept from fuzzing")
struct KeptInputTests {
  @Test("A Retry-After is a bounded wait, and dates are read as they were written")
  func retryAfters() throws {
    let inputs = try KeptInput.all(of: "retry-after")
    #expect(inputs.count >= 5)
    for input in inputs {
      #expect(RetryAfterPromises.broken(input.bytes) == nil, "\(input.path)")
    }
  }
}
