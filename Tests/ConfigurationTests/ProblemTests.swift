import Foundation
import Testing

@testable import Configuration

@Suite("Bad configurations")
struct ProblemTests {
  /// Files that end in a valid app, and the single problem of each.
  static let mistakes: [(String, Expected)] = [
    ("lissten: []\n", Expected(1, 1, "lissten", "did you mean listen?")),
    (
      "upstream:\n  conectTimeout: 3s\n",
      Expected(2, 3, "upstream.conectTimeout", "connectTimeout?")
    ),
    (
      "upstream: 3\n", Expected(1, 11, "upstream", "expected a group of keys, found a single value")
    ),
    (
      "upstream: {connectTimeout: 3}\n",
      Expected(1, 28, "upstream.connectTimeout", "for example connectTimeout: 3s")
    ),
    (
      "upstream: {connectTimeout: 2h}\n",
      Expected(1, 28, "upstream.connectTimeout", "from 10ms to 1m")
    ),
    (
      "upstream: {connectTimeout: [3s]}\n",
      Expected(1, 28, "upstream.connectTimeout", "expected a single value, found a list")
    ),
    (
      "upstream: {maxConnections: 0}\n",
      Expected(1, 28, "upstream.maxConnections", "from 1 to 65535")
    ),
    (
      "upstream: {maxConnections: many}\n",
      Expected(1, 28, "upstream.maxConnections", "whole number")
    ),
    ("upstream: {url: cloud.scorm.com}\n", Expected(1, 17, "upstream.url", "start with https://")),
    ("upstream: {url: http://cloud.scorm.com}\n", Expected(1, 17, "upstream.url", "unencrypted")),
    ("upstream: {url: 'https://a@b/'}\n", Expected(1, 17, "upstream.url", "user or password")),
    ("upstream: {url: 'https://b/?a'}\n", Expected(1, 17, "upstream.url", "query")),
    ("upstream: {url: 'https://b/#a'}\n", Expected(1, 17, "upstream.url", "fragment")),
    ("upstream: {url: 'https://b:0/'}\n", Expected(1, 17, "upstream.url", "host or port")),
    ("upstream: {url: 'https://b/../c'}\n", Expected(1, 17, "upstream.url", "dot segments")),
    ("upstream: {url: 'https://127.0.0.256/'}\n", Expected(1, 17, "upstream.url", "host or port")),
    ("upstream: {proxy: 'https://p:1'}\n", Expected(1, 19, "upstream.proxy", "support CONNECT")),
    (
      "upstream: {proxy: 'socks5h://u:p@p:1'}\n",
      Expected(1, 19, "upstream.proxy", "kind socks5h:// is not supported")
    ),
    (
      "upstream: {proxy: 'http://u:p@p:1'}\n", Expected(1, 19, "upstream.proxy", "user or password")
    ),
    ("upstream: {caFile: /nowhere/ca.pem}\n", Expected(1, 20, "upstream.caFile", "No such file")),
    ("listen: {address: 127.0.0.1:80}\n", Expected(1, 9, "listen", "expected a list")),
    ("listen: []\n", Expected(1, 9, "listen", "at least one address")),
    ("listen: [{address: ':8080'}]\n", Expected(1, 20, "listen[0].address", "name the address")),
    (
      "listen: [{address: 0.0.0.0:8080}]\n",
      Expected(1, 20, "listen[0].address", "allowRemote: true")
    ),
    (
      "listen: [{address: '127.0.0.1:1', mode: '0660'}]\n",
      Expected(1, 41, "listen[0].mode", "only a Unix socket")
    ),
    ("listen: [{address: 'unix:/a', mode: '0990'}]\n", Expected(1, 37, "listen[0].mode", "octal")),
    ("listen: [{address: 'unix:/a', mode: '1777'}]\n", Expected(1, 37, "listen[0].mode", "octal")),
    ("listen: [{allowRemote: maybe}]\n", Expected(1, 24, "listen[0].allowRemote", "true or false")),
    (
      "listen: [{allowedHosts: ['http://a']}]\n",
      Expected(1, 26, "listen[0].allowedHosts[0]", "leave out the scheme")
    ),
    (
      "listen: [{allowedHosts: ['fd00::1']}]\n",
      Expected(1, 26, "listen[0].allowedHosts[0]", "[fd00::1]")
    ),
    (
      "listen: [{allowedHosts: ['*.a']}]\n",
      Expected(1, 26, "listen[0].allowedHosts[0]", "patterns are not supported")
    ),
    ("listen: [{caller: crm}]\n", Expected(1, 19, "listen[0].caller", "no caller is called")),
    (
      "listen:\n  - address: 127.0.0.1:1\n  - address: localhost:1\n",
      Expected(3, 14, "listen[1].address", "listened on twice")
    ),
    ("admin: {address: 127.0.0.1:8080}\n", Expected(1, 18, "admin.address", "listened on twice")),
    (
      "listen:\n  - address: 127.0.0.1:1\n  - {address: '0.0.0.0:1', allowRemote: true}\n",
      Expected(3, 15, "listen[1].address", "already listened on, by 127.0.0.1:1")
    ),
    (
      "listen: [{address: '0.0.0.0:7', allowRemote: true}]\nadmin: {address: 127.0.0.1:7}\n",
      Expected(2, 18, "admin.address", "already listened on, by 0.0.0.0:7")
    ),
    (
      "listen: [{address: '[::1]:7'}, {address: '[0:0:0:0:0:0:0:1]:7'}]\n",
      Expected(1, 42, "listen[1].address", "already listened on, by [::1]:7")
    ),
    (
      "listen: [{address: '[::]:7', allowRemote: true}]\nadmin: {address: '[::1]:7'}\n",
      Expected(2, 18, "admin.address", "already listened on, by [::]:7")
    ),
    (
      "listen: [{address: 'unix:/run/a'}]\nadmin: {address: 'unix:/run/a'}\n",
      Expected(2, 18, "admin.address", "listened on twice")
    ),
    ("admin: {address: '[::]:9901'}\n", Expected(1, 18, "admin.address", "allowRemote: true")),
    (
      "traffic: {capture: [{operation: GetCourse5}]}\n",
      Expected(1, 33, "traffic.capture[0].operation", "did you mean GetCourse")
    ),
    (
      "traffic: {capture: [{maxBytes: 1KiB}]}\n",
      Expected(1, 21, "traffic.capture[0].operation", "an operation is required")
    ),
    (
      "traffic: {capture: [{operation: GetToken}]}\n",
      Expected(1, 33, "traffic.capture[0].operation", "never recorded")
    ),
    (
      "traffic: {capture: [{operation: GetCourse}, {operation: GetCourse}]}\n",
      Expected(1, 57, "traffic.capture[1].operation", "listed twice")
    ),
    (
      "traffic: {capture: [{operation: GetCourse, maxBytes: 65KiB}]}\n",
      Expected(1, 54, "traffic.capture[0].maxBytes", "from 1 to 64KiB")
    ),
    (
      "traffic: {capture: [{operation: GetCourse, redact: ['$..id']}]}\n",
      Expected(1, 53, "traffic.capture[0].redact[0]", "filters, slices and .. are not supported")
    ),
    (
      "traffic: {capture: [{operation: GetCourse, redact: ['$']}]}\n",
      Expected(1, 53, "traffic.capture[0].redact[0]", "remove the entry")
    ),
    ("defaultApp: mian\n", Expected(1, 13, "defaultApp", "did you mean main?")),
    (
      "tokens: {endpoint: aplication}\n",
      Expected(1, 20, "tokens.endpoint", "did you mean application?")
    ),
    ("tokens: {scopes: fixed}\n", Expected(1, 18, "tokens.scopesList", "needs the scopes")),
    ("tokens: {scopesList: [read]}\n", Expected(1, 22, "tokens.scopesList", "only scopes: fixed")),
    (
      "tokens: {scopes: fixed, scopesList: ['read:curse']}\n",
      Expected(1, 38, "tokens.scopesList[0]", "did you mean read:course?")
    ),
    (
      "tokens: {scopes: fixed, scopesList: [read, read]}\n",
      Expected(1, 44, "tokens.scopesList[1]", "listed twice")
    ),
    (
      "policy: {sensitiveForwarded: [GetTokn]}\n",
      Expected(1, 31, "policy.sensitiveForwarded[0]", "did you mean GetToken?")
    ),
    (
      "policy: {sensitiveForwarded: [GetCourses]}\n",
      Expected(1, 31, "policy.sensitiveForwarded[0]", "forwarded anyway")
    ),
    (
      "policy: {sensitiveForwarded: [GetToken, GetToken]}\n",
      Expected(1, 41, "policy.sensitiveForwarded[1]", "listed twice")
    ),
    (
      "traffic: {unknownParameters: hide}\n",
      Expected(1, 30, "traffic.unknownParameters", "mask, show")
    ),
    (
      "traffic: {gateway: 'gate way'}\n",
      Expected(1, 20, "traffic.gateway", "not a usable name")
    ),
    ("tokens: {lifetime: 1s}\n", Expected(1, 20, "tokens.lifetime", "from 30s to 1d")),
    (
      "callers: [{name: a, apps: [main], allow: ['*'], match: {}}]\n",
      Expected(1, 56, "callers[0].match", "at least one condition")
    ),
    (
      "callers: [{name: a, apps: [mian], allow: ['*'], match: {address: '::1'}}]\n",
      Expected(1, 28, "callers[0].apps[0]", "did you mean main?")
    ),
    (
      "callers: [{name: a, allow: ['*'], match: {address: '::1'}}]\n",
      Expected(1, 11, "callers[0].apps", "required")
    ),
    (
      "callers: [{name: a, apps: [main], match: {address: '::1'}}]\n",
      Expected(1, 11, "callers[0].allow", "required")
    ),
    (
      "callers: [{name: a, apps: [main], allow: [GetCurses], match: {address: '::1'}}]\n",
      Expected(1, 43, "callers[0].allow[0]", "did you mean GetCourses?")
    ),
    (
      "callers: [{name: a, apps: [main], allow: ['delete:course'], match: {address: '::1'}}]\n",
      Expected(1, 43, "callers[0].allow[0]", "deleting is writing")
    ),
    (
      "callers: [{name: a, apps: [main], allow: ['read:curse'], match: {address: '::1'}}]\n",
      Expected(1, 43, "callers[0].allow[0]", "did you mean course?")
    ),
    (
      "callers: [{name: a b, apps: [main], allow: ['*'], match: {address: '::1'}}]\n",
      Expected(1, 18, "callers[0].name", "not a valid name")
    ),
    (
      "callers: [{name: a, apps: [main], allow: ['*'], match: {address: 10.1.2.3/8}}]\n",
      Expected(1, 66, "callers[0].match.address", "block")
    ),
    (
      "callers: [{name: a, apps: [main], allow: ['*'], match: {unixUser: nobody-here}}]\n",
      Expected(1, 67, "callers[0].match.unixUser", "no user")
    ),
    (
      "callers: [{name: a, apps: [main], allow: ['*'], match: {listener: '127.0.0.1:8081'}}]\n",
      Expected(1, 67, "callers[0].match.listener", "did you mean 127.0.0.1:8080?")
    ),
    (
      "callers: [{name: a, apps: [main], allow: ['*'], mode: slow, match: {address: '::1'}}]\n",
      Expected(1, 55, "callers[0].mode", "normal, permissive, read-only, dry-run, frozen")
    ),
    (
      "callers: [{name: a, apps: [main], allow: ['*'], priority: low, match: {address: '::1'}}]\n",
      Expected(1, 59, "callers[0].priority", "interactive, batch")
    ),
    (
      "callers: [{name: a, apps: [main], allow: ['*'], weight: 101, match: {address: '::1'}}]\n",
      Expected(1, 57, "callers[0].weight", "100")
    ),
    (
      "callers: [{name: a, apps: [], allow: [], match: {address: '::1'}}]\n",
      Expected(1, 27, "callers[0].apps", "at least one app")
    ),
    ("replicas: \u{1}\n", Expected(1, 11, "", "control characters")),
    (
      "policy: {unknownOperations: allow}\n",
      Expected(1, 29, "policy.unknownOperations", "refuse, forward")
    ),
    ("limits: [{name: a}]\n", Expected(1, 10, "limits[0]", "limits nothing")),
    ("limits: [{name: a, rate: 100}]\n", Expected(1, 26, "limits[0].rate", "100/1m")),
    ("limits: [{name: a, rate: 0/1m}]\n", Expected(1, 26, "limits[0].rate", "out of range")),
    (
      "limits: [{name: a, concurrency: 1, burst: 2}]\n",
      Expected(1, 43, "limits[0].burst", "belongs to a rate")
    ),
    (
      "limits: [{name: a, rate: 1/1s, match: {access: delete}}]\n",
      Expected(1, 48, "limits[0].match.access", "read, write")
    ),
    (
      "limits: [{name: a, rate: 1/1s, match: {service: xapy}}]\n",
      Expected(1, 49, "limits[0].match.service", "did you mean xapi?")
    ),
    (
      "limits: [{name: a, rate: 1/1s, match: {operation: getcourses}}]\n",
      Expected(1, 51, "limits[0].match.operation", "did you mean GetCourses?")
    ),
    (
      "limits: [{name: a, rate: 1/1s}, {name: a, rate: 1/1s}]\n",
      Expected(1, 40, "limits[1].name", "is taken")
    ),
    ("traffic: {log: {format: xml}}\n", Expected(1, 25, "traffic.log.format", "json")),
    ("traffic: {log: 'x.log'}\n", Expected(1, 16, "traffic.log", "its keys: path, format")),
    (
      "traffic: {journal: {maxAge: 1m}}\n",
      Expected(1, 29, "traffic.journal.maxAge", "out of range")
    ),
    (
      "traffic: {journal: {path: /x, maxSize: 2GB}}\n",
      Expected(1, 40, "traffic.journal.maxSize", "64KiB")
    ),
    ("replicas: 0\n", Expected(1, 11, "replicas", "from 1 to 1000")),
    // Problems of YAML itself.
    ("replicas: 1\nreplicas: 2\n", Expected(2, 1, "replicas", "already on line 1")),
    ("replicas: &a 1\n", Expected(1, 11, "replicas", "anchors")),
    ("replicas: !!int 1\n", Expected(1, 11, "replicas", "tags")),
    ("? [a]\n: 1\n", Expected(1, 3, "", "a key must be a single word")),
    ("? \n: 1\n", Expected(1, 2, "", "a key is missing")),
  ]

