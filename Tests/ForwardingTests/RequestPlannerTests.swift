import HTTPMessages
import SCORMCloudAPI
import Testing

@testable import Forwarding

/// A request and its result, in the words of ``Outcome``.
struct PlannerCase: Sendable, CustomTestStringConvertible {
  var request: [String]
  var words: String

  init(_ line: String, _ fields: [String] = [], becomes words: String) {
    request = [line + " HTTP/1.1"] + fields
    self.words = words
  }

  var testDescription: String { "\(request.joined(separator: ", ")) becomes \(words)" }
}

@Suite("From a request to a plan")
struct RequestPlannerTests {
  private typealias Number = ForwardingRules.CallerNumber

  @Test(
    "the path below the base path goes on as it came",
    arguments: [
      PlannerCase("GET /api/v2/courses", becomes: "GetCourses main token /api/v2/courses"),
      PlannerCase("GET /api/v2//courses", becomes: "GetCourses main token /api/v2/courses"),
      PlannerCase(
        "GET /api/v2/courses?since=a%2Fb&x=//..",
        becomes:
          "GetCourses main token /api/v2/courses?since=a%2Fb&x=//.."),
      PlannerCase(
        "GET /api/v2/courses/a%2fb", becomes: "GetCourse main token /api/v2/courses/a%2fb"),
      PlannerCase("HEAD /api/v2/courses", becomes: "GetCourses main token /api/v2/courses"),
      PlannerCase(
        "GET http://localhost:8080/api/v2/ping", becomes: "PingAppId main token /api/v2/ping"),
      PlannerCase(
        "GET https://LOCALHOST/api/v2//ping?a", becomes: "PingAppId main token /api/v2/ping?a"),
      PlannerCase("GET /api/v2///courses", becomes: "400 path-not-canonical"),
      PlannerCase("GET /api/v2/courses/", becomes: "400 path-not-canonical"),
      PlannerCase("GET /api/v2/courses//a", becomes: "400 path-not-canonical"),
      PlannerCase("GET /api/v2/%63ourses", becomes: "400 path-not-canonical"),
      PlannerCase("GET /api/v2/", becomes: "400 path-not-canonical"),
      PlannerCase("GET /api/v2", becomes: "404 operation-unknown"),
      PlannerCase("GET /api/v2?a", becomes: "404 operation-unknown"),
      PlannerCase("GET /api/v2x/courses", becomes: "404 operation-unknown"),
      PlannerCase("GET /api/v20/courses", becomes: "404 operation-unknown"),
      PlannerCase("GET /API/v2/courses", becomes: "404 operation-unknown"),
      PlannerCase("GET //api/v2/courses", becomes: "404 operation-unknown"),
      PlannerCase("GET /%61pi/v2/courses", becomes: "404 operation-unknown"),
      PlannerCase("GET /courses", becomes: "404 operation-unknown"),
      PlannerCase("GET /", becomes: "404 operation-unknown"),
      PlannerCase("GET /api/v2/Courses", becomes: "404 operation-unknown"),
      PlannerCase("get /api/v2/courses", becomes: "405 method-not-allowed"),
      PlannerCase("PATCH /api/v2/courses", becomes: "405 method-not-allowed"),
      PlannerCase("DELETE /api/v2/courses", becomes: "405 method-not-allowed"),
    ])
  func paths(of table: PlannerCase) {
    #expect(take(table.request).words == table.words)
  }

