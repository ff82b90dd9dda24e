/// The course files of AICC: `.crs` (an INI file), `.au`, `.des` and `.cst` (tables with commas).
enum AICCManifest {
  private static let maximumDepth = 32
  /// Maximum number of parts read. A block may name others, and itself, many times.
  private static let maximumParts = 10_000

  static func describe(_ course: String, in zip: borrowing ZipArchive) throws(ContentFault)
    -> CourseDescription
  {
    let sections = ini(try text(course, in: zip) ?? "")
    let facts = sections["course"] ?? [:]
    guard let identifier = facts["course_id"], !identifier.isEmpty else {
      throw ContentFault("\(course) has no Course_ID.")
    }
    let stem = String(course.dropLast(3))
    guard let units = try table(stem + "au", in: zip), !units.isEmpty else {
      throw ContentFault("\(course) has no table of assignable units (.au) beside it.")
    }
    let names = try table(stem + "des", in: zip) ?? []
    let structure = try table(stem + "cst", in: zip) ?? []
    var description = CourseDescription()
    description.standard = .aicc
    description.title = facts["course_title"] ?? ""
    description.metadata.title = description.title
    description.metadata.description = sections["course_description"]?[""] ?? ""
    var parts: [String: CourseActivity] = [:]
    for name in names {
      guard let system = name["system_id"] else { continue }
      var activity = CourseActivity()
      activity.itemIdentifier = system
      activity.externalIdentifier = name["developer_id"] ?? system
      activity.title = name["title"] ?? ""
      activity.kind = .aggregation
      parts[system.lowercased()] = activity
    }
    for unit in units {
      guard let system = unit["system_id"] else { continue }
      var activity = parts[system.lowercased()] ?? CourseActivity()
      activity.itemIdentifier = system
      activity.kind = .sco
      activity.href = unit["file_name"] ?? ""
      if let score = unit["mastery_score"].flatMap({ Double($0) }) {
        activity.scaledPassingScore = String(score / 100)
      }
      parts[system.lowercased()] = activity
    }
    var root = CourseActivity()
    root.externalIdentifier = identifier
    root.itemIdentifier = identifier
    root.title = description.title
    root.kind = .aggregation
    var members: [String: [String]] = [:]
    for row in structure.map(\.cells) {
      if let block = row.first { members[block.lowercased()] = Array(row.dropFirst()) }
    }
    var room = maximumParts
    root.children = children(of: "root", members, parts, depth: 0, &room)
    if root.children.isEmpty {
      root.children = units.compactMap { $0["system_id"].flatMap { parts[$0.lowercased()] } }
    }
    description.root = root
    return description
  }

  private static func children(
    of block: String, _ members: [String: [String]], _ parts: [String: CourseActivity], depth: Int,
    _ room: inout Int
  ) -> [CourseActivity] {
    guard depth < maximumDepth else { return [] }
    var found: [CourseActivity] = []
    for member in members[block] ?? [] {
      guard room > 0, var activity = parts[member.lowercased()] else { continue }
      room -= 1
      if activity.kind == .aggregation {
        activity.children = children(
          of: member.lowercased(), members, parts, depth: depth + 1, &room)
      }
      found.append(activity)
    }
    return found
  }

  /// The text of a file in the course file's folder, its name in any case; nil if it does not exist.
  private static func text(_ path: String, in zip: borrowing ZipArchive) throws(ContentFault)
    -> String?
  {
    let wanted = path.lowercased()
    guard let entry = zip.entries.first(where: { $0.path.lowercased() == wanted }),
      let bytes = try zip.contents(of: entry.path, limit: CourseReader.maximumManifest)
    else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Sections by name, with keys in lower case. A section's lines without `=` are under the empty key.
  private static func ini(_ text: String) -> [String: [String: String]] {
    var sections: [String: [String: String]] = [:]
    var section = ""
    for line in text.split(whereSeparator: \.isNewline) {
      let line = String(line).trimmed
      if line.isEmpty || line.hasPrefix(";") { continue }
      if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
        section = line[line.index(after: line.startIndex)..<end].lowercased()
      } else if let sign = line.firstIndex(of: "="), section != "course_description" {
        let key = String(line[..<sign]).trimmed.lowercased()
        sections[section, default: [:]][key] = String(line[line.index(after: sign)...]).trimmed
      } else {
        let before = sections[section]?[""].map { $0 + " " } ?? ""
        sections[section, default: [:]][""] = before + line
      }
    }
    return sections
  }

  /// A row of a table. Its cells are found by the lower-case name of their column.
  private struct Row {
    let cells: [String]
    let columns: [String]

    subscript(name: String) -> String? {
      guard let place = columns.firstIndex(of: name), place < cells.count else { return nil }
      return cells[place]
    }
  }

  /// The rows after the line of column names; nil if the file does not exist.
  private static func table(_ path: String, in zip: borrowing ZipArchive) throws(ContentFault)
    -> [Row]?
  {
    guard let text = try text(path, in: zip) else { return nil }
    let lines = text.split(whereSeparator: \.isNewline).map { String($0).trimmed }
      .filter { !$0.isEmpty && !$0.hasPrefix(";") }
    guard let first = lines.first else { return [] }
    let columns = cells(first).map { $0.lowercased() }
    return lines.dropFirst().map { Row(cells: cells($0), columns: columns) }
  }

  /// Splits a line at commas. Cells may be in quotes, in which two quotes mean one.
  private static func cells(_ line: String) -> [String] {
    var cells: [String] = []
    var cell = ""
    var isQuoted = false
    var before: Character?
    for character in line {
      if character == "\"" {
        isQuoted.toggle()
        if isQuoted, before == "\"" { cell.append(character) }
      } else if character == ",", !isQuoted {
        cells.append(cell.trimmed)
        cell = ""
      } else {
        cell.append(character)
      }
      before = character
    }
    return cells + [cell.trimmed]
  }
}
