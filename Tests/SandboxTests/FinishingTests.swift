import LocalServer
import Testing

@testable import Sandbox

@Suite("A learner finishes a course")
struct FinishingTests {
  private func rig() -> Rig {
    var rig = Rig()
    rig.importCourse("c")
    #expect(rig.register("r", course: "c").status == 204)
    return rig
  }

  private func link(_ rig: inout Rig, exit: String) -> String {
    let body: JSONValue = ["redirectOnExitUrl": .string(exit), "expiry": 60]
    let link = rig.call("POST", "/registrations/r/launchLink", body.text).json["launchLink"]?.string
    return String(link?.dropFirst("https://cloud.scorm.com".count) ?? "")
  }

  @Test(
    "The exit takes the documented keywords in any case, an address, or nothing",
    arguments: [
      // Client: LaunchLinkRequestSchema.redirectOnExitUrl.
      ("Message", 200, nil), ("closer", 200, nil), ("BLANK", 200, nil),
      ("", 303, "https://scorm.com"), ("https://lms.example/done", 303, "https://lms.example/done"),
    ])
  func exits(exit: String, status: Int, location: String?) {
    var rig = rig()
    let path = link(&rig, exit: exit)
    #expect(rig.raw("GET", path, as: nil).status == 200)
    let left = rig.raw("POST", path, "completion=COMPLETED", as: nil)
    #expect(left.status == status)
    #expect(left.field("Location") == location)
    #expect(rig.call("GET", "/registrations/r").json["registrationCompletion"] == "COMPLETED")
  }

  @Test("A launch link opens until its expiry and not later, and an unknown one not at all")
  func expiry() {
    var rig = rig()
    let path = link(&rig, exit: "message")
    rig.time.advance(seconds: 60)
    #expect(rig.raw("GET", path, as: nil).status == 200)
    rig.time.advance(seconds: 1)
    #expect(rig.raw("GET", path, as: nil).status == 403)
    #expect(rig.raw("GET", "/api/cloud/registration/launch/none", as: nil).status == 404)
    #expect(rig.raw("DELETE", path, as: nil).status == 405)
  }

  @Test("A launch that is not to be tracked changes nothing, as a preview does")
  func untracked() {
    // Client: LaunchLinkRequestSchema.tracking; BuildCoursePreviewLaunchLink.
    var rig = rig()
    let body = #"{"redirectOnExitUrl":"blank","tracking":false}"#
    for path in ["/registrations/r/launchLink", "/courses/c/preview"] {
      let link = rig.call("POST", path, body).json["launchLink"]?.string ?? ""
      let page = String(link.dropFirst("https://cloud.scorm.com".count))
      #expect(rig.raw("GET", page, as: nil).status == 200)
      #expect(rig.raw("POST", page, "completion=COMPLETED", as: nil).status == 200)
    }
    #expect(rig.call("GET", "/registrations/r").json["registrationCompletion"] == "UNKNOWN")
    #expect(rig.call("GET", "/registrations/r/launchHistory").json == ["launchHistory": []])
  }

