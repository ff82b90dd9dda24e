import Configuration
import Foundation
import Gateway
import GatewayServer
import Rules
import Synchronization
import System

/// A gateway in this process, a sandbox that issues its tokens, and the actions that tests need.
final class GatewayRig {
  let sandbox: SandboxService
  /// The gateway's clock. It runs, and a test can advance it.
  let clock: TurnedClock
  let gateway: GatewayProcess
  private let folder: String
  private let file: String?
  private let values: [String: String]
  private let environment: Environment
  private var hasEnded = false
  /// The lines for the operator.
  let told = Told()

  final class Told: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  /// - Parameters:
  ///   - upstream: the port of the upstream; nil uses the sandbox.
  ///   - secret: the gateway's secret; the sandbox's is "sandbox-secret".
  ///   - yaml: the text of a configuration file, which replaces the single app from the environment.
  ///   - overrides: settings by key path.
  ///   - clock: the gateway's clock, for peers that use it too.
  ///   - times: changes times that have no key.
  init(
    upstream: UInt16? = nil, secret: String = "sandbox-secret", yaml: String? = nil,
    _ overrides: [String: String] = [:], threads: Int = 1,
    export: TelemetryExport = TelemetryExport(),
    clock: TurnedClock = Changes.clock(),
    times: @escaping @Sendable (inout RelaySettings) -> Void = { _ in }
  ) throws {
    self.clock = clock
    sandbox = try SandboxService(
      listen: .tcp(host: "127.0.0.1", port: 0), clock: TimeSource(Changes.clock()))
    folder = NSTemporaryDirectory() + "gateway-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var file: String?
    if let yaml {
      file = folder + "/gateway.yaml"
      try yaml.write(toFile: folder + "/gateway.yaml", atomically: true, encoding: .utf8)
    }
    self.file = file
    var values = [
      "listen.address": "127.0.0.1:0", "admin.address": "127.0.0.1:0",
      "upstream.url": upstream.map { "http://127.0.0.1:\($0)/api/v2" } ?? sandbox.apiURL,
      "tokens.url": sandbox.apiURL + "/oauth/authenticate/application/token",
      "traffic.log.path": folder + "/traffic.log",
    ]
    values.merge(overrides) { $1 }
    self.values = values
    environment = Environment([
      "SCORM_APP_ID": "SANDBOX", "SCORM_SECRET_KEY": secret,
      "MANAGEMENT_SECRET": "sandbox-management-secret",
    ])
    let settings = try ConfigurationSource.load(
      file: file, environment: environment, overrides: values
    ).settings
    let told = told
    gateway = try GatewayProcess(
      settings, threadCount: threads, export: export, clock: TimeSource(clock), times: times,
      tell: { told.add($0.text) })
  }

  deinit {
    end()
    sandbox.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Reads the configuration again, with a new text if one is given.
  @discardableResult
  func reload(
    yaml: String? = nil, _ changed: [String: String] = [:]
  ) throws -> GatewayProcess.Reloaded {
    if let yaml, let file { try yaml.write(toFile: file, atomically: true, encoding: .utf8) }
    return gateway.reload(
      try ConfigurationSource.load(
        file: file, environment: environment, overrides: values.merging(changed) { $1 }
      ).settings
    )
  }

  /// The settings that another file would produce.
  func settings(of file: String) throws -> Settings {
    try ConfigurationSource.load(file: file, environment: environment, overrides: values).settings
  }

  func watch() -> SecretWatch { SecretWatch(gateway) }

  /// Stops the gateway at once.
  func end() {
    guard !hasEnded else { return }
    hasEnded = true
    gateway.stop()
    gateway.end()
  }

  /// A new connection to the gateway.
  func caller(receiveBuffer: Int32? = nil) throws -> Wire {
    try Wire(port: gateway.addresses[0].port, receiveBuffer: receiveBuffer)
  }

  /// Makes a call on a new connection.
  func call(
    _ method: String, _ target: String, _ fields: [String] = [], body: String? = nil
  ) throws -> Answer {
    try caller().call(method, target, fields, body: body)
  }

  /// The calls that the sandbox received, without token requests.
  func sandboxCalls() throws -> [[String: Any]] {
    try allSandboxCalls().filter { !GatewayRig.isForToken($0) }
  }

  func tokenRequests() throws -> Int {
    try allSandboxCalls().filter { GatewayRig.isForToken($0) }.count
  }

  private static func isForToken(_ call: [String: Any]) -> Bool {
    (call["target"] as? String)?.hasSuffix("/token") ?? false
  }

  private func allSandboxCalls() throws -> [[String: Any]] {
    let answer = try Wire(port: sandbox.address.port).call("GET", "/sandbox/calls")
    return answer.json["calls"] as? [[String: Any]] ?? []
  }

  /// Changes the secret that the sandbox accepts, and ends its tokens.
  func changeSandboxSecret(to secret: String) throws {
    _ = try Wire(port: sandbox.address.port).call(
      "POST", "/sandbox/secret", body: "{\"app\":\"SANDBOX\",\"secret\":\"\(secret)\"}")
  }

  /// The present traffic log.
  var log: String {
    (try? String(contentsOfFile: folder + "/traffic.log", encoding: .utf8)) ?? ""
  }

  var logExists: Bool { FileManager.default.fileExists(atPath: folder + "/traffic.log") }

  /// Renames the log and makes the gateway open a new one. Returns the path of the old one.
  func rotateLog() throws -> String {
    let rotated = folder + "/traffic.log.1"
    try FileManager.default.moveItem(atPath: folder + "/traffic.log", toPath: rotated)
    gateway.reopenLogs()
    return rotated
  }

  /// Stops the gateway and reads its log: each line is an object in strict JSON.
  func lines() throws -> [[String: Any]] {
    end()
    return try log.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      guard let members = object as? [String: Any] else { throw CocoaError(.coderReadCorrupt) }
      return members
    }
  }
}

extension [String: Any] {
  func string(_ name: String) -> String { self[name] as? String ?? "" }
  func int(_ name: String) -> Int { self[name] as? Int ?? -1 }
  func double(_ name: String) -> Double { self[name] as? Double ?? -1 }
  /// The attempts of a log line.
  var attempts: [[String: Any]] { self["upstream"] as? [[String: Any]] ?? [] }
}