  @Test(
    "the app is chosen by path, field, caller, default, in this order",
    arguments: [
      PlannerCase(
        "GET /apps/second/api/v2/courses", becomes: "GetCourses second token /api/v2/courses"),
      PlannerCase(
        "GET /apps/second/api/v2//courses", becomes: "GetCourses second token /api/v2/courses"),
      PlannerCase(
        "GET /api/v2/courses", ["X-Scorm-App: second"],
        becomes: "GetCourses second token /api/v2/courses"),
      PlannerCase(
        "GET /api/v2/courses", ["x-SCORM-app:second"],
        becomes: "GetCourses second token /api/v2/courses"),
      PlannerCase(
        "GET /apps/main/api/v2/courses", ["X-Scorm-App: second"],
        becomes: "GetCourses main token /api/v2/courses"),
      PlannerCase(
        "GET /api/v2/courses", ["X-Scorm-App: second", "X-Scorm-App: main"],
        becomes: "400 malformed-request"),
      PlannerCase("GET /api/v2/courses", ["X-Scorm-App: third"], becomes: "404 app-unknown"),
      PlannerCase("GET /api/v2/courses", ["X-Scorm-App: Main"], becomes: "404 app-unknown"),
      PlannerCase("GET /api/v2/courses", ["X-Scorm-App:"], becomes: "404 app-unknown"),
      PlannerCase("GET /apps/third/api/v2/courses", becomes: "404 app-unknown"),
      PlannerCase("GET /apps/m%61in/api/v2/courses", becomes: "404 app-unknown"),
      PlannerCase("GET /apps//api/v2/courses", becomes: "404 app-unknown"),
      PlannerCase("GET /apps/main", becomes: "404 operation-unknown"),
      PlannerCase("GET /apps/main/courses", becomes: "404 operation-unknown"),
      PlannerCase("GET /apps/main/../api/v2/courses", becomes: "404 operation-unknown"),
      PlannerCase("GET /apps/", becomes: "404 operation-unknown"),
      PlannerCase("GET /apps/management/api/v2/courses", becomes: "403 policy-refused"),
    ])
  func apps(of table: PlannerCase) {
    #expect(take(table.request).words == table.words)
  }

  @Test(
    "a caller uses its own default app",
    arguments: [(Number.second, "second"), (Number.plain, "main"), (Number.everyone, "main")])
  func defaultApps(caller: Int, app: String) {
    let outcome = take(["GET /api/v2/courses HTTP/1.1"], caller: caller)
    #expect(outcome.words == "GetCourses \(app) token /api/v2/courses")
  }

  @Test(
    "a request's X-Scorm-Priority goes before its caller's priority",
    arguments: [
      (false, nil, false), (true, nil, true), (false, "batch", true), (true, "Interactive", false),
    ] as [(Bool, String?, Bool)])
  func priority(isBatchCaller: Bool, field: String?, isBatch: Bool) {
    let rules = ForwardingRules.sample { $0.callers[Number.everyone].isBatch = isBatchCaller }
    let fields = field.map { ["X-Scorm-Priority: \($0)"] } ?? []
    let outcome = take(["GET /api/v2/courses HTTP/1.1"] + fields, rules: rules)
    #expect(outcome.plan?.isBatch == isBatch)
  }

  @Test("a refusal of an app names the ones there are, and quotes little of what was sent")
  func appRefusal() throws {
    let name = String(repeating: "x", count: 3000)
    let outcome = take(
      ["GET /api/v2/courses HTTP/1.1", "X-Scorm-App: \(name)"], caller: Number.plain)
    let detail = try #require(outcome.error?.detail)
    #expect(detail.contains("main, second"))
    #expect(!detail.contains("management"))
    #expect(detail.utf8.count < 300)
  }

  @Test(
    "credentials follow the operation",
    arguments: [
      PlannerCase(
        "GET /api/v2/appManagement/applications",
        becomes: "GetApplicationList management token /api/v2/appManagement/applications"),
      PlannerCase(
        "GET /apps/second/api/v2/appManagement/applications",
        becomes: "GetApplicationList management token /api/v2/appManagement/applications"),
      PlannerCase(
        "GET /api/v2/appManagement/configuration",
        becomes: "GetApplicationConfiguration main token /api/v2/appManagement/configuration"),
      PlannerCase(
        "GET /api/v2/dispatch/dispatches/d/launches?jwt=x",
        becomes: "GetLti13DispatchLaunch main none /api/v2/dispatch/dispatches/d/launches?jwt=x"),
      PlannerCase("GET /api/v2/xapi/credentials", becomes: "403 sensitive-operation-refused"),
      PlannerCase("POST /api/v2/appManagement/token", becomes: "403 sensitive-operation-refused"),
      PlannerCase(
        "POST /api/v2/oauth/authenticate/application/token",
        becomes: "403 sensitive-operation-refused"),
    ])
  func credentials(of table: PlannerCase) {
    #expect(take(table.request).words == table.words)
  }

