import Foundation
import Testing

@testable import Configuration

@Suite("Defaults, environment and flags")
struct PrecedenceTests {
  @Test("Without a file everything has its documented default")
  func defaults() throws {
    let rig = try LoadingRig()
    rig.variables["SCORM_SECRET_KEY"] = LoadingRig.canary
    let settings = try rig.load(nil).settings
    #expect(
      settings.listeners == [
        Listener(
          name: "127.0.0.1:8080", address: .tcp(host: "127.0.0.1", port: 8080), socketMode: 0o660,
          allowRemote: false,
          allowedHosts: [], caller: nil)
      ])
    #expect(
      settings.admin
        == AdminSettings(
          address: .tcp(host: "127.0.0.1", port: 9901), socketMode: 0o660, allowRemote: false,
          allowedHosts: [], actions: true))
    #expect(settings.upstream.url.description == Keys.upstreamURL)
    #expect(settings.upstream.url == (try EndpointURL(parsing: Keys.upstreamURL)))
    #expect(settings.upstream.host == "cloud.scorm.com")
    #expect(settings.upstream.port == 443)
    #expect(settings.upstream.basePath == "/api/v2")
    #expect(settings.upstream.connectTimeout == .seconds(3))
    #expect(settings.upstream.responseTimeout == .seconds(60))
    #expect(settings.upstream.idleTimeout == .seconds(60))
    #expect(settings.upstream.maxConnections == 256)
    #expect(settings.upstream.proxy == nil)
    #expect(settings.upstream.caFile == nil)
    #expect(settings.apps.map(\.name) == ["main"])
    #expect(settings.apps.map(\.id) == ["APP"])
    #expect(settings.apps.map(\.secret.exposed) == [LoadingRig.canary])
    #expect(settings.defaultApp == "main")
    #expect(
      settings.tokens
        == TokenSettings(
          endpoint: .application, url: nil, scopes: .exact, scopesList: [], lifetime: .seconds(900))
    )
    #expect(settings.callers.isEmpty)
    #expect(
      settings.policy
        == PolicySettings(unknownOperations: .refuse, sensitiveOperations: .refuse))
    #expect(settings.limits.isEmpty)
    #expect(
      settings.traffic
        == TrafficSettings(
          log: TrafficSettings.Log(destination: .standardOutput, format: .auto),
          journal: TrafficSettings.Journal(
            path: nil, maxAge: .seconds(30 * 86_400), maxSize: ByteSize(512 << 20))))
    #expect(settings.replicas == 1)
    #expect(settings.drainDelay == .zero)
  }

  @Test(
    "A variable for a group or a list says what can be set instead",
    arguments: [
      ("APPS", "apps is a list of groups, which only the configuration file can hold"),
      ("APPS_0_ID", "apps is a list of groups"),
      ("CALLERS_CRM_MODE", "callers is a list of groups"),
      ("TRAFFIC_CAPTURE", "traffic.capture is a list of groups"),
      ("LISTEN", "set one of them: SCORM_GATEWAY_LISTEN_ADDRESS, "),
      (
        "TRAFFIC_LOG",
        "set one of them: SCORM_GATEWAY_TRAFFIC_LOG_PATH, SCORM_GATEWAY_TRAFFIC_LOG_FORMAT"
      ),
      ("LISTEN_ADDRES", "did you mean SCORM_GATEWAY_LISTEN_ADDRESS?"),
    ])
  func groupVariable(name: String, hint: String) throws {
    let rig = try LoadingRig()
    rig.variables["SCORM_SECRET_KEY"] = LoadingRig.canary
    rig.variables["SCORM_GATEWAY_" + name] = "x"
    let problems = try rig.problems(nil)
    #expect(problems.count == 1)
    #expect(problems.first?.message == "unknown setting")
    #expect(problems.first?.hint.contains(hint) == true, "\(problems)")
  }

  @Test("A start without file and credentials says exactly what to set")
  func nothing() throws {
    let rig = try LoadingRig()
    rig.variables = [:]
    let error = #expect(throws: ConfigurationError.self) { try rig.load(nil) }
    #expect(error?.problems.map(\.keyPath) == ["apps[0].id", "apps[0].secret"])
    #expect(error?.description.contains("set SCORM_APP_ID") == true)
    #expect(error?.description.contains("SCORM_SECRET_KEY_FILE") == true)
  }

  @Test("Of the two ways to give the secret key only one may be used")
  func both() throws {
    let rig = try LoadingRig()
    rig.variables["SCORM_SECRET_KEY"] = LoadingRig.canary
    rig.variables["SCORM_SECRET_KEY_FILE"] = rig.folder.path + "/secret"
    #expect(try rig.problems(nil).map(\.keyPath) == ["apps[0].secret"])
  }

  @Test("The secret key's file is read, also beside a file without apps")
  func keyFile() throws {
    let rig = try LoadingRig()
    rig.variables["SCORM_SECRET_KEY_FILE"] = rig.folder.path + "/secret"
    #expect(
      try rig.load("replicas: 2\n").settings.apps.map(\.secret.exposed) == [LoadingRig.canary])
    #expect(try rig.load("").settings.apps.map(\.name) == ["main"])
  }

  @Test("A flag beats the environment, the environment the file, the file the default")
  func precedence() throws {
    let rig = try LoadingRig()
    let yaml = "upstream: {connectTimeout: 5s}\n" + LoadingRig.app
    #expect(try rig.load(LoadingRig.app).settings.upstream.connectTimeout == .seconds(3))
    #expect(try rig.load(yaml).settings.upstream.connectTimeout == .seconds(5))
    rig.variables["SCORM_GATEWAY_UPSTREAM_CONNECT_TIMEOUT"] = "7s"
    #expect(try rig.load(yaml).settings.upstream.connectTimeout == .seconds(7))
    rig.overrides["upstream.connectTimeout"] = "9s"
    #expect(try rig.load(yaml).settings.upstream.connectTimeout == .seconds(9))
  }

  @Test("Every section takes values from the environment, where it has none or others in the file")
  func sections() throws {
    let rig = try LoadingRig()
    rig.variables.merge([
      "SCORM_GATEWAY_LISTEN_ADDRESS": "127.0.0.1:1",
      "SCORM_GATEWAY_LISTEN_ALLOWED_HOSTS": "a.b, C:80",
      "SCORM_GATEWAY_ADMIN_ADDRESS": "127.0.0.1:2", "SCORM_GATEWAY_DEFAULTAPP": "main",
      "SCORM_GATEWAY_UPSTREAM_URL": "http://localhost:9000/api/v2/",
      "SCORM_GATEWAY_TOKENS_LIFETIME": "10m", "SCORM_GATEWAY_TOKENS_SCOPES": "fixed",
      "SCORM_GATEWAY_TOKENS_SCOPES_LIST": "read write:course",
      "SCORM_GATEWAY_POLICY_UNKNOWN_OPERATIONS": "forward", "SCORM_GATEWAY_REPLICAS": "3",
      "SCORM_GATEWAY_TRAFFIC_LOG_PATH": "logs/t.json", "SCORM_GATEWAY_TRAFFIC_JOURNAL_PATH": "/j",
      "SCORM_GATEWAY_UPSTREAM_IDLETIMEOUT": "30s", "SCORM_GATEWAY_TOKENS_URL": "",
    ]) { $1 }
    let yaml =
      "listen:\n  - {address: '127.0.0.1:7'}\n  - {address: '127.0.0.1:8'}\ntraffic: {journal: null}\n"
    let settings = try rig.load(yaml + LoadingRig.app).settings
    #expect(settings.listeners.map(\.address.description) == ["127.0.0.1:1", "127.0.0.1:8"])
    #expect(settings.listeners.first?.allowedHosts == ["a.b", "c:80"])
    #expect(settings.admin?.address == .tcp(host: "127.0.0.1", port: 2))
    #expect(settings.upstream.url.description == "http://localhost:9000/api/v2")
    #expect(settings.upstream.idleTimeout == .seconds(30))
    #expect(settings.tokens.lifetime == .seconds(600))
    #expect(settings.tokens.scopesList == ["read", "write:course"])
    #expect(settings.tokens.url == nil)
    #expect(settings.policy.unknownOperations == .forward)
    #expect(settings.replicas == 3)
    #expect(settings.traffic.log?.destination == .file("logs/t.json"))
    #expect(settings.traffic.journal?.path == "/j")
  }

  @Test(
    "An environment variable that means nothing is a problem",
    arguments: [
      ("SCORM_GATEWAY_UPSTREAM_CONECT_TIMEOUT", "SCORM_GATEWAY_UPSTREAM_CONNECT_TIMEOUT"),
      ("SCORM_GATEWAY_ADMIN_ADRESS", "SCORM_GATEWAY_ADMIN_ADDRESS"),
      ("SCORM_GATEWAY_APPS_NAME", ""),
    ])
  func unknownVariables(name: String, closest: String) throws {
    let rig = try LoadingRig()
    rig.variables[name] = LoadingRig.canary
    let problems = try rig.problems(LoadingRig.app)
    #expect(problems.map(\.file) == ["environment variable \(name)"])
    #expect(problems.first?.hint.contains(closest) == true || closest.isEmpty)
    #expect(problems.first?.description.contains(LoadingRig.canary) == false)
  }

  @Test("A bad value in the environment is told with the variable's name")
  func badVariable() throws {
    let rig = try LoadingRig()
    rig.variables["SCORM_GATEWAY_REPLICAS"] = "x"
    let problem = try #require(try rig.problems(LoadingRig.app).first)
    #expect(
      problem.description.hasPrefix(
        "environment variable SCORM_GATEWAY_REPLICAS: replicas: expected"))
  }

  @Test("Two spellings of one variable are a problem")
  func twoSpellings() throws {
    let rig = try LoadingRig()
    rig.variables["SCORM_GATEWAY_DEFAULTAPP"] = "main"
    rig.variables["SCORM_GATEWAY_DEFAULT_APP"] = "main"
    #expect(try rig.problems(LoadingRig.app).map(\.message) == ["set twice"])
  }

  @Test(
    "Variables that a platform sets for any service whose name begins like ours are no settings",
    arguments: ["", "METRICS_", "ADMIN_", "SERVICE_", "PORT_", "EU_1_"])
  func services(service: String) throws {
    let rig = try LoadingRig()
    for (name, value) in [
      ("SERVICE_HOST", "10.0.0.1"), ("SERVICE_PORT", "8080"), ("SERVICE_PORT_HTTP_METRICS", "9901"),
      ("PORT", "tcp://10.0.0.1:8080"), ("PORT_8080_TCP", "tcp://10.0.0.1:8080"),
      ("PORT_8080_TCP_PROTO", "tcp"), ("PORT_8080_TCP_PORT", "8080"),
      ("PORT_8080_TCP_ADDR", "10.0.0.1"), ("PORT_53_UDP", "udp://[fd00::1]:53"),
      ("PORT_53_UDP_ADDR", "fd00::1"), ("PORT_80_TCP_START", "tcp://172.17.0.2:80"),
      ("NAME", "/web/scorm-gateway"), ("ENV_PATH", "/bin"),
    ] {
      rig.variables["SCORM_GATEWAY_\(service)\(name)"] = value
    }
    #expect(try rig.problems(LoadingRig.app).isEmpty)
  }

  @Test(
    "What only looks like a platform's variable is a setting that was misspelled",
    arguments: [
      ("PORT", "8080"), ("SERVICE_HOST", "gateway.internal"), ("SERVICE_PORT", "http"),
      ("LISTEN_PORT", "8080"), ("ADMIN_PORT_8080", "tcp://10.0.0.1:8080"),
      ("METRICS_HOST", "10.0.0.1"),
      ("PORT_8080_TCP_ADDRESS", "10.0.0.1"), ("SERVICE_HOST_IP", "10.0.0.1"), ("NAME", "gateway"),
      ("UPSTREAM_URI", "https://a.example"),
    ])
  func typos(name: String, value: String) throws {
    let rig = try LoadingRig()
    rig.variables["SCORM_GATEWAY_\(name)"] = value
    #expect(try rig.problems(LoadingRig.app).map(\.message) == ["unknown setting"])
  }

  @Test("Commands find the admin address in the environment, under each of its variable's names")
  func adminVariable() {
    for (variables, expected) in [
      ([:], nil), (["SCORM_GATEWAY_ADMIN_ADDRESS": ""], nil),
      (["SCORM_GATEWAY_ADMIN_ADDRESS": "null"], nil),
      (["SCORM_GATEWAY_ADMIN_ADDRESS": "unix:/run/a"], "unix:/run/a"),
      (["SCORM_GATEWAY_ADMINADDRESS": "127.0.0.1:1"], "127.0.0.1:1"),
    ] as [([String: String], String?)] {
      #expect(AdminVariable.value(in: Environment(variables)) == expected)
    }
  }

  @Test("A flag that names no key is a problem")
  func unknownFlag() throws {
    let rig = try LoadingRig()
    rig.overrides["admin.adress"] = "127.0.0.1:1"
    let problems = try rig.problems(LoadingRig.app)
    #expect(
      problems.map(\.description) == [
        "command line: admin.adress: unknown key (did you mean admin.address?)"
      ])
  }

  @Test("The first listener is meant by listen.address, with or without its number")
  func listenerFlag() throws {
    let rig = try LoadingRig()
    for path in ["listen.address", "listen[0].address"] {
      rig.overrides = [path: "unix:/run/x"]
      #expect(
        try rig.load(LoadingRig.app).settings.listeners.map(\.address) == [.unix(path: "/run/x")])
    }
  }

  @Test(
    "The proxy is the configured one, or curl's from the environment",
    arguments: [
      ("upstream: {proxy: 'http://p:3128'}", [:], "http://p:3128"),
      ("upstream: {proxy: 'http://p:3128'}", ["HTTPS_PROXY": "http://q:1"], "http://p:3128"),
      ("upstream: {proxy: none}", ["HTTPS_PROXY": "http://q:1"], nil),
      ("", ["HTTPS_PROXY": "http://q:1/"], "http://q:1"),
      ("", ["https_proxy": "q:1"], "http://q:1"),
      ("", ["HTTPS_PROXY": "http://q:1", "NO_PROXY": "a.b, .scorm.com"], nil),
      ("", ["HTTPS_PROXY": "http://q:1", "no_proxy": "*"], nil),
      ("", ["HTTPS_PROXY": "http://q:1", "NO_PROXY": "corm.com"], "http://q:1"),
      ("upstream: {url: 'http://127.0.0.1:1'}", ["HTTPS_PROXY": "http://q:1"], nil),
    ] as [(String, [String: String], String?)])
  func proxy(yaml: String, variables: [String: String], expected: String?) throws {
    let rig = try LoadingRig()
    rig.variables.merge(variables) { $1 }
    #expect(
      try rig.load(yaml + "\n" + LoadingRig.app).settings.upstream.proxy?.description == expected)
  }

  @Test(
    "Null switches off what can be switched off",
    arguments: ["admin: null", "admin: {address: null}", "admin: ~"])
  func adminOff(yaml: String) throws {
    #expect(try LoadingRig().load(yaml + "\n" + LoadingRig.app).settings.admin == nil)
  }

  @Test(
    "The log and the journal can be off",
    arguments: [
      "traffic: {log: null, journal: null}", "traffic: {log: {path: null}, journal: {path: null}}",
    ])
  func trafficOff(yaml: String) throws {
    let traffic = try LoadingRig().load(yaml + "\n" + LoadingRig.app).settings.traffic
    #expect(traffic == TrafficSettings(log: nil, journal: nil))
  }

  @Test("The only application is the default one, whatever its name")
  func onlyApp() throws {
    let yaml = "apps: [{name: lms, id: A, secret: {file: secret}}]\n"
    #expect(try LoadingRig().load(yaml).settings.defaultApp == "lms")
  }
}
