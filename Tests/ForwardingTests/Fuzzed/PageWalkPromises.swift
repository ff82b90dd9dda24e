import Memory

@testable import Forwarding

/// Promises about anything that an upstream sends as the pages of a list. The byte 0x1E ends a page in the input.
enum PageWalkPromises {
  /// The promise that `bytes` break; nil if all are kept.
  static func broken(_ bytes: [UInt8]) -> String? {
    let pages = bytes.split(separator: 0x1E, omittingEmptySubsequences: false).map(Array.init)
    for wanted in [nil, 2] as [Int?] {
      for form in [PageWalk.Form.json, .lines] {
        let walk = PlayedWalk(pages, form: form, wanted: wanted)
        for pieces in [[1], [2, 3], [7]] {
          let cut = PlayedWalk(pages, form: form, wanted: wanted, pieces: pieces)
          if !cut.isSame(as: walk) { return "pieces of \(pieces) change nothing" }
          let spilled = PlayedWalk(pages, form: form, wanted: wanted, pieces: pieces, spills: true)
          if !spilled.isSame(as: walk) { return "what is taken out of memory changes nothing" }
        }
        if let broken = PageWalkPromises.broken(walk, pages, form, wanted) { return broken }
      }
    }
    return nil
  }

  static func broken(
    _ walk: PlayedWalk, _ pages: [[UInt8]], _ form: PageWalk.Form, _ wanted: Int?
  ) -> String? {
    // The walk accepts half a surrogate pair as JSON, but a plain reader does not accept it as text.
    if pages.contains(where: hasSurrogates) { return nil }
    let plain = PlainWalk(pages, wanted: wanted)
    guard plain.queries == walk.queries else { return "each page's `more` is what is asked for" }
    switch walk.end {
    case nil: if plain.end != .open { return "a walk ends where it has to" }
    case .finish?:
      if plain.end != .finished { return "a walk is complete only where a plain one is" }
    case .abort(let error)?:
      if plain.end != .broken(error.name.description) {
        return "a walk breaks for the reason a plain one does: \(error), \(plain.end)"
      }
    case .fetchNext?, .readOn?: return "a walk ends with an end"
    }
    if walk.pages != plain.pages || walk.items != plain.items.count {
      return "pages and items are counted"
    }
    return form == .json ? brokenJSON(walk, plain) : brokenLines(walk, plain)
  }

  private static func hasSurrogates(_ page: [UInt8]) -> Bool {
    page.indices.dropLast(2).contains {
      page[$0] == 0x5C && page[$0 + 1] == 0x75 && page[$0 + 2] | 0x20 == 0x64
    }
  }

  private static func brokenJSON(_ walk: PlayedWalk, _ plain: PlainWalk) -> String? {
    let document = PlainJSON.read(walk.written, depth: 128)
    guard walk.end == .finish else {
      return document == nil ? nil : "JSON that is not complete does not parse"
    }
    guard case .object(let members)? = document else { return "a complete answer is an object" }
    var expected = plain.members
    if let more = plain.lastMore {
      expected.append(.init(name: Array("more".utf8), value: .string(more)))
    }
    for place in expected.indices where expected[place].name == Array("items".utf8) {
      expected[place] = .init(name: expected[place].name, value: .array(plain.items))
    }
    return members == expected ? nil : "the first page's object goes on with all items"
  }

  private static func brokenLines(_ walk: PlayedWalk, _ plain: PlainWalk) -> String? {
    var lines = walk.lines
    if walk.end != nil {
      guard let last = lines.popLast(), case .object(let end)? = PlainJSON.read(last),
        end.first?.name == Array("_end".utf8)
      else { return "the last line tells the end" }
    }
    let items = lines.map { PlainJSON.read($0, depth: 128) }
    return items == plain.items ? nil : "each line is an item"
  }
}

extension PlayedWalk {
  /// Whether two walks are equal. A text that is not JSON may be in the wrong place too, such as a string in place of the
  /// object. Then both errors are true, and the pieces decide which one is met first. Both have the same name.
  fileprivate func isSame(as other: PlayedWalk) -> Bool {
    guard case .abort(let error)? = end, case .abort(let otherError)? = other.end,
      error.isNotJSON || otherError.isNotJSON, error.name.description == otherError.name.description
    else { return self == other }
    var same = self
    same.end = other.end
    return same == other
  }
}

extension PageWalkError {
  fileprivate var isNotJSON: Bool { if case .notJSON = self { true } else { false } }
}

/// The same walk, done by a plain reader over whole pages.
struct PlainWalk {
  enum End: Equatable {
    case open, finished
    case broken(String)
  }

  var end = End.open
  var queries: [String] = []
  var pages = 0
  var items: [PlainJSON] = []
  /// The members of the first page, without `more`.
  var members: [PlainJSON.Member] = []
  /// Where a walk that did not reach the list's end can continue.
  var lastMore: [UInt8]?

  init(_ texts: [[UInt8]], wanted: Int?) {
    var seen: [[UInt8]] = []
    var empty = 0
    for text in texts {
      guard case .object(let members)? = PlainJSON.read(text, depth: 128),
        case let lists = members.filter({ $0.name == Array("items".utf8) }), lists.count == 1,
        case .array(let elements)? = lists.first?.value,
        case let tokens = members.filter({ $0.name == Array("more".utf8) }), tokens.count <= 1
      else {
        end = .broken("pages-malformed")
        return
      }
      var more: [UInt8]?
      if let token = tokens.first {
        guard case .string(let text) = token.value else {
          end = .broken("pages-malformed")
          return
        }
        more = text
      }
      if let more, seen.contains(more) {
        empty += 1
        guard more == seen.last, elements.isEmpty, empty < 3 else {
          end = .broken("pages-repeat")
          return
        }
      } else if let more {
        seen.append(more)
        empty = elements.isEmpty ? 1 : 0
      }
      if pages == 0 { self.members = members.filter { $0.name != Array("more".utf8) } }
      pages += 1
      items += elements
      guard let more else {
        end = .finished
        return
      }
      if pages == wanted {
        lastMore = more
        end = .finished
        return
      }
      queries.append("more=" + PlainWalk.escaped(more))
    }
  }

  private static func escaped(_ text: [UInt8]) -> String {
    let plain = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
    return text.map { byte in
      if plain.contains(byte) { return String(UnicodeScalar(byte)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "%" + (digits.count == 1 ? "0" : "") + digits
    }.joined()
  }
}
