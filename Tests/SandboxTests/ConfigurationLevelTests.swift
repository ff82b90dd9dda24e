import LocalServer
import Testing

@testable import Sandbox

@Suite("Settings and where they come from")
struct ConfigurationLevelTests {
  private func rig() -> Rig {
    var rig = Rig()
    rig.importCourse("c")
    #expect(rig.register("r", course: "c").status == 204)
    return rig
  }

  private func body(_ value: String, _ name: String = "PlayerLaunchType") -> String {
    #"{"settings":[{"settingId":"\#(name)","value":"\#(value)"}]}"#
  }

  @Test("The nearest level counts, and deleting a setting lets it be inherited again")
  func levels() {
    // Client: GetRegistrationConfiguration, "the setting will inherit a value from a higher level".
    var rig = rig()
    let name = "PlayerLaunchType"
    let levels = [
      ("/appManagement/configuration", "NEW_WINDOW", "application"),
      ("/courses/c/configuration", "NEW_WINDOW_AFTER_CLICK", "course"),
      ("/registrations/r/configuration", "NEW_WINDOW_WITHOUT_BROWSER_TOOLBAR", "registration"),
    ]
    let here = "/registrations/r/configuration"
    #expect(rig.setting(name, at: here)["effectiveValueSource"] == "default")
    for (path, value, source) in levels {
      #expect(rig.call("POST", path, body(value)).status == 204)
      let found = rig.setting(name, at: here)
      #expect(found["effectiveValue"]?.string == value)
      #expect(found["effectiveValueSource"]?.string == source)
    }
    #expect(rig.call("DELETE", here + "/" + name).status == 204)
    #expect(rig.setting(name, at: here)["effectiveValueSource"] == "course")
    #expect(rig.setting(name, at: here)["explicitValue"] == nil)
    // It is no longer set here, but deleting it is not an error.
    #expect(rig.call("DELETE", here + "/" + name).status == 204)
  }

  @Test("Settings for a learning standard stand between the course and the application")
  func standards() {
    // Client: SetApplicationConfiguration, learningStandard and singleSco.
    var rig = rig()
    let path = "/appManagement/configuration"
    #expect(rig.call("POST", path, body("NEW_WINDOW")).status == 204)
    let group = path + "?learningStandard=SCORM12&singleSco=True"
    #expect(rig.call("POST", group, body("NEW_WINDOW_AFTER_CLICK")).status == 204)
    let found = rig.setting("PlayerLaunchType", at: "/registrations/r/configuration")
    #expect(found["effectiveValueSource"] == "learningStandardForApplication")
    #expect(rig.call("GET", path + "?learningStandard=SCORM12").status == 400)
    #expect(rig.call("GET", path + "?learningStandard=SCORM99&singleSco=true").status == 400)
  }

  @Test("Unknown settings and wrong values are refused, and nothing is changed")
  func refuses() {
    var rig = rig()
    let path = "/courses/c/configuration"
    let bodies = [
      body("1", "NoSuchSetting"), body("SIDEWAYS"), body("maybe", "PlayerShowHelp"),
      body("ten", "PlayerTimeLimit"), #"{"settings":[{"settingId":"PlayerShowHelp"}]}"#, "{}",
      #"{"settings":[{"settingId":"PlayerTimeLimit","value":"5"},{"settingId":"x","value":"y"}]}"#,
    ]
    for body in bodies { #expect(rig.call("POST", path, body).status == 400, "\(body)") }
    #expect(rig.setting("PlayerTimeLimit", at: path)["explicitValue"] == nil)
    #expect(rig.call("DELETE", path + "/NoSuchSetting").status == 404)
  }

  @Test("Metadata comes when asked for")
  func metadata() {
    var rig = rig()
    let path = "/courses/c/configuration"
    #expect(rig.setting("PlayerLaunchType", at: path)["metadata"] == nil)
    let metadata = rig.setting("PlayerLaunchType", at: path + "?includeMetadata=true")["metadata"]
    #expect(metadata?["default"] == "FRAMESET")
    #expect(metadata?["validValues"]?.elements?.isEmpty == false)
  }

  @Test("A version's and an instance's settings are their own")
  func parts() {
    var rig = rig()
    for path in [
      "/courses/c/versions/0/configuration", "/registrations/r/instances/0/configuration",
    ] {
      #expect(rig.call("POST", path, body("NEW_WINDOW")).status == 204)
      #expect(rig.setting("PlayerLaunchType", at: path)["explicitValue"] == "NEW_WINDOW")
    }
    let whole = rig.setting("PlayerLaunchType", at: "/courses/c/configuration")
    #expect(whole["explicitValue"] == nil)
    #expect(rig.call("GET", "/courses/c/versions/9/configuration").status == 404)
  }

  @Test("Every setting allows its own default")
  func catalogue() {
    #expect(Set(SettingCatalogue.all.map(\.name)).count == SettingCatalogue.all.count)
    for setting in SettingCatalogue.all {
      #expect(setting.allows(setting.standard), "\(setting.name)")
    }
  }
}
