import LocalServer
import Testing

@testable import Sandbox

@Suite("What the official Python client does")
struct ClientSequenceTests {
  @Test("works from ping to delete, with its doubled slash, True and {} bodies")
  func wholeSequence() throws {
    var rig = Rig()
    let ping = rig.raw("GET", "/api/v2//ping")
    #expect(ping.status == 200)
    #expect(ping.json["currentTime"] == "2026-03-01T12:00:00.000Z")

    let upload = rig.upload("courseId=c%2F1&mayCreateNewVersion=False")
    #expect(upload.status == 200)
    let job = try #require(upload.json["result"]?.string)
    #expect(rig.raw("GET", "/api/v2//courses/c%2F1").message == "Could not find course [c/1]")

    let statuses = (1...3).map { _ in
      rig.raw("GET", "/api/v2//courses/importJobs/\(job)").json["status"]
    }
    #expect(statuses == ["RUNNING", "COMPLETE", "COMPLETE"])
    let course = rig.raw("GET", "/api/v2//courses/importJobs/\(job)").json["importResult"]?[
      "course"]
    #expect(course?["id"] == "c/1")

    let zip = rig.raw("GET", "/api/v2//courses/c%2F1/zip")
    #expect(zip.field("Content-Type") == "application/zip")
    #expect(zip.kept == Rig.smallCourse)

    #expect(rig.register("r/1 ü", course: "c/1").status == 204)
    #expect(rig.raw("HEAD", "/api/v2//registrations/r%2F1%20%C3%BC").status == 200)
    let progress = rig.raw("GET", "/api/v2//registrations/r%2F1%20%C3%BC").json
    #expect(progress["id"] == "r/1 ü")
    #expect(progress["registrationCompletion"] == "UNKNOWN")
    #expect(progress["course"]?["id"] == "c/1")
    #expect(progress["learner"]?["firstName"] == "Ada")

    let launch = rig.raw(
      "POST", "/api/v2//registrations/r%2F1%20%C3%BC/launchLink",
      #"{"redirectOnExitUrl":"https://example.com/back","expiry":120}"#)
    let link = try #require(launch.json["launchLink"]?.string)
    #expect(link.hasPrefix("https://cloud.scorm.com/api/cloud/registration/launch/"))

    for i in 2...25 { #expect(rig.register("r\(i)", course: "c/1").status == 204) }
    var seen: [String] = []
    var target = "/api/v2//registrations?courseId=c%2F1&includeTotalCount=True"
    for page in 1...3 {
      let answer = rig.raw("GET", target)
      #expect(answer.field("X-Total-Count") == (page == 1 ? "25" : nil))
      seen += answer.json["registrations"]?.elements?.compactMap { $0["id"]?.string } ?? []
      guard let more = answer.json["more"]?.string else {
        #expect(page == 3)
        break
      }
      #expect(page < 3)
      target = "/api/v2//registrations?more=" + more.escaped
    }
    #expect(seen == (2...25).reversed().map { "r\($0)" } + ["r/1 ü"])

    #expect(rig.raw("DELETE", "/api/v2//registrations/r%2F1%20%C3%BC", "{}").status == 204)
    #expect(rig.raw("HEAD", "/api/v2//registrations/r%2F1%20%C3%BC").status == 404)
    #expect(rig.raw("DELETE", "/api/v2//courses/c%2F1", "{}").status == 204)
    rig.time.advance(seconds: 5)
    #expect(rig.raw("GET", "/api/v2//registrations").json["registrations"] == [])
  }
}

extension String {
  /// The text with everything escaped that a query value may not contain.
  var escaped: String {
    replacing("%", with: "%25").replacing("+", with: "%2B").replacing("/", with: "%2F")
      .replacing("=", with: "%3D")
  }
}