  @Test(
    "what an upstream could take for a sensitive operation is not forwarded as an unknown one",
    arguments: [
      "POST /api/v2/OAuth/authenticate/application/token",
      "POST /api/v2/oauth/authenticate/application/Token",
      "post /api/v2/oauth/authenticate/application/token",
      "PUT /api/v2/oauth/authenticate/application/token",
      "POST /api/v2/%4fAuth/authenticate/application/token",
      "POST /api/v2/%254fauth/authenticate/application/token",
      "POST /api/v2/oauth%2Fauthenticate%2Fapplication%2Ftoken",
      "POST /api/v2/oauth%5cauthenticate/application%252Ftoken",
      "POST /api/v2/oauth/authenticate/application/token%3Bv=1",
      "POST /api/v2/oauth/authenticate/application/token%20",
      "POST /api/v2/oauth/authenticate/application/token.",
      "POST /API/v2/OAuth/authenticate/application/token",
      "POST /api/V2/oauth/authenticate/application/token",
      "POST /oauth/authenticate/application/token",
      "GET /api/v2/AppManagement/a/Credentials", "get /api/v2/xapi/credentials",
      "GET /api/v2/Xapi/StatementPipes/7", "GET /api/v2/xapi/credentials.json",
      "GET /api/v2/xapi/%20credentials", "GET /api/v2/appManagement/a/%20credentials",
      "GET /api/v2/dispatch/dispatches/7/LTI", "GET /api/v2/dispatch/dispatches/7/lti.xml",
      "GET /api/v2/reporting/reportageauth", "GET /api/v2/xapi/credentials/7/history",
    ])
  func lookalikes(of line: String) {
    let rules = ForwardingRules.sample {
      $0.forwardsUnknownOperations = true
      $0.forwardsOutsideBasePath = true
    }
    #expect(take([line + " HTTP/1.1"], rules: rules).words == "403 sensitive-operation-refused")
    let open = ForwardingRules.sample {
      $0.forwardsUnknownOperations = true
      $0.forwardsOutsideBasePath = true
      $0.passedSensitive = .all
    }
    #expect(take([line + " HTTP/1.1"], rules: open).plan != nil)
  }

  @Test(
    "what only resembles a sensitive operation is forwarded as unknown",
    arguments: [
      "GET /api/v2/oauth/authenticate/application/tokens", "GET /api/v2/xapi/credential",
      "GET /api/v2/credentials", "GET /api/v2/new/token", "GET /api/v2/xapi/credentials-list",
      "GET /api/v2/dispatch/dispatches/7/lti2", "GET /api/v2/xapi/my.credentials",
      "GET /api/v2/courses/%E4%B8%AD%E6%96%87%E8%AF%BE%E7%A8%8B%E6%A0%87%E8%AF%86/new",
    ])
  func notLookalikes(of line: String) {
    let rules = ForwardingRules.sample { $0.forwardsUnknownOperations = true }
    #expect(take([line + " HTTP/1.1"], rules: rules).plan != nil)
  }

