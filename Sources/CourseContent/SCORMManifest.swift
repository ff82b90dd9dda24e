/// `imsmanifest.xml` of SCORM 1.1, 1.2 and 2004 (IMS Content Packaging).
enum SCORMManifest {
  /// Maximum depth of items read.
  private static let maximumDepth = 32

  static func describe(_ manifest: XMLElement) throws(ContentFault) -> CourseDescription {
    guard manifest.name == "manifest" else {
      throw ContentFault("imsmanifest.xml is not a manifest: its root is <\(manifest.name)>.")
    }
    guard let organizations = manifest.child("organizations") else {
      throw ContentFault("imsmanifest.xml has no <organizations>.")
    }
    var description = CourseDescription()
    description.standard = standard(manifest)
    let all = organizations.children("organization")
    let wanted = organizations["default"]
    let chosen = all.first { $0["identifier"] == wanted } ?? all.first
    if wanted != nil, chosen?["identifier"] != wanted {
      description.warnings.append("The default organization [\(wanted ?? "")] does not exist.")
    }
    guard let chosen else {
      throw ContentFault("imsmanifest.xml has no <organization>.")
    }
    let resources = manifest.child("resources")?.children("resource") ?? []
    var known: [String: XMLElement] = [:]
    for resource in resources {
      if let identifier = resource["identifier"] { known[identifier] = resource }
    }
    let root = activity(chosen, known, depth: 0, &description.warnings)
    description.root = root
    description.metadata = metadata(chosen.child("metadata") ?? manifest.child("metadata"))
    if description.metadata.title.isEmpty {
      description.metadata = metadata(manifest.child("metadata"))
    }
    description.title = root.title.isEmpty ? description.metadata.title : root.title
    let language = description.metadata.titleLanguage
    if !language.isEmpty { description.languages = [language] }
    return description
  }

  private static func standard(_ manifest: XMLElement) -> CourseDescription.Standard {
    let version = manifest.first("metadata", "schemaversion")?.text.lowercased() ?? ""
    if version == "1.1" { return .scorm11 }
    if version == "1.2" { return .scorm12 }
    if version.contains("4th") { return .scorm2004Fourth }
    if version.contains("3rd") { return .scorm2004Third }
    // A manifest of the second edition contains `CAM 1.3`.
    if version.contains("1.3") || version.contains("2004") { return .scorm2004Second }
    let spaces = manifest.attributes.filter { $0.name.hasPrefix("xmlns") }.map(\.value)
    return spaces.contains { $0.contains("adlcp_v1p3") } ? .scorm2004Third : .scorm12
  }

  private static func activity(
    _ item: XMLElement, _ resources: [String: XMLElement], depth: Int, _ warnings: inout [String]
  ) -> CourseActivity {
    var activity = CourseActivity()
    activity.itemIdentifier = item["identifier"] ?? ""
    activity.externalIdentifier = activity.itemIdentifier
    activity.title = item.child("title")?.text ?? ""
    activity.scaledPassingScore = passingScore(item)
    let items = depth < maximumDepth ? item.children("item") : []
    for child in items {
      activity.children.append(self.activity(child, resources, depth: depth + 1, &warnings))
    }
    if let reference = item["identifierref"], !reference.isEmpty {
      activity.resourceIdentifier = reference
      if let resource = resources[reference] {
        activity.href = (resource["base"] ?? "") + (resource["href"] ?? "")
        let type = (resource["scormtype"] ?? resource["scormType"] ?? "").lowercased()
        activity.kind = type == "asset" ? .asset : .sco
      } else if warnings.count < 100 {
        warnings.append("The resource [\(reference)] does not exist.")
      }
    } else if !activity.children.isEmpty {
      activity.kind = .aggregation
    }
    return activity
  }

  /// A score of 0 to 1, as text. SCORM 1.2 has 0 to 100 in `masteryscore`; SCORM 2004 has the score in the primary
  /// objective.
  private static func passingScore(_ item: XMLElement) -> String {
    if let text = item.child("masteryscore")?.text, let score = Double(text) {
      return String(score / 100)
    }
    let measure = item.first("sequencing", "objectives", "primaryObjective", "minNormalizedMeasure")
    return measure?.text ?? ""
  }

  /// IEEE LOM, in the bindings of SCORM 1.2 (`langstring`) and SCORM 2004 (`string`).
  private static func metadata(_ element: XMLElement?) -> CourseMetadata {
    var metadata = CourseMetadata()
    guard let lom = element?.child("lom"), let general = lom.child("general") else {
      return metadata
    }
    (metadata.title, metadata.titleLanguage) = words(general.child("title"))
    (metadata.description, metadata.descriptionLanguage) = words(general.child("description"))
    metadata.keywords = general.children("keyword").map { words($0).0 }.filter { !$0.isEmpty }
    metadata.duration = span(lom.first("technical", "duration"))
    metadata.typicalTime = span(lom.first("educational", "typicallearningtime"))
    if metadata.typicalTime.isEmpty {
      metadata.typicalTime = span(lom.first("educational", "typicalLearningTime"))
    }
    return metadata
  }

  private static func words(_ element: XMLElement?) -> (String, String) {
    guard let element else { return ("", "") }
    let text = element.child("langstring") ?? element.child("string") ?? element
    return (text.text, text["lang"] ?? text["language"] ?? "")
  }

  private static func span(_ element: XMLElement?) -> String {
    guard let element else { return "" }
    return (element.child("datetime") ?? element.child("duration") ?? element).text
  }
}
