// swift-format-ignore-file
// Written by scripts/catalogue/generate from operations.tsv. Change those, not this file.

internal import Memory

extension QueryParameters {
  /// Whether `name` is that of a parameter that the API has and whose values are harmless.
  package static func mayShow(_ name: RawSpan) -> Bool {
    switch name.byteCount {
    case 4:
      name.equals("tags")
        || name.equals("type")
    case 5:
      name.equals("admin")
        || name.equals("since")
        || name.equals("until")
    case 7:
      name.equals("orderBy")
    case 8:
      name.equals("courseId")
        || name.equals("filterBy")
    case 9:
      name.equals("isEnabled")
        || name.equals("singleSco")
    case 12:
      name.equals("relativePath")
    case 13:
      name.equals("courseVersion")
        || name.equals("navPermission")
    case 14:
      name.equals("datetimeFilter")
        || name.equals("includeRuntime")
    case 15:
      name.equals("includeMetadata")
    case 16:
      name.equals("learningStandard")
    case 17:
      name.equals("includeHistoryLog")
        || name.equals("includeTotalCount")
        || name.equals("updateAssetPolicy")
    case 18:
      name.equals("includeCourseCount")
    case 19:
      name.equals("includeChildResults")
        || name.equals("mayCreateNewVersion")
    case 20:
      name.equals("includeDispatchCount")
    case 21:
      name.equals("includeCourseMetadata")
    case 24:
      name.equals("includeRegistrationCount")
    case 25:
      name.equals("includeRegistrationReport")
    case 32:
      name.equals("includeInteractionsAndObjectives")
    case 36:
      name.equals("includeAdditionalInstanceInformation")
    default: false
    }
  }

  /// Whether `name` is that of a parameter that the API has and whose values are credentials or name people.
  package static func mustHide(_ name: RawSpan) -> Bool {
    switch name.byteCount {
    case 3:
      name.equals("jwt")
    case 4:
      name.equals("auth")
        || name.equals("more")
    case 6:
      name.equals("cssUrl")
        || name.equals("filter")
    case 9:
      name.equals("learnerId")
        || name.equals("reportUrl")
        || name.equals("userEmail")
    case 11:
      name.equals("postbackUrl")
    case 14:
      name.equals("externalConfig")
    default: false
    }
  }
}
