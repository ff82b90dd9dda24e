/// What a course's content says about itself.
package struct CourseDescription: Equatable, Sendable {
  /// The learning standards, as `courseLearningStandard` names them.
  package enum Standard: String, Sendable {
    case scorm11 = "SCORM11"
    case scorm12 = "SCORM12"
    case scorm2004Second = "SCORM20042NDEDITION"
    case scorm2004Third = "SCORM20043RDEDITION"
    case scorm2004Fourth = "SCORM20044THEDITION"
    case aicc = "AICC"
    case xapi = "XAPI"
    case cmi5 = "CMI5"
    /// A PDF or media file, which has no standard.
    case unknown = "UNKNOWN"
  }

  package var standard = Standard.unknown
  /// Empty if the content has none.
  package var title = ""
  package var metadata = CourseMetadata()
  package var root: CourseActivity?
  /// Identifier of an xAPI activity or cmi5 course; nil for other courses.
  package var activityID: String?
  package var languages: [String] = []
  /// Doubtful points of the content that do not prevent its import.
  package var warnings: [String] = []
  /// Files, in the zip's order.
  package var files: [ZipEntry] = []

  package init() {}
}

/// `MetadataSchema`. A text is empty if the content does not have it.
package struct CourseMetadata: Equatable, Sendable {
  package var title = ""
  package var titleLanguage = ""
  package var description = ""
  package var descriptionLanguage = ""
  package var duration = ""
  package var typicalTime = ""
  package var keywords: [String] = []

  package init() {}
}

/// `CourseActivitySchema`: a part of a course that is tracked separately, or that groups other parts.
package struct CourseActivity: Equatable, Sendable {
  package enum Kind: String, Sendable {
    case aggregation = "AGGREGATION"
    case sco = "SCO"
    case asset = "ASSET"
    case unknown = "UNKNOWN"
  }

  package var externalIdentifier = ""
  package var itemIdentifier = ""
  package var resourceIdentifier = ""
  package var kind = Kind.unknown
  package var href = ""
  package var scaledPassingScore = ""
  package var title = ""
  package var children: [CourseActivity] = []

  package init() {}
}
