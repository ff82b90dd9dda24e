import Testing

@Suite("Inputs kept from fuzzing")
struct KeptInputTests {
  @Test("Request heads are read as a plain reader reads them, in one piece or cut anywhere")
  func requestHeads() throws {
    let inputs = try KeptInput.all(of: "request-head")
    #expect(inputs.count >= 5)
    for input in inputs {
      #expect(RequestHeadPromises.broken(input.bytes) == nil, "\(input.path)")
    }
  }

  @Test("Response heads are read as a plain reader reads them, in one piece or cut anywhere")
  func responseHeads() throws {
    let inputs = try KeptInput.all(of: "response-head")
    #expect(inputs.count >= 5)
    for input in inputs {
      #expect(ResponseHeadPromises.broken(input.bytes) == nil, "\(input.path)")
    }
  }

  @Test("Chunked bodies are read as a plain reader reads them, in pieces of any size")
  func chunkedBodies() throws {
    let inputs = try KeptInput.all(of: "chunked-body")
    #expect(inputs.count >= 5)
    for input in inputs {
      #expect(ChunkedBodyPromises.broken(input.bytes) == nil, "\(input.path)")
    }
  }

  @Test("A Retry-After is a bounded wait, and dates are read as they were written")
  func retryAfters() throws {
    let inputs = try KeptInput.all(of: "retry-after")
    #expect(inputs.count >= 5)
    for input in inputs {
      #expect(RetryAfterPromises.broken(input.bytes) == nil, "\(input.path)")
    }
  }
}
