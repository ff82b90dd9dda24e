internal import JSONText
internal import Memory

/// Reads one page of a list while it arrives, keeps the parts that may be written, and finds its items and its `more`.
///
/// Names of members are compared by the text they encode: `"mor\u0065"` is `more`.
struct PageScan: ~Copyable {
  enum Keeping {
    /// All of it: the first page, whose object continues with the other pages' elements.
    case whole
    /// A comma, followed by what is between the list's brackets.
    case elements
    /// Each element on a line of its own.
    case lines
  }

  private enum Member { case list, more, other }

  private enum Place: Equatable {
    case start, members
    case value(Member)
    case elements
    case end
  }

  private let list: StaticString
  private let bounds: PageWalk.Bounds
  private var keeping: Keeping
  private var reader = JSONReader(allowsLoneSurrogates: true)
  private var place = Place.start
  private var name = ByteBuffer()
  private var isLongName = false
  /// Bytes of the pieces read so far.
  private var received = 0
  /// Where in this piece the part begins that must be kept and has not been kept yet.
  private var keptFrom = 0
  /// Inside an element that is an array or object. With `lines`, all of it is kept.
  private var isInElement = false
  private var hasList = false

  /// What is kept, except what was spilled.
  private(set) var bytes = ByteBuffer()
  /// Where the list's elements begin in it.
  private(set) var elementsStart = 0
  /// Bytes of elements that were taken out of `bytes`. All of them were at ``elementsStart``.
  private(set) var spilled = 0
  private(set) var items = 0
  private(set) var hasMore = false
  /// The content of the string `more`, as the upstream wrote it.
  private(set) var more = ByteBuffer()

  // Offsets in the page, only if it is kept whole.
  /// The bracket that closes the list.
  private(set) var listEnd = 0
  /// The member `more`, including the comma that belongs to it.
  private(set) var moreBounds = 0..<0
  /// After the last member that is not `more`.
  private(set) var lastValueEnd = 0
  private var nameStart = 0

  init(list: StaticString, bounds: PageWalk.Bounds, keeping: Keeping) {
    self.list = list
    self.bounds = bounds
    self.keeping = keeping
    reader.reportedDepth = 1
  }

  /// What may be taken out of memory now: elements, if more of them follow or nothing else of the page is kept.
  var spillable: Range<Int> {
    let isOpen = keeping != .whole || place == .elements
    return elementsStart..<(isOpen ? max(elementsStart, bytes.count) : elementsStart)
  }

  /// Removes ``spillable``, which was written elsewhere.
  mutating func spill() {
    let range = spillable
    spilled += range.count
    if !range.isEmpty { bytes.truncate(to: range.lowerBound) }
  }

  /// The position in ``bytes`` of what begins at `offset` of a page that is kept whole.
  func place(of offset: Int) -> Int { offset > elementsStart ? offset - spilled : offset }

  var heldBytes: Int { bytes.allocatedBytes + more.allocatedBytes + name.allocatedBytes }

  /// Forgets the page, and keeps the memory for the next one.
  mutating func reset(keeping: Keeping) {
    self.keeping = keeping
    reader = JSONReader(allowsLoneSurrogates: true)
    reader.reportedDepth = 1
    place = .start
    received = 0
    isInElement = false
    hasList = false
    bytes.removeAll()
    elementsStart = 0
    spilled = 0
    items = 0
    hasMore = false
    more.removeAll()
    listEnd = 0
    moreBounds = 0..<0
    lastValueEnd = 0
  }

  /// Reads the page's next bytes. Returns what is wrong with it, after which it must not be read further.
  mutating func read(_ piece: RawSpan) -> PageWalkError? {
    received += piece.byteCount
    guard received <= bounds.pageBytes else { return .pageTooLarge }
    if keeping == .whole { bytes.put(long: piece) }
    guard bytes.count <= bounds.memoryBytes else { return .pageTooLarge }
    keptFrom = 0
    do throws(JSONDefect) {
      while let event = try reader.next(in: piece) {
        if let error = take(event, piece) { return error }
      }
    } catch { return .notJSON(error) }
    if place == .elements, keeping == .elements || isInElement { keep(piece, to: piece.byteCount) }
    return nil
  }

  /// Ends the page. Returns what is wrong with it as a whole.
  mutating func finish() -> PageWalkError? {
    let nothing = ByteBuffer()
    do throws(JSONDefect) {
      // A number may end here. Nothing of its text is in this last piece.
      while try reader.next(in: nothing.bytes, isLast: true) != nil {}
    } catch { return .notJSON(error) }
    return hasList ? nil : .noList
  }

