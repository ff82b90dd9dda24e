import Configuration
import Diagnosis
import Foundation
import Gateway
import Glibc
import System
import Testing

/// `doctor` against a sandbox, with one fault at a time.
@Suite("doctor", .ownThread, .serialized, .timeLimit(.minutes(5)))
struct DoctorTests {
  /// A complete, valid set-up. Each test breaks one part of it.
  final class Rig {
    let sandbox: SandboxService
    let folder: OwnFolder
    /// The parts of the configuration file.
    var apps = "[{name: main, id: SANDBOX, secret: {file: secret}}]"
    var callers =
      "[{name: crm, match: {address: 127.0.0.1}, apps: [main], allow: [\"read:*\", CreateRegistration]}]"
    var listen = "[{address: 127.0.0.1:0}]"
    var admin = "{address: 127.0.0.1:0}"
    var upstream: String
    var tokens = ""
    var rest = ""
    var areas = Set(DoctorArea.allCases)
    var timeout = 4_000
    var environment: [String: String] = [:]
    var free: Int64 = 1 << 40

    init(ahead seconds: Int64 = 0) throws {
      let clock = Changes.clock()
      clock.turn(by: seconds * 1_000_000_000)
      sandbox = try SandboxService(
        listen: .tcp(host: "127.0.0.1", port: 0), clock: TimeSource(clock))
      folder = try OwnFolder()
      upstream = "{url: \"\(sandbox.apiURL)\"}"
      try secret("sandbox-secret")
    }

    deinit { sandbox.stop() }

    func secret(_ text: String, mode: Int16 = 0o600) throws {
      try folder.write(text, to: "secret")
      try FileManager.default.setAttributes(
        [.posixPermissions: mode], ofItemAtPath: folder.path + "/secret")
    }

    private(set) var keyPath = ""
    private var authority: TestAuthority?

    /// Makes the listener use TLS, with a certificate that is valid for `days`.
    @discardableResult
    func speakTLS(days: Int) throws -> TestAuthority {
      let authority = try TestAuthority()
      let server = try authority.issue([.dns("localhost")], days: days)
      self.authority = authority
      keyPath = server.key
      listen =
        "[{address: 127.0.0.1:0, tls: {certificate: {file: \(server.certificate)}, key: {file: \(server.key)}}}]"
      return authority
    }

    private var closed: [DeafPort] = []

    /// A port on which nothing listens while the rig lives.
    func closedPort() throws -> UInt16 {
      closed.append(try DeafPort())
      return closed[closed.count - 1].number
    }

    func examine() throws -> Examination {
      var text = """
        apps: \(apps)
        listen: \(listen)
        admin: \(admin)
        upstream: \(upstream)
        traffic: {log: {path: \(folder.path)/log}, journal: {path: \(folder.journal)}}
        \(rest)

        """
      if !callers.isEmpty { text += "callers: \(callers)\n" }
      if !tokens.isEmpty { text += "tokens: \(tokens)\n" }
      try folder.write(text, to: "gateway.yaml")
      let free = free
      let examination = Doctor(
        file: folder.path + "/gateway.yaml", environment: Environment(environment), areas: areas,
        timeout: timeout, freeSpace: { _ in free }
      ).examine()
      // No output contains a secret.
      for text in [
        examination.text(in: .unlimited), examination.short, examination.json(isStrict: false),
      ] {
        for secret in ["sandbox-secret", "CANARY"] { #expect(!text.contains(secret)) }
      }
      return examination
    }
  }

  /// A fault: how it is caused, its only code, and the exit code.
  struct Fault: CustomStringConvertible, Sendable {
    let name: String
    let code: DoctorCode
    let exit: Int32
    let plant: @Sendable (Rig) throws -> Void
    var description: String { "\(code.rawValue): \(name)" }

    init(
      _ name: String, _ code: DoctorCode, _ exit: Int32,
      _ plant: @escaping @Sendable (Rig) throws -> Void
    ) {
      self.name = name
      self.code = code
      self.exit = exit
      self.plant = plant
    }
  }

