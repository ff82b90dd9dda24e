/// The settings of the API, with their defaults.
///
/// Names are those of Rustici Engine, which SCORM Cloud runs on. Defaults are from the documentation (configuration,
/// postback and launch link pages), or else the initial values of Engine's player.
struct SettingCatalogue: Sendable {
  struct Setting: Sendable {
    let name: String
    let standard: String
    /// `boolean`, `integer`, `decimal`, `string`, or `enumeration`.
    let type: String
    /// The only allowed values; empty if all of the type are allowed.
    let values: [String]
    let description: String

    /// Whether `value` is valid for this setting.
    func allows(_ value: String) -> Bool {
      switch type {
      case "boolean": ["true", "false", "yes", "no"].contains(value.lowercased())
      case "integer": Int(value) != nil
      case "decimal": Double(value)?.isFinite == true
      case "enumeration": values.contains { $0.lowercased() == value.lowercased() }
      default: value.utf8.count <= SettingCatalogue.maximumText
      }
    }

    var expectation: String {
      switch type {
      case "boolean": "true or false"
      case "integer": "a whole number"
      case "decimal": "a number"
      case "enumeration": "one of \(values.joined(separator: ", "))"
      default: "a text of up to \(SettingCatalogue.maximumText) bytes"
      }
    }

    /// `SettingMetadata`.
    var metadata: JSONValue {
      var members = [
        JSONMember("default", .string(standard)), JSONMember("dataType", .string(type)),
        JSONMember("settingDescription", .string(description)),
        JSONMember("level", "registration"), JSONMember("learningStandardVariant", "either"),
      ]
      if !values.isEmpty {
        let listed = values.map { value -> JSONValue in
          ["value": .string(value), "valueDescription": .string(value)]
        }
        members.append(JSONMember("validValues", .array(listed)))
      }
      return .object(members)
    }
  }

  /// Longest value of a setting, in bytes.
  static let maximumText = 1_000

  static let all: [Setting] = table.split(separator: "\n").map { line in
    let columns = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    let kind = columns[2].split(separator: ":", maxSplits: 1).map(String.init)
    return Setting(
      name: columns[0], standard: columns[1], type: kind[0],
      values: kind.count > 1 ? kind[1].split(separator: ",").map(String.init) : [],
      description: columns[3])
  }