  @Test("Each mistake is told with its place, its key and the way out", arguments: mistakes)
  func single(yaml: String, expected: Expected) throws {
    let problems = try LoadingRig().problems(yaml + LoadingRig.app)
    #expect(problems.count == 1, "\(problems)")
    #expect(problems.first.map(expected.fits) == true, "\(problems)")
  }

  static let appMistakes: [(String, Expected)] = [
    ("apps: []\n", Expected(1, 7, "apps", "at least one app")),
    ("apps: [{id: A, secret: {file: secret}}]\n", Expected(1, 8, "apps[0].name", "required")),
    ("apps: [{name: main, secret: {file: secret}}]\n", Expected(1, 8, "apps[0].id", "required")),
    (
      "apps: [{name: main, id: 'a:b', secret: {file: secret}}]\n",
      Expected(1, 25, "apps[0].id", "no colon")
    ),
    (
      "apps: [{name: main, id: {env: NOT_SET}, secret: {file: secret}}]\n",
      Expected(1, 25, "apps[0].id", "set NOT_SET")
    ),
    ("apps: [{name: main, id: A}]\n", Expected(1, 8, "apps[0].secret", "required")),
    (
      "apps: [{name: main, id: A, secret: {env: NOT_SET}}]\n",
      Expected(1, 36, "apps[0].secret", "set NOT_SET")
    ),
    (
      "apps: [{name: main, id: A, secret: {file: /nowhere/s}}]\n",
      Expected(1, 36, "apps[0].secret", "/nowhere/s is not readable: No such file")
    ),
    (
      "apps: [{name: main, id: A, secret: {file: ./}}]\n",
      Expected(1, 36, "apps[0].secret", "not a regular file")
    ),
    (
      "apps: [{name: main, id: A, secret: {file: secret}}, {name: main, id: B, secret: {file: secret}}]\n",
      Expected(1, 60, "apps[1].name", "is taken")
    ),
    (
      "apps: [{name: a, id: A, secret: {file: secret}}, {name: b, id: B, secret: {file: secret}}]\n",
      Expected(1, 1, "defaultApp", "defaultApp: a")
    ),
    (
      "apps: [{name: main, kind: management, id: A, secret: {file: secret}}]\n",
      Expected(1, 1, "defaultApp", "every app is a management app")
    ),
    (
      "apps:\n- {name: main, id: A, secret: {file: secret}}\n"
        + "- {name: x, kind: management, id: A, secret: {file: secret}}\n"
        + "- {name: y, kind: management, id: A, secret: {file: secret}}\n",
      Expected(4, 19, "apps[2].kind", "there is already a management app")
    ),
    (
      "apps:\n- {name: main, id: A, secret: {file: secret}}\n"
        + "- {name: x, kind: management, id: A, secret: {file: secret}}\ndefaultApp: x\n",
      Expected(4, 13, "defaultApp", "is a management app")
    ),
  ]

