/// `cmi5.xml` and `tincan.xml`: courses whose results are xAPI statements.
enum XAPIManifest {
  private static let maximumDepth = 32

  /// A cmi5 course structure: blocks of assignable units.
  static func cmi5(_ structure: XMLElement) throws(ContentFault) -> CourseDescription {
    guard structure.name == "courseStructure", let course = structure.child("course") else {
      throw ContentFault("cmi5.xml is not a course structure: it has no <course>.")
    }
    guard let identifier = course["id"], !identifier.isEmpty else {
      throw ContentFault("cmi5.xml: the course has no id.")
    }
    var description = CourseDescription()
    description.standard = .cmi5
    description.activityID = identifier
    (description.title, description.metadata.titleLanguage) = words(course.child("title"))
    description.metadata.title = description.title
    (description.metadata.description, description.metadata.descriptionLanguage) =
      words(course.child("description"))
    description.languages = languages(course.child("title"))
    var root = CourseActivity()
    root.externalIdentifier = identifier
    root.itemIdentifier = identifier
    root.title = description.title
    root.kind = .aggregation
    root.children = units(structure, depth: 0)
    guard !root.children.isEmpty else {
      throw ContentFault("cmi5.xml has no <au> and no <block>.")
    }
    description.root = root
    return description
  }

  private static func units(_ element: XMLElement, depth: Int) -> [CourseActivity] {
    guard depth < maximumDepth else { return [] }
    return element.children.filter { $0.name == "au" || $0.name == "block" }.map { part in
      var activity = CourseActivity()
      activity.externalIdentifier = part["id"] ?? ""
      activity.itemIdentifier = activity.externalIdentifier
      activity.title = words(part.child("title")).0
      if part.name == "block" {
        activity.kind = .aggregation
        activity.children = units(part, depth: depth + 1)
      } else {
        activity.kind = .sco
        activity.href = part.child("url")?.text ?? ""
        activity.scaledPassingScore = part["masteryScore"] ?? ""
      }
      return activity
    }
  }

  /// A Tin Can package: a list of activities, one of which has a launch URL.
  static func tinCan(_ root: XMLElement) throws(ContentFault) -> CourseDescription {
    guard root.name == "tincan", let activities = root.child("activities")?.children("activity"),
      !activities.isEmpty
    else { throw ContentFault("tincan.xml has no <activity>.") }
    guard let first = activities.first(where: { $0.child("launch") != nil }) else {
      throw ContentFault("tincan.xml has no activity with <launch>.")
    }
    guard let identifier = first["id"], !identifier.isEmpty else {
      throw ContentFault("tincan.xml: the activity that is launched has no id.")
    }
    var description = CourseDescription()
    description.standard = .xapi
    description.activityID = identifier
    description.title = first.child("name")?.text ?? ""
    description.metadata.title = description.title
    description.metadata.titleLanguage = first.child("name")?["lang"] ?? ""
    description.metadata.description = first.child("description")?.text ?? ""
    description.metadata.descriptionLanguage = first.child("description")?["lang"] ?? ""
    let languages = first.children("launch").compactMap { $0["lang"] }
    description.languages = languages.filter { !$0.isEmpty && $0 != "und" }
    var activity = CourseActivity()
    activity.externalIdentifier = identifier
    activity.itemIdentifier = identifier
    activity.title = description.title
    activity.kind = .sco
    activity.href = first.child("launch")?.text ?? ""
    description.root = activity
    return description
  }

  private static func words(_ element: XMLElement?) -> (String, String) {
    guard let element else { return ("", "") }
    let text = element.child("langstring") ?? element
    return (text.text, text["lang"] ?? "")
  }

  private static func languages(_ element: XMLElement?) -> [String] {
    (element?.children("langstring") ?? []).compactMap { $0["lang"] }.filter { !$0.isEmpty }
  }
}
