import Foundation
import Testing

@testable import Configuration

@Suite("Secrets")
struct SecretTests {
  /// Ways to write the secret in a wrong place.
  static let misplaced = [
    "secret: CANARY", "secret: {env: CANARY}", "secret: {file: CANARY}", "secret: {value: CANARY}",
    "secret: {CANARY: x}", "secret: [CANARY]", "secret: {env: [CANARY]}",
    "secret: {file: s, env: CANARY}", "secret: {credential: CANARY}",
    "secret: {credential: a/CANARY}",
    "secret: {credential: [CANARY]}", "id: {credential: CANARY}",
    "secret: !x CANARY", "secret: &x CANARY", "secret: {env: CANARY", "nextSecret: CANARY",
    "secret: {file: {CANARY: 1}}", "secret: {CANARY: 1, CANARY: 2}", "secret: {CANARY: &a 1}",
    "secret: {CANARY: *a}", "kind: CANARY", "kind: [CANARY]", "secrte: CANARY", "id: {env: CANARY}",
    "id: 'CANARY:CANARY'", "secret: \"CANARY",
  ]

  @Test("A secret written in the file is refused and not repeated", arguments: misplaced)
  func inline(line: String) throws {
    let rig = try LoadingRig()
    let line = line.replacing("CANARY", with: LoadingRig.canary)
    let id = line.hasPrefix("id") ? "" : "    id: A\n"
    let yaml = "apps:\n  - name: main\n\(id)    \(line)\n"
    let error = #expect(throws: ConfigurationError.self) { try rig.load(yaml) }
    #expect(error?.problems.isEmpty == false)
    #expect(error?.description.contains(LoadingRig.canary) == false)
    #expect(error.map { String(reflecting: $0) }?.contains(LoadingRig.canary) == false)
  }

  @Test("An inline secret is answered with the fix")
  func fix() throws {
    let problems = try LoadingRig().problems("apps: [{name: main, id: A, secret: abc}]\n")
    #expect(problems.map(\.keyPath) == ["apps[0].secret"])
    #expect(problems.first?.hint.contains("{file: /run/secrets/scorm}") == true)
  }

  private static let credential = "apps: [{name: main, id: A, secret: {credential: scorm}}]\n"

