import Foundation
import Gateway
import Synchronization
import System
import Testing

/// The traffic log under load: rotated, in every format, and with malicious bytes.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct LogRotationTests {
  @Test(
    "Calls on two loops while the log is rotated leave as many lines as there were calls, each whole"
  )
  func rotations() throws {
    let rig = try GatewayRig(threads: 2)
    let callers = 4
    let each = 150
    let failures = Atomic<Int>(0)
    let group = DispatchGroup()
    let port = rig.gateway.addresses[0].port
    for _ in 0..<callers {
      group.enter()
      Thread.detachNewThread {
        defer { group.leave() }
        do {
          let wire = try Wire(port: port)
          for _ in 0..<each {
            try wire.send("GET /api/v2/ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if try wire.answer().status != 200 {
              failures.wrappingAdd(1, ordering: .relaxed)
            }
          }
        } catch { failures.wrappingAdd(1, ordering: .relaxed) }
      }
    }
    var rotated: [String] = []
    for _ in 0..<8 {
      let old = try rig.rotateLog()
      #expect(eventually { rig.logExists })
      // The new file exists, so the old one is complete.
      rotated.append(try String(contentsOfFile: old, encoding: .utf8))
      try FileManager.default.removeItem(atPath: old)
    }
    group.wait()
    #expect(failures.load(ordering: .relaxed) == 0)
    rig.end()
    var ids: Set<String> = []
    var count = 0
    for line in (rotated + [rig.log]).joined().split(separator: "\n") {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      ids.insert(try #require(object?["request_id"] as? String))
      count += 1
    }
    #expect(count == callers * each && ids.count == count)
  }

  @Test(
    "In no format does anything secret stand, nor what a caller meant for a terminal",
    arguments: ["json", "combined", "human"])
  func secrecy(format: String) throws {
    let rig = try GatewayRig(["traffic.log.format": format])
    let wire = try rig.caller()
    try wire.send(
      Array(
        "GET /api/v2/courses?more=canary-more&jwt=canary-jwt&x=%0a%1b HTTP/1.1\r\nHost: localhost\r\n"
          .utf8)
        + Array("Authorization: Bearer canary-token\r\nCookie: canary-cookie\r\nUser-Agent: ".utf8)
        + [0x22, 0x5C, 0xE2, 0x80, 0xA8, 0xFF, 0x9B] + Array(repeating: 0x78, count: 8000)
        + Array("\r\nConnection: close\r\n\r\n".utf8))
    _ = try? wire.answer()
    let link = try rig.launchLink(learner: "canary-learner", exit: "https://a.test/canary-exit")
    _ = try rig.call("GET", "/api/v2/ping", ["User-Agent: plain"])
    let metrics = try Wire(port: try #require(rig.gateway.adminAddress?.port)).call(
      "GET", "/metrics")
    rig.end()
    let text = rig.log
    #expect(text.split(separator: "\n").count >= 6)
    for secret in ["canary", "sandbox-secret", "Bearer", "eyJ", link] {
      #expect(!text.contains(secret), "\(secret) in \(format)")
      #expect(!String(decoding: metrics.body, as: UTF8.self).contains(secret))
    }
    for scalar in text.unicodeScalars where scalar != "\n" {
      #expect(scalar.properties.generalCategory != .control && scalar.value != 0x2028)
    }
  }
}