  @Test("Apps are checked one by one and against each other", arguments: appMistakes)
  func apps(yaml: String, expected: Expected) throws {
    let problems = try LoadingRig().problems(yaml)
    #expect(problems.count == 1, "\(problems)")
    #expect(problems.first.map(expected.fits) == true, "\(problems)")
  }

  @Test(
    "What is no single YAML document is refused where it stops being one",
    arguments: [
      ("a: [1\n", Expected(2, 1, "", "not valid YAML")),
      ("a:\n\t- b\n", Expected(2, 1, "", "not tabs")),
      ("a: 'open\n", Expected(2, 1, "", "not valid YAML")),
      ("replicas: 1\n---\nreplicas: 2\n", Expected(2, 1, "", "a second document")),
      ("a: *b\n", Expected(1, 4, "a", "aliases")),
      (String(repeating: "[", count: 40) + "\n", Expected(1, 33, "", "deeper than 32")),
      ("- a\n", Expected(1, 1, "", "expected a group of keys, found a list")),
      ("just text\n", Expected(1, 1, "", "found a single value")),
    ])
  func syntax(yaml: String, expected: Expected) throws {
    let problems = try LoadingRig().problems(yaml)
    #expect(problems.contains(where: expected.fits), "\(problems)")
  }

  @Test("Bytes that are not UTF-8 are refused at their place")
  func notUTF8() throws {
    let rig = try LoadingRig()
    let file = try rig.write("gateway.yaml", bytes: Array("a: 1\nb: é".utf8) + [0xFF, 0x0A])
    let error = #expect(throws: ConfigurationError.self) { try rig.load(file: file) }
    #expect(error?.problems.map(\.line) == [2])
    #expect(error?.problems.map(\.column) == [5])
    #expect(error?.problems.map(\.message) == ["not UTF-8"])
  }