  @Test(
    "an id is refused when an upstream that takes %2F for a slash would read a sensitive operation")
  func hiddenSegments() {
    for line in [
      "GET /api/v2/dispatch/dispatches/7%2Flti", "HEAD /api/v2/dispatch/dispatches/7%2flti",
      "GET /api/v2/dispatch/dispatches/7%252FLTI", "GET /api/v2/dispatch/dispatches/7%5Clti.json",
    ] {
      #expect(take([line + " HTTP/1.1"]).words == "403 sensitive-operation-refused", "\(line)")
    }
    for (line, name) in [
      ("GET /api/v2/dispatch/dispatches/7%2Flti13", "GetDispatch"),
      ("PUT /api/v2/dispatch/dispatches/7%2Flti", "UpdateDispatch"),
      ("PUT /api/v2/xapi/credentials/a%20b", "SetXapiCredential"),
      ("DELETE /api/v2/xapi/statementPipes/a%2Fb", "DeleteStatementPipe"),
      ("GET /api/v2/courses/xapi%2Fcredentials", "GetCourse"),
    ] {
      #expect(take([line + " HTTP/1.1"]).words.hasPrefix(name + " "), "\(line)")
    }
    var rules = ForwardingRules.sample
    rules.passedSensitive.insert(OperationTable.named("GetLtiDispatch")?.index ?? 0)
    #expect(take(["GET /api/v2/dispatch/dispatches/7%2Flti HTTP/1.1"], rules: rules).plan != nil)
  }

  @Test(
    "every operation whose answer is a secret is refused, with a reason and what would allow it",
    arguments: OperationTable.all.filter(\.isSensitive).map(\.name.description))
  func everySensitive(name: String) throws {
    let operation = try #require(OperationTable.named(name))
    let path = operation.template.description.replacing(/\{\w+\}/, with: "7")
    let line = "\(operation.method.name) /api/v2\(path) HTTP/1.1"
    let error = try #require(take([line]).error)
    #expect(error.kind.name.description == "sensitive-operation-refused")
    #expect(error.detail.contains("\(name) answers with \(operation.answer.text)"))
    #expect(error.detail.contains("policy.sensitiveForwarded: [\(name)]"))
    var rules = ForwardingRules.sample
    rules.passedSensitive.insert(operation.index)
    #expect(take([line], rules: rules).words.hasPrefix(name + " "))
    let others = OperationTable.all.filter { $0.isSensitive && $0.name.description != name }
    for other in others {
      let path = other.template.description.replacing(/\{\w+\}/, with: "7")
      #expect(take(["\(other.method.name) /api/v2\(path) HTTP/1.1"], rules: rules).plan == nil)
    }
  }

  @Test("sensitive operations pass where the configuration says so")
  func sensitive() {
    let rules = ForwardingRules.sample { $0.passedSensitive = .all }
    let path = "/api/v2/oauth/authenticate/application/token"
    #expect(take(["POST \(path) HTTP/1.1"], rules: rules).words == "GetAppToken main basic \(path)")
  }

  @Test("a management operation without a management app says what to add")
  func noManagementApp() {
    let rules = ForwardingRules.sample { $0.managementApp = nil }
    let outcome = take(["GET /api/v2/appManagement/applications HTTP/1.1"], rules: rules)
    #expect(outcome.words == "403 policy-refused")
    #expect(outcome.error?.detail.contains("kind: management") == true)
  }

  struct CallerCase: Sendable, CustomTestStringConvertible {
    var caller: Int?
    var line: String
    var words: String
    init(_ caller: Int?, _ line: String, _ words: String) {
      self.caller = caller
      self.line = line
      self.words = words
    }
    var testDescription: String {
      let name = caller.map { ForwardingRules.sample.callers[$0].name } ?? "nobody"
      return "\(name): \(line) becomes \(words)"
    }
  }