  @Test(
    "A credential of systemd is read from the folder that it names, id and secret alike, and is watched as a file"
  )
  func credential() throws {
    let rig = try LoadingRig()
    try rig.write("scorm", LoadingRig.canary + "\n", mode: 0o400)
    try rig.write("id", "APP\n")
    rig.variables["CREDENTIALS_DIRECTORY"] = rig.folder.path
    let app = try #require(
      try rig.load(
        """
        apps:
          - name: main
            id: {credential: id}
            secret: {credential: scorm}
            nextSecret: {credential: scorm}
        """
      ).settings.apps.first)
    #expect(app.id == "APP" && app.secret.exposed == LoadingRig.canary)
    #expect(app.nextSecret?.exposed == LoadingRig.canary)
    let path = rig.folder.path + "/scorm"
    #expect(app.secretFile == path && app.nextSecretFile == path)
  }

  @Test(
    "Without a folder of credentials that is said, with what to do",
    arguments: [nil, "", "relative/folder"])
  func noCredentials(folder: String?) throws {
    let rig = try LoadingRig()
    rig.variables["CREDENTIALS_DIRECTORY"] = folder
    let problem = try #require(try rig.problems(Self.credential).first)
    #expect(problem.keyPath == "apps[0].secret")
    #expect(problem.message.contains("the environment variable CREDENTIALS_DIRECTORY is not set"))
    #expect(problem.hint.contains("LoadCredential=NAME:PATH"))
  }

  @Test("A credential that is not there, or that no secret is in, is told")
  func badCredential() throws {
    let rig = try LoadingRig()
    rig.variables["CREDENTIALS_DIRECTORY"] = rig.folder.path
    let missing = try #require(try rig.problems(Self.credential).first)
    #expect(missing.message.hasPrefix("the credential named here is not readable: No such file"))
    #expect(missing.hint == "name it in the unit: LoadCredential=NAME:PATH")
    try rig.write("scorm", "\(LoadingRig.canary) ")
    let blank = try #require(try rig.problems(Self.credential).first)
    #expect(blank.message.hasPrefix("the content of the credential named here ends with a blank"))
    try rig.write("scorm", LoadingRig.canary, mode: 0o644)
    let warnings = try rig.load(Self.credential).warnings
    #expect(warnings.map(\.keyPath) == ["apps[0].secret"])
  }

  @Test(
    "A credential's name leads nowhere but into that folder",
    arguments: ["../secret", "a/b", "/etc/passwd", ".", "..", "a b", "\"a\\tb\""])
  func credentialName(name: String) throws {
    let rig = try LoadingRig()
    rig.variables["CREDENTIALS_DIRECTORY"] = rig.folder.path
    let problems = try rig.problems(
      "apps: [{name: main, id: A, secret: {credential: \(name)}}]\n")
    #expect(problems.map(\.keyPath) == ["apps[0].secret"])
    #expect(problems.first?.message.contains("plain file name") == true)
  }

  @Test("A password in a URL is refused and not repeated", arguments: ["url", "proxy"])
  func password(key: String) throws {
    let yaml = "upstream: {\(key): 'https://u:\(LoadingRig.canary)@host/'}\n" + LoadingRig.app
    let error = #expect(throws: ConfigurationError.self) { try LoadingRig().load(yaml) }
    #expect(error?.description.contains(LoadingRig.canary) == false)
  }

  @Test("Loaded settings do not print their secrets")
  func descriptions() throws {
    let rig = try LoadingRig()
    let loaded = try rig.load(LoadingRig.app)
    var dumped = ""
    dump(loaded, to: &dumped)
    for text in ["\(loaded)", String(reflecting: loaded), dumped] {
      #expect(!text.contains(LoadingRig.canary))
    }
    #expect(loaded.settings.apps.map(\.secret.exposed) == [LoadingRig.canary])
  }

  @Test(
    "One line feed at the end of a secret file is dropped, and only one",
    arguments: [
      ("abc", "abc"), ("abc\n", "abc"), ("a b", "a b"), ("a  b\n", "a  b"), ("ü\n", "ü"),
    ])
  func newline(content: String, secret: String) throws {
    let rig = try LoadingRig()
    try rig.write("secret", content)
    #expect(try rig.load(LoadingRig.app).settings.apps.map(\.secret.exposed) == [secret])
  }

  /// The message for each, wherever it comes from. Positions count bytes from 1.
  static let unfitTexts: [(text: String, told: String)] = [
    ("\u{feff}abc", "starts with a byte order mark (bytes 1 to 3)"),
    ("abc ", "ends with a blank (byte 4)"), (" abc", "starts with a blank (byte 1)"),
    ("abc\u{a0}", "ends with a blank (byte 4)"), ("\u{200b}abc", "starts with a blank (byte 1)"),
    ("abc\u{feff}", "ends with a blank (byte 4)"), ("abc\t", "holds a TAB (byte 4)"),
    ("a\tb", "holds a TAB (byte 2)"), ("a\nb", "holds a line break (byte 2)"),
    ("abc\r\n", "holds a line break (byte 4)"), ("abc\n\n", "holds a line break (byte 4)"),
    ("a\u{7f}", "holds a control character (byte 2)"),
    ("\u{1b}a", "holds a control character (byte 1)"),
    ("a\u{1f}b", "holds a control character (byte 2)"),
  ]

  @Test(
    "What editors and copying leave at a secret is refused with its place, in a file and a variable alike",
    arguments: unfitTexts)
  func unfitEverywhere(text: String, told: String) throws {
    let rig = try LoadingRig()
    try rig.write("secret", text)
    rig.variables["KEY"] = text
    for key in ["secret", "nextSecret"] {
      let good = key == "secret" ? "" : "secret: {env: GOOD}, "
      for (reference, name) in [
        ("{file: ./secret}", "the content of the file ./secret "),
        ("{env: KEY}", "the secret in the environment variable KEY "),
      ] {
        rig.variables["GOOD"] = "good"
        let yaml = "apps: [{name: main, id: A, \(good)\(key): \(reference)}]\n"
        let problems = try rig.problems(yaml)
        #expect(problems.map(\.message) == [name + told])
        #expect(problems.first?.keyPath == "apps[0].\(key)")
        #expect(problems.first?.hint.isEmpty == false)
      }
    }
    // The watch of the file reports the same.
    let error = #expect(throws: SecretFile.Unreadable.self) {
      try SecretFile(path: rig.folder.path + "/secret").read()
    }
    #expect(error?.description.hasPrefix(told) == true)
  }

  @Test(
    "UTF-16, as some shells write it, is told as such", arguments: [[0xFF, 0xFE], [0xFE, 0xFF]])
  func utf16(mark: [UInt8]) throws {
    let rig = try LoadingRig()
    try rig.write("secret", bytes: mark + [0x61, 0, 0x62, 0])
    let problem = try rig.problems(LoadingRig.app).first
    #expect(problem?.message == "the content of the file named here is UTF-16 (bytes 1 and 2)")
    #expect(problem?.hint == "save it as UTF-8")
  }

  @Test(
    "An id is held to the same rules, wherever it comes from",
    arguments: [
      ("\u{feff}A", "starts with a byte order mark"), ("A ", "ends with a blank (byte 2)"),
      ("A\tB", "holds a TAB (byte 2)"), ("A:B", "holds a colon (byte 2)"),
      ("A B", "holds a space (byte 2)"), ("Ä", "not printable ASCII (byte 1)"),
    ])
  func unfitID(text: String, told: String) throws {
    let rig = try LoadingRig()
    try rig.write("id", text)
    rig.variables["ID"] = text
    for reference in ["{file: ./id}", "{env: ID}"] {
      let problems = try rig.problems(
        "apps: [{name: main, id: \(reference), secret: {file: secret}}]\n")
      #expect(problems.count == 1 && problems.first?.message.contains(told) == true, "\(problems)")
    }
    rig.variables["SCORM_APP_ID"] = text
    rig.variables["SCORM_SECRET_KEY"] = "good"
    #expect(try rig.problems(nil).first?.message.contains(told) == true)
  }

  @Test(
    "What cannot be a secret is refused",
    arguments: [
      ("", "is empty"), ("\n", "is empty"), ("abc\n\n", "line break"), ("abc\r\n", "line break"),
      ("a\nb", "line break"), ("a\0b", "zero byte"),
      (String(repeating: "x", count: 4_097), "longer than"),
      (String(repeating: "x", count: 4_098), "larger than"),
    ])
  func unfit(content: String, reason: String) throws {
    let rig = try LoadingRig()
    try rig.write("secret", content)
    let problems = try rig.problems(LoadingRig.app)
    #expect(problems.count == 1)
    #expect(problems.first?.message.contains(reason) == true, "\(problems)")
  }

  @Test("Variables are held to the same rules", arguments: ["a\nb", "a\r"])
  func unfitVariable(content: String) throws {
    let rig = try LoadingRig()
    rig.variables["KEY"] = content
    let problems = try rig.problems("apps: [{name: main, id: A, secret: {env: KEY}}]\n")
    #expect(
      problems.map(\.message)
        == ["the secret in the environment variable KEY holds a line break (byte 2)"])
  }

  @Test("A secret file that everybody can read is a warning")
  func worldReadable() throws {
    let rig = try LoadingRig()
    try rig.write("secret", LoadingRig.canary, mode: 0o644)
    let loaded = try rig.load("replicas: 1\n" + LoadingRig.app)
    #expect(loaded.warnings.map(\.keyPath) == ["apps[0].secret"])
    #expect(loaded.warnings.map(\.line) == [2])
    #expect(loaded.warnings.first?.hint == "chmod 600 it")
    try rig.write("secret", LoadingRig.canary, mode: 0o640)
    #expect(try rig.load(LoadingRig.app).warnings.isEmpty)
  }

  @Test("A secret file's relative path starts at the configuration's folder")
  func relative() throws {
    let rig = try LoadingRig()
    #expect(!FileManager.default.fileExists(atPath: "secret"))
    #expect(try rig.load(LoadingRig.app).settings.apps.count == 1)
  }

  @Test("A taken variable is gone from the environment, and a reload still has the secret")
  func taken() throws {
    let rig = try LoadingRig()
    let environment = Environment(["KEY": LoadingRig.canary, "OTHER": "x"])
    let file = try rig.write(
      "gateway.yaml", "apps: [{name: main, id: A, secret: {env: KEY}, nextSecret: {env: KEY}}]\n")
    let loader = ConfigurationLoader(catalogue: LoadingRig.catalogue)
    for _ in 0..<2 {
      let settings = try loader.load(file: file, environment: environment).settings
      #expect(settings.apps.map(\.secret.exposed) == [LoadingRig.canary])
      #expect(settings.apps.map { $0.nextSecret?.exposed } == [LoadingRig.canary])
      #expect(environment.names == ["OTHER"])
      #expect(environment.value("KEY") == nil)
    }
  }

  @Test("The process's own variable is overwritten and unset")
  func process() throws {
    let name = "CONFIGURATION_TEST_SECRET"
    unsafe setenv(name, LoadingRig.canary, 1)
    let environment = Environment()
    #expect(environment.names.contains(name))
    #expect(environment.value(name) == LoadingRig.canary)
    guard case .secret(let secret) = environment.takeSecret(name) else {
      Issue.record("no secret")
      return
    }
    #expect(secret.exposed == LoadingRig.canary)
    #expect(!environment.names.contains(name))
    #expect(ProcessInfo.processInfo.environment[name] == nil)
    guard case .secret(let again) = environment.takeSecret(name) else {
      Issue.record("the secret was forgotten")
      return
    }
    #expect(again === secret)
  }

  @Test("A variable the file refers to may be called like a setting")
  func referenced() throws {
    let rig = try LoadingRig()
    rig.variables["SCORM_GATEWAY_MAIN_SECRET"] = LoadingRig.canary
    let yaml = "apps: [{name: main, id: A, secret: {env: SCORM_GATEWAY_MAIN_SECRET}}]\n"
    #expect(try rig.load(yaml).settings.apps.count == 1)
  }

  @Test("A named pipe in place of a secret file does not stop the start")
  func pipe() throws {
    let rig = try LoadingRig()
    unsafe mkfifo(rig.folder.path + "/pipe", 0o600)
    let problems = try rig.problems("apps: [{name: main, id: A, secret: {file: ./pipe}}]\n")
    #expect(problems.first?.message.contains("not a regular file") == true)
  }
}