  @Test("A UTF-8 byte order mark is passed over")
  func byteOrderMark() throws {
    #expect(try LoadingRig().problems("\u{FEFF}replicas: 2\n" + LoadingRig.app).isEmpty)
  }

  @Test("UTF-16 is refused, whatever its byte order mark says")
  func utf16() throws {
    let rig = try LoadingRig()
    let file = try rig.write(
      "gateway.yaml", bytes: [0xFF, 0xFE, 0x61, 0, 0x3A, 0, 0x20, 0, 0x31, 0])
    let error = #expect(throws: ConfigurationError.self) { try rig.load(file: file) }
    #expect(error?.problems.map(\.message) == ["not UTF-8"])
  }

  @Test("A file beyond 1 MiB is refused, one of 1 MiB is read")
  func size() throws {
    let rig = try LoadingRig()
    let padding = String(repeating: "#", count: YAMLTree.maximumSize - LoadingRig.app.utf8.count)
    #expect(try rig.problems(LoadingRig.app + padding).isEmpty)
    let problems = try rig.problems(LoadingRig.app + padding + "#")
    #expect(problems.map(\.message) == ["not readable: larger than 1MiB"])
  }

  @Test("A file that is not there is the only problem told")
  func missingFile() throws {
    let rig = try LoadingRig()
    rig.variables = [:]
    let error = #expect(throws: ConfigurationError.self) {
      try rig.load(file: rig.folder.path + "/none.yaml")
    }
    #expect(error?.problems.count == 1)
    #expect(error?.description.contains("No such file or directory") == true)
  }

  @Test("All problems are told at once, in the order of the file")
  func allAtOnce() throws {
    let problems = try LoadingRig().problems(
      """
      replicas: none
      upstream:
        url: ftp://x
        idleTimout: 3s
      apps:
        - name: main
          id: A
          secret: in-the-open
        - name: main
          id: B
          secret: {env: NOT_SET}
      defaultApp: other
      """)
    let places = problems.map { "\($0.line):\($0.column) \($0.keyPath)" }
    #expect(
      places == [
        "1:11 replicas", "3:8 upstream.url", "4:3 upstream.idleTimout", "8:13 apps[0].secret",
        "9:11 apps[1].name", "11:13 apps[1].secret", "12:13 defaultApp",
      ])
  }

  @Test("A problem is written as compilers write theirs")
  func description() throws {
    let problem = try #require(try LoadingRig().problems("replicas: 0\n" + LoadingRig.app).first)
    #expect(
      problem.description.hasSuffix(
        "gateway.yaml:1:11: replicas: 0 is out of range (from 1 to 1000)"))
  }

  @Test("Beyond a hundred, problems are only counted")
  func bounded() throws {
    let yaml = (0..<250).map { "x\($0): 1\n" }.joined() + LoadingRig.app
    let error = #expect(throws: ConfigurationError.self) { try LoadingRig().load(yaml) }
    #expect(error?.problems.count == 100)
    #expect(error?.omitted == 150)
    #expect(error?.description.hasSuffix("\nand 150 more") == true)
  }

  @Test("Control characters of the file do not reach the terminal")
  func controlCharacters() throws {
    let problems = try LoadingRig().problems("\"a\\e[31m\": 1\n" + LoadingRig.app)
    #expect(problems.map(\.keyPath) == ["a?[31m"])
  }

  @Test("Truncated and mutated files never crash", arguments: 0..<8)
  func mutations(seed: Int) throws {
    let rig = try LoadingRig()
    let base = Array(
      (LoadingRig.app
        + "listen: [{address: '[::1]:1', allowedHosts: [a]}]\nlimits: [{name: a, rate: 1/1s}]\n"
        + "callers: [{name: c, apps: [main], allow: ['read:*'], match: {address: 10.0.0.0/8}}]\n")
        .utf8)
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
    for _ in 0..<60 {
      var bytes = base
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let at = Int(state >> 33) % bytes.count
        bytes[at] = UInt8(truncatingIfNeeded: state >> 25)
      }
      bytes.removeLast(Int(state >> 40) % bytes.count)
      let file = try rig.write("gateway.yaml", bytes: bytes)
      do {
        _ = try rig.load(file: file)
      } catch {
        #expect(!error.problems.isEmpty)
      }
    }
  }
}