  @Test("Progress, history and statements follow what the learner did")
  func follows() {
    var rig = rig()
    let report = #"""
      {"registrationId":"r","completion":"COMPLETED","success":"FAILED","score":40.5,"seconds":61,
       "objectives":[{"id":"o1","runtimeObjectiveSuccessStatus":"FAILED"}],
       "interactions":[{"id":"q1","type":"TrueFalse","learnerResponse":"t","result":"incorrect"}]}
      """#
    let done = rig.raw("POST", "/sandbox/progress", report, as: nil)
    #expect(done.status == 200)
    let plain = rig.call("GET", "/registrations/r").json
    #expect(plain["score"] == ["scaled": .number(40.5)])
    #expect(plain["totalSecondsTracked"]?.double == 61)
    #expect(plain["completedDate"] == "2026-03-01T12:00:00.000Z")
    #expect(plain["activityDetails"]?["runtime"] == nil)
    #expect(plain["globalObjectives"]?.elements?.first?["objectiveSuccess"] == "FAILED")
    let full = rig.call(
      "GET",
      "/registrations/r?includeRuntime=true&includeChildResults=true&includeInteractionsAndObjectives=true"
    ).json["activityDetails"]
    let leaf = full?["children"]?.elements?.first ?? full
    #expect(leaf?["runtime"]?["runtimeInteractions"]?.elements?.first?["id"] == "q1")
    #expect(leaf?["timeTracked"] == "0000:01:01.00")
    let history = rig.call("GET", "/registrations/r/launchHistory").json["launchHistory"]?.elements
    #expect(history?.first?["successStatus"] == "FAILED")
    #expect(history?.first?["exitTime"] == "2026-03-01T12:00:00.000Z")
    #expect(history?.first?["historyLog"] == nil)
    let statements = rig.call("GET", "/courses/c/xAPIStatements?learnerId=l").json["statements"]
    let verbs = statements?.elements?.compactMap { $0["verb"]?["display"]?["en-US"]?.string }
    #expect(verbs == ["exited", "failed", "completed", "answered", "launched"])
    #expect(rig.call("GET", "/courses/c/xAPIStatements?learnerId=x").json == ["statements": []])
    #expect(
      rig.call("GET", "/registrations/r/xAPIStatements?since=2027-01-01").json["statements"] == [])
  }

  @Test("Times add up over launches, and the first completion keeps its date")
  func addsUp() {
    var rig = rig()
    for seconds in [10, 20] {
      let body: JSONValue = [
        "registrationId": "r", "completion": "COMPLETED", "seconds": .integer(seconds),
      ]
      #expect(rig.raw("POST", "/sandbox/progress", body.text, as: nil).status == 200)
      rig.time.advance(seconds: 60)
    }
    let progress = rig.call("GET", "/registrations/r").json
    #expect(progress["totalSecondsTracked"]?.double == 30)
    #expect(progress["completedDate"] == "2026-03-01T12:00:00.000Z")
    #expect(progress["lastAccessDate"] == "2026-03-01T12:01:00.000Z")
    #expect(progress["activityDetails"]?["attempts"] == 2)
  }

  @Test("Resetting progress moves to the newest version; a launch of one begins a new instance")
  func versions() {
    // Client: DeleteRegistrationProgress and CreateNewRegistrationInstance.
    var rig = rig()
    _ = rig.raw("POST", "/sandbox/progress", #"{"registrationId":"r","success":"PASSED"}"#, as: nil)
    rig.importCourse("c&mayCreateNewVersion=true")
    #expect(rig.call("GET", "/registrations/r").json["course"]?["version"] == 0)
    _ = rig.raw("POST", "/sandbox/progress", #"{"registrationId":"r","score":1}"#, as: nil)
    let launched = rig.call("GET", "/registrations/r").json
    #expect(launched["instance"] == 1 && launched["course"]?["version"] == 1)
    #expect(rig.call("GET", "/registrations/r/instances/0").json["registrationSuccess"] == "PASSED")
    rig.importCourse("c&mayCreateNewVersion=true")
    #expect(rig.call("DELETE", "/registrations/r/progress").status == 204)
    let reset = rig.call("GET", "/registrations/r").json
    #expect(reset["registrationCompletion"] == "UNKNOWN" && reset["course"]?["version"] == 2)
  }

  @Test(
    "A control call that cannot be taken says why",
    arguments: [
      ("{}", 400), ("[]", 400), (#"{"registrationId":"none"}"#, 404),
      (#"{"registrationId":"r","score":101}"#, 400), (#"{"registrationId":"r","scores":1}"#, 400),
      (#"{"registrationId":"r","completion":"DONE"}"#, 400),
      (#"{"registrationId":"r","seconds":-1}"#, 400),
      (#"{"registrationId":"r","interactions":[{"id":1}]}"#, 400),
      (#"{"registrationId":"r","instance":7}"#, 404),
      (#"{"registrationId":"r","application":"OTHER"}"#, 404),
    ])
  func refuses(body: String, status: Int) {
    var rig = rig()
    let answer = rig.raw("POST", "/sandbox/progress", body, as: nil)
    #expect(answer.status == status)
    #expect(answer.message?.isEmpty == false)
    #expect(rig.call("GET", "/registrations/r").json["registrationCompletion"] == "UNKNOWN")
  }

  @Test("An initial state and initial settings count")
  func initial() {
    // Client: CreateRegistrationSchema.initialRegistrationState and initialSettings.
    var rig = rig()
    let body = #"""
      {"courseId":"c","registrationId":"i","learner":{"id":"l"},"xapiRegistrationId":"no-uuid"}
      """#
    #expect(rig.call("POST", "/registrations", body).status == 400)
    let full = #"""
      {"courseId":"c","registrationId":"i","learner":{"id":"l"},
       "initialRegistrationState":{"registrationSuccess":"PASSED","score":{"scaled":70}},
       "initialSettings":{"settings":[{"settingId":"PlayerShowHelp","value":"true"}]}}
      """#
    #expect(rig.call("POST", "/registrations", full).status == 204)
    #expect(rig.call("GET", "/registrations/i").json["score"] == ["scaled": 70])
    #expect(
      rig.setting("PlayerShowHelp", at: "/registrations/i/configuration")["explicitValue"] == "true"
    )
  }
}
