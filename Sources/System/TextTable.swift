/// A table of rows and columns, for people to read.
///
/// A table that is too wide first leaves out the columns that are needed least, then cuts the cells of others, with an
/// ellipsis. At its end it says what was left out.
package struct TextTable: Sendable {
  /// One column. All its cells are as wide as its widest.
  package struct Column: Sendable {
    let title: String
    let isRight: Bool
    let least: Int?
    let rank: Int
    let wraps: Bool

    /// - Parameters:
    ///   - isRight: cells are right-aligned, like numbers.
    ///   - least: characters to which cells may be cut; nil shows them whole or not at all.
    ///   - rank: columns with the highest rank are left out first; those with 0 never.
    ///   - wraps: long text continues on the next line. For the last column only.
    package init(
      _ title: String, isRight: Bool = false, least: Int? = nil, rank: Int = 0, wraps: Bool = false
    ) {
      self.title = title
      self.isRight = isRight
      self.least = least
      self.rank = rank
      self.wraps = wraps
    }
  }

  /// How wide a table may be.
  package enum Room: Sendable, Equatable {
    /// Characters.
    case columns(Int)
    case unlimited

    /// - Parameter width: characters; nil for any number.
    package init(width: Int?) { self = width.map(Room.columns) ?? .unlimited }
  }

  /// The columns that are shown, and how wide each is.
  package struct Layout: Sendable {
    let places: [Int]
    let widths: [Int]
    let isLimited: Bool
  }

  /// Characters between two columns.
  private static let gap = 2
  /// A smaller width counts as this many characters: nothing could be read in less.
  private static let leastRoom = 40

  private let columns: [Column]
  private var rows: [[String]] = []
  private let hasHeader: Bool

  /// - Parameter hasHeader: whether the titles are shown.
  package init(_ columns: [Column], hasHeader: Bool = true) {
    self.columns = columns
    self.hasHeader = hasHeader
  }

  /// Adds a row, a cell for each column.
  package mutating func append(_ row: [String]) { rows.append(row) }

  /// The rows as lines, and a line that names the omitted columns.
  ///
  /// - Parameter colour: the escape sequence for a row's colour; nil for none.
  package func text(in room: Room, colour: (Int) -> String? = { _ in nil }) -> String {
    let layout = layout(in: room)
    let omitted = columns.indices.filter { !layout.places.contains($0) }.map { columns[$0].title }
    let rows = text(layout, colour: colour)
    guard !omitted.isEmpty else { return rows }
    return rows
      + TextTable.wrapped(
        "Columns left out: \(omitted.joined(separator: ", ")). --wide shows all.", in: room)
      + "\n"
  }

  /// The rows as lines, in a layout that was made before: for rows that arrive one after the other.
  ///
  /// - Parameter colour: the escape sequence for a row's colour; nil for none.
  package func text(_ layout: Layout, colour: (Int) -> String? = { _ in nil }) -> String {
    var text = hasHeader ? line(columns.map(\.title), layout) + "\n" : ""
    for (number, row) in rows.enumerated() {
      let line = line(row, layout)
      text += (colour(number).map { "\($0)\(line)\u{1B}[0m" } ?? line) + "\n"
    }
    return text
  }

  /// Fits the table into `room`.
  ///
  /// - Parameter atLeast: minimum widths of columns, even if no cell is that wide.
  package func layout(in room: Room, atLeast: [Int] = []) -> Layout {
    let natural = columns.indices.map { place in
      max(
        hasHeader ? columns[place].title.count : 0, place < atLeast.count ? atLeast[place] : 0,
        rows.lazy.map { $0[place].count }.max() ?? 0)
    }
    var places = Array(columns.indices)
    guard case .columns(let wanted) = room else {
      return Layout(places: places, widths: natural, isLimited: false)
    }
    let width = max(wanted, TextTable.leastRoom)
    let least = columns.indices.map { min(natural[$0], columns[$0].least ?? natural[$0]) }
    func total(_ widths: [Int]) -> Int {
      places.reduce(0) { $0 + widths[$1] } + max(0, places.count - 1) * TextTable.gap
    }
    while total(least) > width,
      let last = places.indices.max(by: { columns[places[$0]].rank < columns[places[$1]].rank }),
      columns[places[last]].rank > 0
    {
      places.remove(at: last)
    }
    var widths = natural
    var excess = total(widths) - width
    while excess > 0,
      let widest = places.filter({ widths[$0] > least[$0] }).max(by: { widths[$0] < widths[$1] })
    {
      widths[widest] -= 1
      excess -= 1
    }
    return Layout(places: places, widths: places.map { widths[$0] }, isLimited: true)
  }

  private func line(_ row: [String], _ layout: Layout) -> String {
    var line = ""
    var indent = 0
    for (number, place) in layout.places.enumerated() {
      let (column, width) = (columns[place], layout.widths[number])
      let isLast = number == layout.places.count - 1
      if isLast, column.wraps, layout.isLimited {
        line += TextTable.wrapped(row[place], width: width).joined(
          separator: "\n" + String(repeating: " ", count: indent))
        break
      }
      let isCut = layout.isLimited && column.least != nil && row[place].count > width
      let cell = isCut ? row[place].prefix(max(0, width - 1)) + "…" : row[place]
      let padding = String(repeating: " ", count: max(0, width - cell.count))
      line += column.isRight ? padding + cell : isLast ? cell : cell + padding
      if !isLast { line += String(repeating: " ", count: TextTable.gap) }
      indent += width + TextTable.gap
    }
    return line
  }

  /// `text` in lines that fit.
  ///
  /// - Parameter indent: spaces before every line except the first.
  package static func wrapped(_ text: String, in room: Room, indent: Int = 0) -> String {
    guard case .columns(let wanted) = room else { return text }
    let width = max(wanted, leastRoom)
    let first = wrapped(text, width: width)[0]
    guard first.endIndex < text.endIndex else { return text }
    let rest = text[first.endIndex...].drop { $0 == " " }
    let lines = [first] + wrapped(rest, width: width - indent)
    return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
  }

  /// `text` in lines of at most `width` characters, broken at spaces where there are any.
  private static func wrapped(_ text: some StringProtocol, width: Int) -> [Substring] {
    var lines: [Substring] = []
    var rest = Substring(text)
    while rest.count > width {
      let part = rest.prefix(width + 1)
      if let blank = part.lastIndex(of: " "), blank > part.startIndex {
        lines.append(rest[..<blank])
        rest = rest[rest.index(after: blank)...]
      } else {
        lines.append(rest.prefix(width))
        rest = rest.dropFirst(width)
      }
    }
    return lines + [rest]
  }
}
