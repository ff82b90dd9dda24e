import Memory
import Testing

@testable import SCORMCloudAPI

@Suite("Operation matcher")
struct OperationMatcherTests {
  static let matcher = OperationMatcher()

  static func match(_ method: String, _ path: String) -> OperationMatch {
    let token = Array(method.utf8)
    let bytes = Array(path.utf8)
    return matcher.match(
      OperationMethod(token.span.bytesOfElements), path: bytes.span.bytesOfElements)
  }

  /// The name of the matched operation, or the case in words.
  static func describe(_ method: String, _ path: String) -> String {
    switch match(method, path) {
    case .operation(let index): OperationTable.operation(at: index).name.description
    case .methodNotAllowed(let methods): "allow \(methods.allowField)"
    case .unknown: "unknown"
    case .encodedLiteral: "encoded literal"
    }
  }

  @Test(
    "Every operation is found by its own template, whatever its parameters are",
    arguments: [
      "x", "r%2F1%20%C3%BC", "importJobs.", "a;b", "Tags", "%", "%zz", "%2", "%2e",
      "0123456789abcdef01234567", "0123456789abcdef012345678", String(repeating: "long", count: 80),
    ])
  func ownTemplates(value: String) {
    for operation in OperationTable.all {
      let path = operation.template.description.split(separator: "/")
        .map { "/" + ($0.hasPrefix("{") ? value : String($0)) }.joined()
      #expect(
        Self.match(operation.method.name.description, path) == .operation(operation.index),
        "\(operation.name) by \(path)")
    }
  }

  @Test(
    "Where two templates of one method fit, the literal segment wins",
    arguments: [
      ("GET", "/appManagement/applications/credentials", "GetApplicationInfo"),
      ("GET", "/courses/importJobs/asset", "GetImportJobStatus"),
      ("GET", "/courses/importJobs/configuration", "GetImportJobStatus"),
      ("GET", "/courses/importJobs/xAPIStatements", "GetImportJobStatus"),
      ("GET", "/courses/importJobs/tags", "GetImportJobStatus"),
      ("GET", "/courses/importJobs/versions", "GetImportJobStatus"),
      ("GET", "/courses/importJobs/zip", "GetImportJobStatus"),
      ("PUT", "/dispatch/destinations/tags", "PutDestinationTagsBatch"),
      ("PUT", "/dispatch/dispatches/tags", "PutDispatchTagsBatch"),
      ("GET", "/invitations/private/tags", "GetPrivateInvitation"),
      ("GET", "/invitations/public/tags", "GetPublicInvitation"),
      ("PUT", "/invitations/private/tags", "UpdatePrivateInvitation"),
      ("PUT", "/invitations/public/tags", "UpdatePublicInvitation"),
    ])
  func ambiguousPairs(method: String, path: String, name: String) {
    #expect(Self.describe(method, path) == name)
  }

  @Test(
    "Where a literal leads nowhere for the method, the segment is an id",
    arguments: [
      ("GET", "/courses/tags", "GetCourse"),
      ("PUT", "/courses/tags", "PutCourseTagsBatch"),
      ("DELETE", "/courses/tags", "DeleteCourse"),
      ("GET", "/courses/tags/tags", "GetCourseTags"),
      ("GET", "/courses/importJobs", "GetCourse"),
      ("DELETE", "/courses/importJobs", "DeleteCourse"),
      ("POST", "/courses/importJobs", "CreateFetchAndImportCourseJob"),
      ("GET", "/courses/importJobs/x", "GetImportJobStatus"),
      ("GET", "/courses/importJobs/upload", "GetImportJobStatus"),
      ("POST", "/courses/importJobs/upload", "CreateUploadAndImportCourseJob"),
      ("POST", "/courses/importJobs/preview", "BuildCoursePreviewLaunchLink"),
      ("GET", "/courses/importJobs/versions/3", "GetCourseVersionInfo"),
      ("GET", "/registrations/postBackTest", "GetRegistrationProgress"),
      ("HEAD", "/registrations/tags", "GetRegistration"),
      ("DELETE", "/invitations/private/tags", "DeleteInvitationTags"),
      ("GET", "/invitations/tags/tags", "GetInvitationTags"),
      ("GET", "/appManagement/configuration/credentials", "GetCredentials"),
      ("DELETE", "/appManagement/applications/credentials/x", "DeleteCredential"),
      ("DELETE", "/appManagement/app/credentials/x", "DeleteCredential"),
      ("DELETE", "/appManagement/configuration/credentials/x", "DeleteCredential"),
    ])
  func backtracking(method: String, path: String, name: String) {
    #expect(Self.describe(method, path) == name)
  }

  @Test(
    "HEAD is the GET operation unless the API has a HEAD of its own there",
    arguments: [
      ("/registrations/r1", "GetRegistration"), ("/courses", "GetCourses"), ("/ping", "PingAppId"),
      ("/courses/c1/zip", "GetCourseZip"), ("/courses/c1/preview", "allow POST"),
    ])
  func head(path: String, name: String) {
    #expect(Self.describe("HEAD", path) == name)
  }

  @Test(
    "A known path with another method names the methods it takes",
    arguments: [
      ("POST", "/ping", "allow GET, HEAD"),
      ("PATCH", "/courses", "allow GET, HEAD"),
      ("get", "/courses", "allow GET, HEAD"),
      ("DELETE", "/oauth/authenticate/application/token", "allow POST"),
      ("PUT", "/courses/importJobs", "allow GET, HEAD, POST, DELETE"),
      ("POST", "/courses/tags", "allow GET, HEAD, PUT, DELETE"),
      ("PATCH", "/invitations/private/tags", "allow GET, HEAD, PUT, DELETE"),
      ("OPTIONS", "/registrations/r1", "allow GET, HEAD, DELETE"),
    ])
  func otherMethods(method: String, path: String, expected: String) {
    #expect(Self.describe(method, path) == expected)
  }

  @Test(
    "A literal in percent-encoding is refused wherever it stands",
    arguments: [
      ("GET", "/%63ourses"), ("GET", "/p%69ng"), ("PUT", "/courses/%74ags"),
      ("GET", "/courses/%74%61%67%73"), ("GET", "/courses/%69mportJobs/1"),
      ("GET", "/%61ppManagement/a/credentials"), ("GET", "/appManagement/a/credential%73"),
      ("GET", "/courses/c/%76ersions"), ("POST", "/courses/importJobs/%75pload"),
      ("PATCH", "/courses/%74ags"), ("GET", "/learner/x/%64elete%2Dinformation"),
      ("GET", "/learner/x/%64elete%2dinformation"), ("PUT", "/dispatch/%64ispatches/tags"),
    ])
  func encodedLiterals(method: String, path: String) {
    #expect(Self.describe(method, path) == "encoded literal")
  }

  @Test(
    "An encoded segment that spells no literal there is an id",
    arguments: [
      ("/courses/%54ags", "GetCourse"), ("/courses/%70ing", "GetCourse"),
      ("/courses/%2574ags", "GetCourse"), ("/courses/tag%73%20", "GetCourse"),
      ("/courses/%74ag", "GetCourse"), ("/courses/importJobs/%76ersions", "GetImportJobStatus"),
      ("/courses/c/versions/%74ags", "GetCourseVersionInfo"), ("/courses/%7", "GetCourse"),
    ])
  func encodedIds(path: String, name: String) {
    #expect(Self.describe("GET", path) == name)
  }

  @Test(
    "Anything else is unknown",
    arguments: [
      "", "/", "//", "courses", "/courses/", "//courses", "/courses//tags", "/courses/c//versions",
      "/Courses", "/COURSES", "/course", "/coursess", "/courses/c/Tags", "/nowhere", "/dispatch",
      "/courses/c/versions/1/xAPIStatements/", "/courses/c/versions/1/configuration/s/t/u",
      "/registrations/r/instances/i/configuration/s/t", "/oauth/authenticate/application",
      "/courses/c/tags?x=1", "/ping\u{0}", "/\u{e9}",
    ])
  func unknown(path: String) {
    #expect(Self.describe("GET", path) == "unknown")
  }

  @Test("Random paths match as the plain reference says", arguments: UInt64(1)...8)
  func agreesWithReference(seed: UInt64) {
    var random = SplitMix64(state: seed)
    let reference = ReferenceMatcher()
    let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]
    var operations = Set<UInt8>()
    var others: [String: Int] = [:]
    for _ in 0..<1500 {
      let path = random.path()
      let method = methods.randomElement(using: &random) ?? "GET"
      let known = OperationMethod.allCases.contains { $0.name.description == method }
      let match = Self.match(method, path)
      #expect(match == reference.match(known ? method : nil, path), "\(method) \(path)")
      switch match {
      case .operation(let index): operations.insert(index)
      case .methodNotAllowed: others["not allowed", default: 0] += 1
      case .unknown: others["unknown", default: 0] += 1
      case .encodedLiteral: others["encoded", default: 0] += 1
      }
    }
    // The paths are useful only if they reach everything.
    #expect(operations.count > 80)
    #expect(others.count == 3 && others.values.allSatisfy { $0 > 30 }, "\(others)")
  }

  @Test("Random bytes never trap, and are no operation without a leading slash")
  func randomBytes() {
    var random = SplitMix64(state: 99)
    for _ in 0..<4000 {
      let bytes = (0..<Int.random(in: 0...70, using: &random)).map { _ in
        [0x2F, 0x25, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
      }
      let match = Self.matcher.match(.get, path: bytes.span.bytesOfElements)
      if bytes.first != 0x2F { #expect(match == .unknown) }
    }
  }
}

/// A small generator with a fixed sequence per seed (Steele, Lea and Flood, 2014), so that failures are repeatable.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A path similar to the API's: a template with ids inserted and with some segments swapped for others, encoded,
  /// doubled or dropped.
  mutating func path() -> String {
    let templates = OperationTable.all
    var segments = templates[Int.random(in: 0..<templates.count, using: &self)]
      .template.description.split(separator: "/").map(String.init)
    let others = [
      "tags", "importJobs", "private", "public", "configuration", "applications", "versions", "x",
      "", "%", "%41", "a%2Fb", "registrationInstancing", "delete-information", "ü", "upload",
    ]
    for i in segments.indices {
      if segments[i].hasPrefix("{") || Int.random(in: 0..<12, using: &self) == 0 {
        segments[i] = others.randomElement(using: &self) ?? ""
      }
      if Int.random(in: 0..<10, using: &self) == 0 { segments[i] = encoded(segments[i]) }
    }
    switch Int.random(in: 0..<10, using: &self) {
    case 0: segments.append(others.randomElement(using: &self) ?? "")
    case 1: segments.removeLast()
    case 2: segments.insert(others.randomElement(using: &self) ?? "", at: 0)
    default: break
    }
    return "/" + segments.joined(separator: "/")
  }

  private mutating func encoded(_ segment: String) -> String {
    var result = ""
    for byte in segment.utf8 {
      if Bool.random(using: &self) {
        result +=
          "%" + (byte < 16 ? "0" : "")
          + String(byte, radix: 16, uppercase: Bool.random(using: &self))
      } else {
        result += String(decoding: [byte], as: UTF8.self)
      }
    }
    return result
  }
}