  @Test(
    "a caller does what it is granted, and no more",
    arguments: [
      CallerCase(Number.crm, "GET /api/v2/courses", "GetCourses main token /api/v2/courses"),
      CallerCase(Number.crm, "HEAD /api/v2/courses", "GetCourses main token /api/v2/courses"),
      CallerCase(
        Number.crm, "POST /api/v2/registrations",
        "CreateRegistration main token /api/v2/registrations"),
      CallerCase(Number.crm, "GET /api/v2/courses/a", "403 policy-refused"),
      CallerCase(Number.crm, "GET /apps/second/api/v2/courses", "403 policy-refused"),
      CallerCase(
        Number.crm, "GET /api/v2/appManagement/applications",
        "GetApplicationList management token /api/v2/appManagement/applications"),
      CallerCase(Number.plain, "GET /api/v2/appManagement/applications", "403 policy-refused"),
      CallerCase(Number.reader, "GET /api/v2/courses", "GetCourses main token /api/v2/courses"),
      CallerCase(Number.reader, "POST /api/v2/registrations", "403 policy-refused"),
      CallerCase(Number.reader, "DELETE /api/v2/courses/a", "403 policy-refused"),
      CallerCase(Number.dry, "GET /api/v2/courses", "GetCourses main token /api/v2/courses"),
      CallerCase(
        Number.dry, "POST /api/v2/registrations",
        "rehearsed CreateRegistration main token /api/v2/registrations"),
      CallerCase(Number.dry, "DELETE /apps/second/api/v2/courses/a", "403 policy-refused"),
      CallerCase(Number.frozen, "GET /api/v2/courses", "503 caller-frozen"),
      CallerCase(nil, "GET /api/v2/courses", "403 caller-unknown"),
    ])
  func callers(of table: CallerCase) {
    let outcome = take([table.line + " HTTP/1.1"], caller: table.caller)
    #expect(outcome.words == table.words)
  }

  @Test(
    "a permissive caller does what it is not granted too, and the plan says so; all else holds for it",
    arguments: [
      ("GET /api/v2/courses", "GetCourses main token /api/v2/courses", false),
      ("GET /api/v2/courses/a", "GetCourse main token /api/v2/courses/a", true),
      (
        "POST /api/v2/registrations", "CreateRegistration main token /api/v2/registrations", true
      ),
      (
        "GET /api/v2/appManagement/applications",
        "GetApplicationList management token /api/v2/appManagement/applications", true
      ),
      ("GET /api/v2/new", "? main read /api/v2/new", true),
      ("GET /apps/second/api/v2/courses", "403 policy-refused", false),
      ("GET /apps/management/api/v2/courses", "403 policy-refused", false),
      ("POST /api/v2/appManagement/token", "403 sensitive-operation-refused", false),
    ])
  func permissive(line: String, words: String, wouldDeny: Bool) {
    let rules = ForwardingRules.sample { $0.forwardsUnknownOperations = true }
    let outcome = take([line + " HTTP/1.1"], rules: rules, caller: Number.permissive)
    #expect(outcome.words == words)
    #expect((outcome.plan?.wouldDeny ?? false) == wouldDeny)
  }

  @Test("nobody else's plan says that it would have been denied")
  func notPermissive() {
    for caller in [Number.everyone, Number.crm, Number.reader] {
      #expect(take(["GET /api/v2/courses HTTP/1.1"], caller: caller).plan?.wouldDeny == false)
    }
  }

  @Test("a frozen caller is told when to come back")
  func frozen() {
    let error = take(["GET /api/v2/courses HTTP/1.1"], caller: Number.frozen).error
    #expect(error?.retryAfter == 30)
    #expect(error?.kind.isRetriable == true)
  }