  static let faults = [
    Fault("an unknown key", .unusableConfiguration, 78) { $0.rest = "lsiten: []" },
    Fault("an address of another machine", .startWouldFail, 78) {
      $0.listen = "[{address: 192.0.2.1:8080, allowRemote: true}]"
    },
    Fault("a caller that nobody can be", .doubtfulConfiguration, 0) {
      $0.callers =
        "[{name: crm, match: {address: 127.0.0.1}, apps: [main], allow: [\"*\"]}, "
        + "{name: lms, match: {address: 127.0.0.1}, apps: [main], allow: [\"*\"]}]"
    },
    Fault("a limit that counts nothing", .doubtfulConfiguration, 0) {
      $0.rest = "limits: [{name: none, match: {access: write, service: ping}, rate: 1/1s}]"
    },
    Fault("a secret that every user can read", .secretReadable, 0) {
      try $0.secret("sandbox-secret", mode: 0o604)
    },
    Fault("a secret that its group can change", .secretWritable, 0) {
      try $0.secret("sandbox-secret", mode: 0o620)
    },
    Fault("a secret in quotation marks", .secretQuoted, 0) { rig in
      rig.areas = [.configuration, .secrets]
      try rig.secret("'CANARY'")
    },
    Fault("a listener for other machines, without callers", .listenerOpen, 0) { rig in
      rig.listen = "[{address: 0.0.0.0:0, allowRemote: true}]"
      rig.callers = ""
    },
    Fault("an admin address for other machines", .adminOpen, 0) {
      $0.admin = "{address: 0.0.0.0:0, allowRemote: true}"
    },
    Fault("a Unix socket for everybody, without callers", .socketOpen, 0) { rig in
      rig.listen = "[{address: \"unix:\(rig.folder.path)/s\", mode: \"0666\"}]"
      rig.callers = ""
    },
    Fault("a certificate that ends in a week", .ownCertificateEnds, 0) {
      try $0.speakTLS(days: 7)
    },
    Fault("a certificate that has ended", .ownCertificateEnded, 1) { try $0.speakTLS(days: -1) },
    Fault("a key that is another certificate's", .tlsFilesUnusable, 78) { rig in
      let authority = try rig.speakTLS(days: 100)
      rig.listen = try rig.listen.replacing(
        rig.keyPath, with: authority.issue([.dns("localhost")]).key)
    },
    Fault("a revocation list that is out of date", .revocationsEnded, 1) { rig in
      let authority = try rig.speakTLS(days: 100)
      let list = try authority.revocations([], days: -1)
      rig.listen = rig.listen.replacing(
        "tls: {",
        with:
          "tls: {clientCA: {file: \(authority.certificate)}, clientCRL: {file: \(list)}, client: required, "
      )
    },
    Fault("a name that has no address", .nameUnknown, 69) {
      $0.upstream = "{url: \"https://no-such-name.invalid/api/v2\"}"
    },
    Fault("a port where nobody listens", .connectionRefused, 69) {
      $0.upstream = "{url: \"http://127.0.0.1:\(try $0.closedPort())/api/v2\"}"
    },
    Fault("a proxy that is not there", .proxyFailed, 69) {
      $0.upstream =
        "{url: \"https://cloud.scorm.invalid/api/v2\", proxy: \"http://127.0.0.1:\(try $0.closedPort())\"}"
    },
    Fault("a proxy that makes no tunnel", .proxyFailed, 69) { rig in
      rig.upstream =
        "{url: \"https://cloud.scorm.invalid/api/v2\", proxy: \"http://\(rig.sandbox.address)\"}"
    },
    Fault("a clock that is 3 minutes behind", .clockOff, 0) { _ in },
    Fault("a clock that is an hour behind", .clockFarOff, 1) { _ in },
    Fault("another secret than SCORM Cloud's", .secretRefused, 1) { try $0.secret("CANARY") },
    Fault("a secret that is not valid any more, and the next one is", .nextSecretInUse, 0) { rig in
      try rig.secret("CANARY")
      rig.environment = ["NEXT": "sandbox-secret"]
      rig.apps = "[{name: main, id: SANDBOX, secret: {file: secret}, nextSecret: {env: NEXT}}]"
    },
    Fault("a token endpoint where nobody listens", .tokenEndpointSilent, 69) { rig in
      rig.areas.remove(.connection)
      rig.tokens = "{url: \"http://127.0.0.1:\(try rig.closedPort())/token\"}"
    },
    Fault("a token endpoint that is none", .tokenEndpointStrange, 1) {
      $0.tokens = "{url: \"\($0.sandbox.apiURL)/nowhere\"}"
    },
    Fault("a scope that no ping is allowed with", .pingRefused, 1) {
      $0.tokens = "{scopes: fixed, scopesList: [\"read:learner\"]}"
    },
    Fault("a disk with little room", .diskLow, 0) { $0.free = 100 << 20 },
    Fault("a disk without room", .diskFull, 1) { $0.free = 1 << 20 },
  ]