  // MARK: Members

  private mutating func take(_ event: JSONEvent, _ piece: RawSpan) -> PageWalkError? {
    switch place {
    case .start:
      guard event.kind == .objectStart else { return .notAnObject }
      place = .members
    case .members:
      if event.kind == .name { return takeName(event, piece) }
      place = .end
    case .value(let member): return takeValue(event, piece, of: member)
    case .elements:
      if event.kind == .arrayEnd, reader.depth == 1 {
        endList(event, piece)
      } else {
        take(element: event, piece)
      }
    case .end: break
    }
    return nil
  }

  private mutating func takeName(_ event: JSONEvent, _ piece: RawSpan) -> PageWalkError? {
    if event.isFirst {
      name.removeAll()
      isLongName = false
      nameStart = reader.tokenOffset
      // If `more` is the first member, the comma after it belongs to it.
      if hasMore, lastValueEnd == 0 {
        moreBounds = moreBounds.lowerBound..<nameStart
      }
    }
    // A name that matters has at most six bytes for each character.
    isLongName = isLongName || name.count + event.range.count > 6 * list.utf8CodeUnitCount + 24
    if !isLongName { name.put(piece.slice(event.start, event.end)) }
    guard event.isLast else { return nil }
    let member: Member
    if isLongName {
      member = .other
    } else if JSONString.text(of: name.bytes, equals: list) {
      member = .list
    } else if JSONString.text(of: name.bytes, equals: "more") {
      member = .more
    } else {
      member = .other
    }
    if member == .list, hasList { return .listTwice }
    if member == .more, hasMore { return .moreTwice }
    place = .value(member)
    return nil
  }

  private mutating func takeValue(
    _ event: JSONEvent, _ piece: RawSpan, of member: Member
  ) -> PageWalkError? {
    switch member {
    case .list:
      guard event.kind == .arrayStart else { return .listIsNotArray }
      hasList = true
      place = .elements
      reader.reportedDepth = 2
      keptFrom = event.end
      if keeping == .elements { bytes.put(UInt8(ascii: ",")) }
      elementsStart = keeping == .whole ? reader.offset : bytes.count
    case .more:
      guard event.kind == .string else { return .moreIsNotText }
      guard more.count + event.range.count <= bounds.moreBytes else { return .moreTooLong }
      more.put(piece.slice(event.start, event.end))
      if event.isLast { endMore() }
    case .other:
      // Of an array or object, only the end is reported, not the contents.
      if event.isLast, !event.isContainer { endValue() }
    }
    return nil
  }

  private mutating func endValue() {
    lastValueEnd = reader.offset
    place = .members
  }

  private mutating func endMore() {
    hasMore = true
    moreBounds = (lastValueEnd > 0 ? lastValueEnd : nameStart)..<reader.offset
    place = .members
  }

  // MARK: The list

  private mutating func take(element event: JSONEvent, _ piece: RawSpan) {
    let isEnd = event.kind == .objectEnd || event.kind == .arrayEnd
    if event.isFirst, !isEnd { items += 1 }
    guard keeping == .lines else { return }
    switch event.kind {
    case .objectStart, .arrayStart:
      isInElement = true
      keptFrom = event.start
      return
    case .objectEnd, .arrayEnd:
      isInElement = false
    case .string:
      // The quotation mark may be in an earlier piece or in a later one.
      if event.isFirst { bytes.put(UInt8(ascii: "\"")) }
      keptFrom = event.start
    default:
      keptFrom = event.start
    }
    keep(piece, to: event.end)
    guard event.isLast else { return }
    if event.kind == .string { bytes.put(UInt8(ascii: "\"")) }
    bytes.put(UInt8(ascii: "\n"))
  }

  private mutating func endList(_ event: JSONEvent, _ piece: RawSpan) {
    if keeping == .elements { keep(piece, to: event.start) }
    listEnd = reader.tokenOffset
    reader.reportedDepth = 1
    endValue()
  }

  /// Keeps the piece up to `end`. With `lines`, a line break becomes a space; in JSON it can only be white space.
  private mutating func keep(_ piece: RawSpan, to end: Int) {
    let text = piece.slice(keptFrom, end)
    keptFrom = end
    guard keeping == .lines else { return bytes.put(long: text) }
    var at = 0
    while at < text.byteCount {
      let control = text.firstControl(from: at)
      bytes.put(text.slice(at, control))
      guard control < text.byteCount else { return }
      let isBreak = text[control] == 0x0A || text[control] == 0x0D
      bytes.put(isBreak ? 0x20 : text[control])
      at = control + 1
    }
  }
}
