import EventLoop
import LocalServer
import Synchronization
import System
import TextCoding

@testable import Sandbox

/// A clock that stands still until a test advances it.
final class TestClock: Sendable {
  /// 2026-03-01T12:00:00Z.
  static let beginning = 1_772_366_400
  private let seconds = Atomic<Int>(0)

  func advance(seconds count: Int) { seconds.add(count, ordering: .relaxed) }

  /// Milliseconds since 1970 UTC.
  var milliseconds: Int {
    (TestClock.beginning + seconds.load(ordering: .relaxed)) * 1000
  }
}

/// A simulated cloud and the actions of a client.
struct Rig {
  static let application = "Basic U0FOREJPWDpzYW5kYm94LXNlY3JldA=="
  static let management = basic("SANDBOX-MANAGEMENT", "sandbox-management-secret")

  let time = TestClock()
  var cloud: SimulatedCloud

  init(_ change: (inout SandboxSettings) -> Void = { _ in }) {
    var settings = SandboxSettings()
    change(&settings)
    cloud = SimulatedCloud(settings: settings, realTime: { [time] in time.milliseconds })
  }

  static func basic(_ id: String, _ secret: String) -> String {
    "Basic " + Base64.standard.encode("\(id):\(secret)".utf8)
  }

  /// Sends a request below the base path.
  mutating func call(
    _ method: String, _ target: String, _ body: String = "",
    as authorization: String? = application,
    type: String = "application/json"
  ) -> LocalResponse {
    raw(method, "/api/v2" + target, body, as: authorization, type: type)
  }

  /// Sends a request for the whole target.
  mutating func raw(
    _ method: String, _ target: String, _ body: String = "",
    as authorization: String? = application,
    type: String = "application/json", bytes: [UInt8]? = nil,
    fields more: [(name: String, value: String)] = []
  ) -> LocalResponse {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var fields = [(name: "Content-Type", value: type)] + more
    if let authorization { fields.append((name: "authorization", value: authorization)) }
    return cloud.respond(
      to: LocalRequest(
        method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "",
        fields: fields, body: bytes ?? Array(body.utf8)))
  }

  /// An item of a configuration.
  mutating func setting(_ name: String, at path: String) -> JSONValue {
    let items = call("GET", path).json["settingItems"]?.elements ?? []
    return items.first { $0["id"]?.string == name } ?? .null
  }

  /// A token as the value of `Authorization`.
  mutating func token(_ scope: String, as authorization: String = application) -> String {
    let form = "scope=\(scope.replacing(" ", with: "+").replacing(":", with: "%3A"))"
    let answer = call(
      "POST", "/oauth/authenticate/application/token", form, as: authorization,
      type: "application/x-www-form-urlencoded")
    return "Bearer " + (answer.json["access_token"]?.string ?? "none: \(answer.text)")
  }

  /// Imports a course and waits until that is done.
  mutating func importCourse(_ id: String) { _ = finishImport(upload("courseId=\(id)")) }

  /// Uploads content; by default a small SCORM 1.2 course without a title.
  mutating func upload(
    _ query: String, _ content: [UInt8]? = nil, fields: [(name: String, value: String)] = [],
    metadata: String? = nil
  ) -> LocalResponse {
    var body = Array(
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"c.zip\"\r\n\r\n".utf8)
    body += content ?? Rig.smallCourse
    if let metadata {
      body += Array(
        "\r\n--b\r\nContent-Disposition: form-data; name=\"contentMetadata\"\r\n\r\n\(metadata)"
          .utf8)
    }
    body += Array("\r\n--b--\r\n".utf8)
    return raw(
      "POST", "/api/v2/courses/importJobs/upload?" + query, type: "multipart/form-data; boundary=b",
      bytes: body, fields: fields)
  }

  /// Requests the state of an import until it is done, and returns the last state.
  mutating func finishImport(_ upload: LocalResponse) -> JSONValue {
    let job = upload.json["result"]?.string ?? "none"
    _ = call("GET", "/courses/importJobs/\(job)")
    return call("GET", "/courses/importJobs/\(job)").json
  }

  static let smallCourse = zip([
    "imsmanifest.xml":
      "<manifest><organizations><organization identifier=\"o\"><item identifier=\"i\" identifierref=\"r\"/></organization></organizations><resources><resource identifier=\"r\" href=\"index.html\"/></resources></manifest>",
    "index.html": "<title>Page</title>",
  ])

  static func zip(_ files: KeyValuePairs<String, String>) -> [UInt8] {
    var writer = ZipWriter()
    for (name, text) in files { writer.add(name, Array(text.utf8)) }
    return writer.finished
  }

  /// Registers `learner` for `course`.
  mutating func register(_ id: String, course: String, learner: String = "l") -> LocalResponse {
    let body: JSONValue = [
      "registrationId": .string(id), "courseId": .string(course),
      "learner": ["id": .string(learner), "firstName": "Ada"],
    ]
    return call("POST", "/registrations", body.text)
  }
}

extension LocalResponse {
  var bytes: [UInt8] {
    if case .bytes(let bytes) = body { return bytes }
    return []
  }

  /// The bytes of a body that is in a file.
  var kept: [UInt8]? {
    if case .file(let file, let range) = body { return file.read(range) }
    return nil
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }
  var json: JSONValue { (try? JSONValue(json: bytes)) ?? .null }
  var message: String? { json["message"]?.string }

  func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}