  @Test("finds each planted fault by its own code, and nothing else", arguments: faults)
  func finds(fault: Fault) throws {
    let ahead: Int64 = fault.code == .clockOff ? 180 : fault.code == .clockFarOff ? 3_600 : 0
    let rig = try Rig(ahead: ahead)
    try fault.plant(rig)
    let examination = try rig.examine()
    #expect(
      Set(examination.findings.compactMap(\.code)) == [fault.code],
      "\(examination.text(in: .unlimited))")
    #expect(examination.exitCode(isStrict: false) == fault.exit)
    #expect(examination.exitCode(isStrict: true) == (fault.exit == 0 ? 1 : fault.exit))
  }

  @Test("says ok of a good set-up, and leaves no trace at SCORM Cloud but token requests and reads")
  func good() throws {
    let rig = try Rig()
    rig.environment = ["MANAGEMENT": "sandbox-management-secret"]
    rig.apps =
      "[{name: main, id: SANDBOX, secret: {file: secret}}, "
      + "{name: management, kind: management, id: SANDBOX-MANAGEMENT, secret: {env: MANAGEMENT}}]"
    let examination = try rig.examine()
    #expect(examination.findings.allSatisfy { $0.result == .ok }, "\(examination.short)")
    #expect(Set(examination.findings.map(\.area)) == Set(DoctorArea.allCases))
    #expect(examination.exitCode(isStrict: true) == 0)
    #expect(!FileManager.default.fileExists(atPath: rig.folder.journal))
    let answer = try Wire(port: rig.sandbox.address.port).call("GET", "/sandbox/calls")
    let calls = answer.json["calls"] as? [[String: Any]] ?? []
    #expect(calls.count > 10)
    for call in calls {
      let isToken = call.string("target").hasSuffix("/token")
      #expect(isToken || call.string("method") == "GET", "\(call)")
    }
  }

  @Test(
    "tells apart what is wrong with a certificate",
    arguments: [
      ("DNS:localhost", -1, true, DoctorCode.certificateOutOfDate),
      ("DNS:elsewhere.example", 60, true, .certificateOfOtherName),
      ("DNS:localhost", 60, false, .certificateUntrusted),
      ("DNS:localhost", 3, true, .certificateEnds),
    ] as [(String, Int, Bool, DoctorCode)])
  func certificates(name: String, days: Int, isTrusted: Bool, code: DoctorCode) throws {
    let server = try TLSServer(name: name, days: days)
    let rig = try Rig()
    rig.areas = [.configuration, .connection]
    let caFile = isTrusted ? ", caFile: \(server.certificate)" : ""
    rig.upstream = "{url: \"https://localhost:\(server.port)/api/v2\"\(caFile)}"
    let examination = try rig.examine()
    #expect(examination.findings.compactMap(\.code) == [code], "\(examination.short)")
    #expect(examination.exitCode(isStrict: false) == (code == .certificateEnds ? 0 : 69))
  }