  @Test(
    "unknown operations are forwarded where the configuration says so, with a token and never with the secret",
    arguments: [
      CallerCase(Number.everyone, "GET /api/v2/new/thing", "? main read /api/v2/new/thing"),
      CallerCase(Number.everyone, "PATCH /api/v2/courses/a", "? main all /api/v2/courses/a"),
      CallerCase(Number.second, "BREW /api/v2/new", "? second all /api/v2/new"),
      CallerCase(Number.crm, "GET /api/v2/new", "403 policy-refused"),
      CallerCase(Number.everyone, "DELETE /api/v2/new", "? main all /api/v2/new"),
      CallerCase(Number.everyone, "GET /apps/management/api/v2/new", "403 policy-refused"),
      CallerCase(Number.reader, "GET /api/v2/new", "? main read /api/v2/new"),
      CallerCase(Number.reader, "HEAD /api/v2/new", "? main read /api/v2/new"),
      CallerCase(Number.reader, "POST /api/v2/new", "403 policy-refused"),
      CallerCase(Number.dry, "PUT /api/v2/new", "rehearsed ? main all /api/v2/new"),
      CallerCase(Number.dry, "GET /api/v2/new", "? main read /api/v2/new"),
      CallerCase(Number.everyone, "GET /api/v2/new/../x", "400 path-not-canonical"),
      CallerCase(Number.everyone, "GET /api/v2/%78api/credentials", "400 path-not-canonical"),
      CallerCase(Number.everyone, "GET /elsewhere", "404 operation-unknown"),
      CallerCase(
        Number.everyone, "OPTIONS /api/v2/new", "options GET, HEAD, POST, PUT, DELETE"),
    ])
  func unknownOperations(of table: CallerCase) {
    let rules = ForwardingRules.sample { $0.forwardsUnknownOperations = true }
    let outcome = take([table.line + " HTTP/1.1"], rules: rules, caller: table.caller)
    #expect(outcome.words == table.words)
  }

  @Test(
    "a 404 names the closest operation",
    arguments: [
      ("GET /api/v2/course", "GetCourses: GET /courses."),
      ("GET /api/v2/registration/a/progress", "/registrations/{registrationId}"),
    ])
  func closest(line: String, name: String) {
    #expect(take([line + " HTTP/1.1"]).error?.detail.contains(name) == true)
  }

  @Test("a 405 names the methods of the path")
  func allow() {
    let error = take(["PUT /api/v2/courses HTTP/1.1"]).error
    #expect(error?.allow?.allowField == "GET, HEAD")
  }

  @Test(
    "OPTIONS is answered here",
    arguments: [
      PlannerCase("OPTIONS *", becomes: "options GET, HEAD, POST, PUT, DELETE"),
      PlannerCase("OPTIONS /api/v2/courses", becomes: "options GET, HEAD"),
      PlannerCase("OPTIONS /api/v2/courses/a", becomes: "options GET, HEAD, DELETE"),
      PlannerCase("OPTIONS /api/v2/nothing/here", becomes: "404 operation-unknown"),
      PlannerCase("OPTIONS /", becomes: "404 operation-unknown"),
      PlannerCase("GET *", becomes: "400 malformed-request"),
      PlannerCase(
        "OPTIONS /api/v2/courses", ["Origin: https://page.example"], becomes: "403 browser-refused"),
      PlannerCase("OPTIONS *", ["Host: page.example"], becomes: "403 host-refused"),
    ])
  func options(of table: PlannerCase) {
    #expect(take(table.request).words == table.words)
  }

  @Test(
    "CONNECT and TRACE end their connection",
    arguments: ["CONNECT cloud.example:443", "TRACE /api/v2/courses"])
  func connectAndTrace(line: String) {
    let error = take([line + " HTTP/1.1"]).error
    #expect(error?.status == 405)
    #expect(error?.allow?.allowField == "GET, HEAD, POST, PUT, DELETE")
    #expect(error?.closesConnection == true)
  }

  private static let courses = "GetCourses main token /api/v2/courses"

  @Test(
    "a request that has been here before is a loop",
    arguments: [
      ("Via: 1.1 scorm-gateway-0000cafe", "502 loop-detected"),
      ("Via: 1.0 fred, 1.1 Scorm-Gateway-0000CAFE (x), 1.1 barney", "502 loop-detected"),
      ("Via: 1.1\tscorm-gateway-0000cafe", "502 loop-detected"),
      ("Via: 1.1 fred,1.1 scorm-gateway-0000cafe", "502 loop-detected"),
      ("Via: 1.1 my-scorm-gateway.example", courses), ("Via: 1.1 scorm-gateway", courses),
      ("Via: 1.1 scorm-gateway-0000cafd", courses), ("Via: 1.1 scorm-gateway-0000cafe2", courses),
      ("Via: 1.1 fred", courses), ("Via:", courses),
    ])
  func loops(field: String, words: String) {
    #expect(take(["GET /api/v2/courses HTTP/1.1", field]).words == words)
    #expect(take(["GET /api/v2/courses HTTP/1.1", "Via: 1.1 a", field]).words == words)
  }