  private static let byName = Dictionary(
    all.map { ($0.name.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })

  static func setting(_ name: String) -> Setting? { byName[name.lowercased()] }

  // Name, default, type, description.
  private static let exits =
    "EXIT,EXIT_WITH_CONFIRMATION,CONTINUE,MESSAGE_PAGE,DO_NOTHING,REFRESH_PAGE"
  private static let windows =
    "FRAMESET,NEW_WINDOW,NEW_WINDOW_AFTER_CLICK,NEW_WINDOW_WITHOUT_BROWSER_TOOLBAR,"
    + "NEW_WINDOW_AFTER_CLICK_WITHOUT_BROWSER_TOOLBAR"
  private static let table = """
    ApiRollupRegistrationPostBackUrl||string|Where progress is posted to.
    ApiRollupRegistrationAuthType|form|enumeration:form,httpbasic|How a postback carries its credential.
    ApiRollupRegistrationAuthUser||string|User name of a postback.
    ApiRollupRegistrationAuthPassword||string|Password of a postback.
    ApiRollupRegistrationFormat|course|enumeration:course,activity,full|How much a postback says.
    LaunchAuthType|cookies|enumeration:cookies,vault|How a launch is bound to its learner.
    LaunchAuthExpiry|28800|integer|Seconds that a launch's authorization lasts.
    PlayerRedirectOnExitUrl|https://scorm.com|string|Where a learner goes who leaves a course.
    PlayerLaunchType|FRAMESET|enumeration:\(windows)|How the player opens.
    PlayerScoLaunchType|FRAMESET|enumeration:\(windows)|How a SCO opens.
    PlayerAllowCompleteStatusChange|false|boolean|A complete status may become incomplete again.
    PlayerAlwaysFlowToFirstSco|false|boolean|A launch always begins with the first SCO.
    PlayerApplyRollupStatusToSuccess|false|boolean|Rollup of the status also decides success.
    PlayerCaptureHistory|true|boolean|Launch history is kept.
    PlayerCaptureHistoryDetailed|false|boolean|Launch history holds a log.
    PlayerCommCommitFrequency|10000|integer|Milliseconds between commits of runtime data.
    PlayerCommMaxFailedSubmissions|2|integer|Attempts to commit before a launch fails.
    PlayerCourseStructureStartsOpen|true|boolean|The course's structure is shown at first.
    PlayerCourseStructureWidth|100|integer|Width of the course's structure in pixels.
    PlayerDebugControlAudit|true|boolean|Log of the player's control.
    PlayerDebugControlDetailed|false|boolean|Detailed log of the player's control.
    PlayerDebugIncludeTimestamps|false|boolean|Logs hold times.
    PlayerDebugLookAheadAudit|false|boolean|Log of the look-ahead sequencer.
    PlayerDebugLookAheadDetailed|false|boolean|Detailed log of the look-ahead sequencer.
    PlayerDebugRteAudit|true|boolean|Log of the runtime.
    PlayerDebugRteDetailed|false|boolean|Detailed log of the runtime.
    PlayerDebugSequencingAudit|true|boolean|Log of the sequencer.
    PlayerDebugSequencingDetailed|false|boolean|Detailed log of the sequencer.
    PlayerDebugSequencingSimple|true|boolean|Simple log of the sequencer.
    PlayerDesiredFullScreen|false|boolean|The player asks for the whole screen.
    PlayerDesiredHeight|0|integer|Height the player asks for.
    PlayerDesiredWidth|0|integer|Width the player asks for.
    PlayerEnableChoiceNav|true|boolean|The learner may choose activities.
    PlayerEnableFlowNav|true|boolean|Buttons for the next and previous activity.
    PlayerFinishCausesImmediateCommit|false|boolean|The end of a SCO commits at once.
    PlayerFirstScoIsPretest|false|boolean|Passing the first SCO completes the others.
    PlayerInternetExplorerCompatibilityMode|NONE|string|Document mode of old browsers.
    PlayerInvalidMenuItemAction|DISABLE|enumeration:SHOW,HIDE,DISABLE|What happens to activities that cannot be chosen.
    PlayerLaunchCompletedRegsAsNoCredit|false|boolean|A complete registration is launched without credit.
    PlayerLogoutCausesPlayerExit|true|boolean|A SCO's logout ends the player.
    PlayerLookaheadSequencerMode|REALTIME|enumeration:DISABLE,ENABLE,REALTIME|When the look-ahead sequencer runs.
    PlayerOfflineSynchMode|ALLOW_OFFLINE|string|How offline results are taken.
    PlayerPreventRightClick|false|boolean|No context menu.
    PlayerPreventWindowResize|false|boolean|The window keeps its size.
    PlayerRequiredFullScreen|false|boolean|The player needs the whole screen.
    PlayerRequiredHeight|0|integer|Height the player needs.
    PlayerRequiredWidth|0|integer|Width the player needs.
    PlayerResetRunTimeData|WHEN_EXIT_IS_NOT_SUSPEND|enumeration:NEVER,WHEN_EXIT_IS_NOT_SUSPEND,ON_EACH_NEW_SEQUENCING_ATTEMPT|When runtime data is reset.
    PlayerRollupEmptySetToUnknown|false|boolean|A rollup over nothing is unknown.
    PlayerScaleRawScore|true|boolean|A raw score counts as a scaled one.
    PlayerScoreOverridesStatus|false|boolean|The score decides the status.
    PlayerScoreRollupModeValue|AVERAGE_SCORE_OF_ALL_UNITS_WITH_SCORES|string|How scores are rolled up.
    PlayerScoreRollupModeNumberOfScoringObjects|0|integer|How many objects a fixed rollup counts.
    PlayerStatusRollupModeValue|STATUS_PROVIDED_BY_COURSE|string|How the status is rolled up.
    PlayerStatusRollupModeThresholdScore|0.8|decimal|The score from which a status counts.
    PlayerStatusDisplayPreference|SUCCESS_ONLY|string|What the structure shows of the status.
    PlayerShowCloseItem|false|boolean|A button closes an activity.
    PlayerShowCourseStructure|true|boolean|The course's structure is shown.
    PlayerShowFinishButton|true|boolean|A button ends the course.
    PlayerShowHelp|false|boolean|A help button.
    PlayerShowNavBar|true|boolean|The navigation bar is shown.
    PlayerShowProgressBar|false|boolean|A progress bar.
    PlayerShowTitleBar|false|boolean|The title is shown.
    PlayerTimeLimit|0|integer|Seconds that a course may take.
    PlayerValidateInteractionResponses|true|boolean|Responses are checked against the standard.
    PlayerWrapScoWindowWithApi|false|boolean|A SCO's window holds the API.
    WhenToRestartRegistration|NEVER|enumeration:NEVER,WHEN_EXISTING_REG_IS_COMPLETE_AND_NEWER_PACKAGE_VERSION_EXISTS,WHEN_NEWER_PACKAGE_VERSION_EXISTS,WHEN_EXISTING_REG_IS_COMPLETE,WHEN_EXISTING_REG_IS_SATISFIED,WHEN_EXISTING_REG_IS_SATISFIED_AND_NEWER_PACKAGE_VERSION_EXISTS,WHEN_EXISTING_REG_IS_COMPLETE_AND_SATISFIED|When a launch begins a new instance.
    """
    + [
      "FinalScoCourseSatisfied", "FinalScoCourseNotSatisfied", "IntermediateScoSatisfied",
      "IntermediateScoNotSatisfied",
    ].flatMap { place in
      ["Logout", "Normal", "Suspend", "Timeout"].map { exit in
        "\nPlayer\(place)\(exit)ExitAction|EXIT|enumeration:\(exits)|What follows such an exit."
      }
    }.joined()
}