  @Test("is content with a certificate that lasts, and says how long")
  func goodCertificate() throws {
    let server = try TLSServer(name: "DNS:localhost", days: 60)
    let rig = try Rig()
    rig.areas = [.connection]
    rig.upstream =
      "{url: \"https://localhost:\(server.port)/api/v2\", caFile: \(server.certificate)}"
    let examination = try rig.examine()
    #expect(examination.exitCode(isStrict: true) == 0)
    let text = examination.text(in: .unlimited)
    #expect(text.contains(#/certificate trusted, (59|60) days left/#), "\(text)")
  }

  @Test("tells a port that speaks no TLS, and one that never answers")
  func handshake() throws {
    let rig = try Rig()
    rig.areas = [.connection]
    rig.upstream = "{url: \"https://\(rig.sandbox.address)/api/v2\"}"
    #expect(try rig.examine().findings.compactMap(\.code) == [.handshakeFailed])
    let silent = try PeerServer { wire in _ = wire.takeAll() }
    rig.timeout = 300
    rig.upstream = "{url: \"https://127.0.0.1:\(silent.port)/api/v2\"}"
    #expect(try rig.examine().findings.compactMap(\.code) == [.handshakeFailed])
  }

  @Test("tells a host that lets no connection come about: the packets are dropped")
  func dropped() throws {
    // With a full backlog the kernel accepts no further connection.
    let full = try FullListener()
    let rig = try Rig()
    rig.areas = [.connection]
    rig.timeout = 300
    rig.upstream = "{url: \"http://127.0.0.1:\(full.port)/api/v2\"}"
    #expect(try rig.examine().findings.compactMap(\.code) == [.connectionTimeout])
  }

  @Test("finds what a ping comes to: refused, strange, or nothing")
  func ping() throws {
    let rig = try Rig()
    rig.areas = [.ping]
    rig.tokens = "{url: \"\(rig.sandbox.apiURL)/oauth/authenticate/application/token\"}"
    rig.timeout = 300
    for (status, code) in [(401, DoctorCode.pingRefused), (500, .pingStrange), (0, .pingSilent)] {
      let upstream = try PeerServer { wire in
        _ = try wire.take(through: "\r\n\r\n")
        if status > 0 { try wire.send("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n") }
        _ = wire.takeAll()
      }
      rig.upstream = "{url: \"http://127.0.0.1:\(upstream.port)/api/v2\"}"
      #expect(try rig.examine().findings.compactMap(\.code) == [code])
    }
  }

  @Test(
    "takes a scope that SCORM Cloud refuses for a failure where it is granted by name, else for a warning"
  )
  func scopes() throws {
    let endpoint = try PeerServer { wire in
      while true {
        let head = Head(text: try wire.take(through: "\r\n\r\n"))
        let size = head["Content-Length"].flatMap { Int($0) } ?? 0
        let form = String(decoding: try wire.take(size), as: UTF8.self)
        let isRefused = form.contains("scope=write")
        let body =
          isRefused ? #"{"error":"invalid_scope"}"# : #"{"access_token":"CANARY","expires_in":60}"#
        try wire.send(
          "HTTP/1.1 \(isRefused ? 400 : 200) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
      }
    }
    let rig = try Rig()
    rig.areas = [.tokens]
    rig.tokens = "{url: \"http://127.0.0.1:\(endpoint.port)/token\"}"
    let named = try rig.examine()
    #expect(named.findings.contains { $0.code == .scopeRefused && $0.result == .failure })
    #expect(
      named.findings.contains { $0.result == .ok && $0.text.contains("app main: tokens for") })
    rig.callers = "[{name: crm, match: {address: 127.0.0.1}, apps: [main], allow: [\"*\"]}]"
    let everything = try rig.examine()
    #expect(Set(everything.findings.compactMap(\.code)) == [.scopeRefused])
    #expect(everything.count(.failure) == 0 && everything.count(.warning) > 3)
  }

