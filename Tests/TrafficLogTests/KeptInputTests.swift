import Testing

@Suite("Inputs kept from fuzzing")
struct KeptInputTests {
  @Test("Whatever a caller sends makes one line of valid JSON without its secrets")
  func trafficLines() throws {
    let inputs = try KeptInput.all(of: "traffic-line")
    #expect(inputs.count >= 5)
    for input in inputs {
      #expect(TrafficLinePromises.broken(input.bytes) == nil, "\(input.path)")
    }
  }
}
