import EventLoop
import Foundation
import HTTPMessages
import System
import Testing

@testable import LocalServer

@Suite("Answers that take time", .timeLimit(.minutes(1)))
struct SlowAnswerTests {
  /// The worker answers `/slow/…` once the gate is open. Everything else is answered at once.
  private struct GatedResponder: LocalResponder {
    let gate: DispatchSemaphore
    let began: DispatchSemaphore

    mutating func respond(to request: LocalRequest) -> LocalResponse { .text("at once") }

    func slowAnswer(to request: LocalRequest) -> (@Sendable () -> LocalResponse)? {
      guard request.path.hasPrefix("/slow/") else { return nil }
      return { [gate, began] in
        began.signal()
        gate.wait()
        return .text(request.path)
      }
    }
  }

  private func start(
    _ gate: DispatchSemaphore, began: DispatchSemaphore = DispatchSemaphore(value: 0)
  ) throws -> LocalService {
    guard let address = SocketAddress(numericHost: "127.0.0.1", port: 0) else {
      throw ClientError("address")
    }
    let listener = try ListeningSocket(tcp: address)
    let hosts = HostAllowList()
    return try LocalService.start(
      name: "test", listeningOn: listener, settings: LocalServerSettings(hosts: hosts),
      makeResponder: { GatedResponder(gate: gate, began: began) })
  }

  @Test("others are served meanwhile, and pipelined requests are answered in their order")
  func others() async throws {
    let gate = DispatchSemaphore(value: 0)
    let service = try start(gate)
    try await onOwnThread {
      let slow = try RawClient(port: service.address.port)
      try slow.send(request("GET", "/slow/1") + request("GET", "/fast") + request("GET", "/slow/2"))
      let other = try RawClient(port: service.address.port)
      for _ in 0..<20 {
        try other.send(request("GET", "/"))
        #expect(try other.answer().body == "at once")
      }
      gate.signal()
      gate.signal()
      for body in ["/slow/1", "at once", "/slow/2"] { #expect(try slow.answer().body == body) }
      service.stop(within: 1)
    }
  }

  @Test("beyond the bound one is told to come back, and who left is forgotten")
  func bound() async throws {
    let gate = DispatchSemaphore(value: 0)
    let began = DispatchSemaphore(value: 0)
    let service = try start(gate, began: began)
    try await onOwnThread {
      // The worker handles the first request, the maximum number waits, and the last one is too many.
      var clients: [RawClient] = []
      for number in 0..<LocalWorker.maximumWaiting + 2 {
        let client = try RawClient(port: service.address.port)
        try client.send(request("GET", "/slow/\(number)"))
        clients.append(client)
        if number == 0 { began.wait() }
        // The same loop answers this, so it has taken the previous request.
        let probe = try RawClient(port: service.address.port)
        try probe.send(request("GET", "/"))
        #expect(try probe.answer().body == "at once")
      }
      let last = try #require(clients.last)
      let refusal = try last.answer()
      #expect(refusal.status == 503)
      #expect(refusal.field("retry-after") == "1")
      // All clients but the first close before their turn.
      clients.removeLast(clients.count - 1)
      for _ in 0..<64 { gate.signal() }
      #expect(try clients[0].answer().body == "/slow/0")
      service.stop(within: 1)
    }
  }
}