  @Test("warns of a URL that does not end in /api/v2, and sees that no ping is there")
  func basePath() throws {
    let rig = try Rig()
    rig.upstream = "{url: \"http://\(rig.sandbox.address)/api\"}"
    rig.tokens = "{url: \"\(rig.sandbox.apiURL)/oauth/authenticate/application/token\"}"
    let examination = try rig.examine()
    #expect(
      Set(examination.findings.compactMap(\.code)) == [.doubtfulConfiguration, .pingStrange])
  }

  @Test("skips what needs a connection that failed, instead of telling the same thing again")
  func skips() throws {
    let rig = try Rig()
    rig.upstream = "{url: \"http://127.0.0.1:\(try rig.closedPort())/api/v2\"}"
    let examination = try rig.examine()
    #expect(examination.count(.failure) == 1 && examination.count(.skipped) == 3)
    #expect(examination.short.hasPrefix("GW-TCP-01 FAIL 127.0.0.1:"))
  }

  @Test("As a command it prints text, short or JSON on standard output only, with the exit code")
  func command() throws {
    let rig = try Rig()
    _ = try rig.examine()
    let file = rig.folder.path + "/gateway.yaml"
    let text = try Command.run(["doctor", "-c", file])
    #expect(text.exitCode == 0 && text.errors.isEmpty, "\(text)")
    #expect(text.output.contains("\nConnection\n  ok       127.0.0.1:"))
    #expect(text.output.contains(" 0 warnings, 0 failures\n"))
    try rig.secret("CANARY")
    let json = try Command.run(["doctor", "-c", file, "--format", "json", "--only", "tokens,ping"])
    #expect(json.exitCode == 1 && json.errors.isEmpty)
    let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect(object?["success"] as? Bool == false && object?["exitCode"] as? Int == 1)
    let areas = object?["categories"] as? [[String: Any]]
    #expect(areas?.map { $0.string("categoryName") } == ["tokens", "ping"])
    let check = (areas?.first?["checks"] as? [[String: Any]])?.first
    #expect(check?.string("code") == "GW-TOK-01" && check?.string("result") == "error")
    #expect(check?.string("fix").isEmpty == false)
    #expect(!json.output.contains("CANARY"))
    let short = try Command.run(["doctor", "-c", file, "--format", "short", "--only", "tokens"])
    #expect(short.output.hasPrefix("GW-TOK-01 FAIL "))
    let wrong = try Command.run(["doctor", "--only", "tokns"])
    #expect(wrong.exitCode == 2 && wrong.errors.contains("Unknown area 'tokns'"))
    let none = try Command.run(["doctor"])
    #expect(none.exitCode == 78 && none.output.contains("GW-CFG-01"))
  }

  @Test("waits until nothing fails any more")
  func waits() throws {
    let rig = try Rig()
    try rig.secret("CANARY")
    _ = try rig.examine()
    let command = try Command([
      "doctor", "-c", rig.folder.path + "/gateway.yaml", "--wait", "30s", "--only", "tokens",
    ])
    // It has checked once when the secret was refused.
    #expect(
      try eventually {
        try Wire(port: rig.sandbox.address.port).call("GET", "/sandbox/calls").text
          .components(separatedBy: "/token").count > 2
      })
    try rig.secret("sandbox-secret")
    #expect(command.exitCode == 0, "\(command.output)")
  }
}

/// A listener with a full queue, so that the kernel accepts no further connection.
private final class FullListener {
  let port: UInt16
  private let listener: Int32
  private var waiting: [Wire] = []

  init() throws {
    (listener, port) = try bindLoopback()
    guard listen(listener, 0) == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
    // A connection that the kernel accepts, but no program, fills a queue of length 0.
    waiting.append(try Wire(port: port))
  }

  deinit { close(listener) }
}