  @Test(
    "only the listener's own names are served",
    arguments: [
      ("localhost", true), ("localhost:8080", true), ("LocalHost.", true), ("127.0.0.1", true),
      ("127.0.0.1:8080", true), ("[::1]:8080", true), ("gateway.internal:8080", true),
      ("localhost:80", true), ("gateway.internal:18080", true), ("127.1:80", true),
      ("0.0.0.0:8080", false), ("192.168.1.5:8080", false), ("page.example", false),
      ("localhost.page.example", false), ("[::2]", false), ("169.254.169.254", false),
    ])
  func hosts(host: String, isServed: Bool) {
    let words = isServed ? RequestPlannerTests.courses : "403 host-refused"
    let outcome = take(["GET /api/v2/courses HTTP/1.1", "Host: \(host)"])
    #expect(outcome.words == words)
    if !isServed { #expect(outcome.error?.detail.contains("localhost") == true) }
    // RFC 9112 section 3.2.2: the target's authority replaces the field.
    #expect(
      take(["GET http://\(host)/api/v2/courses HTTP/1.1", "Host: other.example"]).words == words)
  }

  @Test("a Unix socket serves any Host")
  func anyHost() {
    let request = ["GET /api/v2/courses HTTP/1.1", "Host: page.example"]
    #expect(take(request, listener: 1).words == RequestPlannerTests.courses)
  }

  @Test("an HTTP/1.0 request needs no Host")
  func noHost() {
    let bytes = Array("GET /api/v2/courses HTTP/1.0\r\n\r\n".utf8)
    #expect(take(bytes: bytes).words == RequestPlannerTests.courses)
  }

  @Test(
    "pages of browsers are refused, whatever they ask for",
    arguments: [
      ("Origin: https://page.example", false), ("Origin: null", false), ("Origin:", false),
      ("Sec-Fetch-Site: cross-site", false), ("Sec-Fetch-Site: same-origin", false),
      ("sec-fetch-site:same-site", false), ("Sec-Fetch-Site:", false),
      ("Sec-Fetch-Site: none", true), ("Sec-Fetch-Mode: navigate", true),
      ("Referer: https://page.example/", true),
    ])
  func browsers(field: String, isServed: Bool) {
    let words = isServed ? RequestPlannerTests.courses : "403 browser-refused"
    #expect(take(["GET /api/v2/courses HTTP/1.1", field]).words == words)
  }

  @Test("an Authorization field is no reason to refuse")
  func authorization() {
    let request = ["GET /api/v2/courses HTTP/1.1", "Authorization: Basic Og=="]
    #expect(take(request).words == RequestPlannerTests.courses)
  }

  @Test("every operation of the catalogue is found, and gets its own credential")
  func wholeCatalogue() {
    let rules = ForwardingRules.sample { $0.passedSensitive = .all }
    for operation in OperationTable.all {
      let path = operation.template.description.split(separator: "/")
        .map { $0.hasPrefix("{") ? "a%2Fb" : $0 }.joined(separator: "/")
      let outcome = take(["\(operation.method.name) /api/v2/\(path) HTTP/1.1"], rules: rules)
      let app = operation.credential == .management ? "management" : "main"
      let credential =
        operation.credential == .none
        ? "none" : operation.credential == .eitherApplication ? "basic" : "token"
      #expect(outcome.words == "\(operation.name) \(app) \(credential) /api/v2/\(path)")
    }
  }
}
