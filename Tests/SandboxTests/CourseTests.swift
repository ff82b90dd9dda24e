import LocalServer
import Testing

@testable import Sandbox

@Suite("Courses and imports")
struct CourseTests {
  static let multipart = "multipart/form-data; boundary=b"

  @Test("An upload for an existing course is a conflict unless it may make a version")
  func conflict() {
    var rig = Rig()
    rig.importCourse("X")
    let refused = rig.upload("courseId=X")
    #expect(refused.status == 409)
    #expect(refused.message == "Course [X] already exists")
    let job = rig.upload("courseId=X&mayCreateNewVersion=True")
    let id = job.json["result"]?.string ?? ""
    _ = rig.call("GET", "/courses/importJobs/\(id)")
    _ = rig.call("GET", "/courses/importJobs/\(id)")
    #expect(rig.call("GET", "/courses/X").json["version"] == 1)
    #expect(rig.call("GET", "/courses/X/versions").json["courses"]?.elements?.count == 2)
    #expect(rig.call("DELETE", "/courses/X/versions/1").status == 204)
    #expect(rig.call("GET", "/courses/X").json["version"] == 0)
    // Client: "If deleting the last remaining version of the course, the course itself will be deleted".
    #expect(rig.call("DELETE", "/courses/X/versions/0").status == 204)
    #expect(rig.call("GET", "/courses/X").status == 404)
  }

  @Test("Of two imports that make the same course, the second fails")
  func racingImports() {
    var rig = Rig()
    let jobs = (1...2).map { _ in
      rig.upload("courseId=X").json["result"]?.string ?? ""
    }
    let outcomes = jobs.map { job in
      _ = rig.call("GET", "/courses/importJobs/\(job)")
      return rig.call("GET", "/courses/importJobs/\(job)").json["status"]
    }
    #expect(outcomes == ["COMPLETE", "ERROR"])
  }

  @Test("An import can take time instead of polls")
  func timedImport() {
    var rig = Rig { $0.importCompletion = .after(nanoseconds: 5_000_000_000) }
    let fetch = rig.call(
      "POST", "/courses/importJobs?courseId=X&tags=a,b", #"{"url":"https://example.com/c.zip"}"#)
    #expect(fetch.status == 200)
    rig.time.advance(seconds: 4)
    #expect(rig.call("GET", "/courses/X").status == 404)
    rig.time.advance(seconds: 1)
    #expect(rig.call("GET", "/courses/X").json["tags"] == ["a", "b"])
  }

  @Test(
    "An upload without a course, a boundary or a sane tag is refused with 400",
    arguments: [
      ("", multipart), ("?courseId=", multipart), ("?courseId=X", "application/zip"),
      ("?courseId=X", "multipart/form-data"), ("?courseId=%zz", multipart),
      ("?courseId=" + String(repeating: "x", count: 256), multipart),
      ("?courseId=X&tags=" + String(repeating: "x", count: 256), multipart),
    ])
  func refusesUpload(query: String, type: String) {
    var rig = Rig()
    #expect(rig.call("POST", "/courses/importJobs/upload" + query, "z", type: type).status == 400)
  }

  @Test("The course limit refuses one more, and says so")
  func limit() {
    var rig = Rig { $0.maximumCourses = 2 }
    for i in 1...2 { rig.importCourse("c\(i)") }
    let answer = rig.upload("courseId=c3")
    #expect(answer.status == 400)
    #expect(answer.message == "The sandbox keeps at most 2 courses per application.")
  }

  @Test("Only the newest 1000 import jobs are remembered")
  func jobLimit() {
    var rig = Rig()
    let jobs = (0...ApplicationState.maximumJobs).map { i in
      rig.upload("courseId=c\(i)").json["result"]?.string ?? ""
    }
    #expect(rig.call("GET", "/courses/importJobs/\(jobs[0])").status == 404)
    #expect(rig.call("GET", "/courses/importJobs/\(jobs[1])").status == 200)
  }

  @Test("A title can be changed, a course may be called like a path segment")
  func title() {
    var rig = Rig()
    rig.importCourse("tags")
    #expect(rig.call("PUT", "/courses/tags/title", #"{"title":"A \"B\" \u00fc"}"#).status == 204)
    #expect(rig.call("GET", "/courses/tags").json["title"] == "A \"B\" ü")
    #expect(rig.call("PUT", "/courses/tags/title", "{").status == 400)
    #expect(rig.call("PUT", "/courses/tags/title", "{}").status == 400)
    #expect(rig.call("PUT", "/courses/none/title", #"{"title":"x"}"#).status == 404)
  }

  @Test("Identifiers are compared byte for byte, not by how they look")
  func bytewiseIdentifiers() {
    var rig = Rig()
    rig.importCourse("%C3%A9")
    #expect(rig.call("GET", "/courses/%C3%A9").status == 200)
    #expect(rig.call("GET", "/courses/e%CC%81").status == 404)
    #expect(rig.call("GET", "/courses/%c3%a9").status == 200)
    #expect(rig.call("GET", "/courses/%C3").status == 400)
    #expect(rig.call("GET", "/courses/a%2").status == 400)
  }

  @Test("Tags are put, deleted by a DELETE with a body, and put on several things at once")
  func tags() {
    var rig = Rig()
    for id in ["a", "b"] { rig.importCourse(id) }
    #expect(rig.call("PUT", "/courses/a/tags", #"{"tags":["x","y"]}"#).status == 204)
    #expect(rig.call("DELETE", "/courses/a/tags", #"{"tags":["x"]}"#).status == 204)
    #expect(rig.call("GET", "/courses/a/tags").json == ["tags": ["y"]])
    #expect(rig.call("GET", "/courses?tags=q,y").json["courses"]?.elements?.count == 1)
    let batch = #"{"ids":["a","none"],"tags":["z"]}"#
    #expect(rig.call("PUT", "/courses/tags", batch).status == 404)
    #expect(rig.call("GET", "/courses/a/tags").json == ["tags": ["y"]])
    #expect(rig.call("PUT", "/courses/tags", #"{"ids":["a","b"],"tags":["z"]}"#).status == 204)
    #expect(rig.call("GET", "/courses/b/tags").json == ["tags": ["z"]])
  }

  @Test("Settings are set, read and deleted, and end with their course")
  func settings() {
    var rig = Rig()
    rig.importCourse("a")
    let body = #"{"settings":[{"settingId":"PlayerLaunchType","value":"FRAMESET"}]}"#
    let path = "/courses/a/configuration"
    #expect(rig.call("POST", path, body).status == 204)
    #expect(rig.setting("PlayerLaunchType", at: path)["explicitValue"] == "FRAMESET")
    _ = rig.call("DELETE", "/courses/a")
    rig.importCourse("a")
    #expect(rig.setting("PlayerLaunchType", at: path)["explicitValue"] == nil)
  }
}
