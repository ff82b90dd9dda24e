import Foundation
import JSONText
import Memory
import Testing

@testable import Forwarding

private func play(
  _ pages: [String], form: PageWalk.Form = .json, wanted: Int? = nil, from more: String? = nil,
  bounds: PageWalk.Bounds = .init(), pieces: [Int] = [3, 1], problem: String = "{}"
) -> PlayedWalk {
  PlayedWalk(
    pages.map { Array($0.utf8) }, form: form, wanted: wanted, from: more, bounds: bounds,
    pieces: pieces, problem: problem)
}

@Suite("A list over many pages as one answer")
struct PageWalkTests {
  @Test("The first page's list goes on with the items of the others, and `more` is gone")
  func splices() {
    let walk = play([
      #"{"items":[{"id":1},{"id":2}],"more":"A+/="}"#, #"{"items":[{"id":3}],"more":"B"}"#,
      #"{"items":[{"id":4}]}"#,
    ])
    #expect(walk.text == #"{"items":[{"id":1},{"id":2},{"id":3},{"id":4}]}"#)
    #expect(walk.queries == ["more=A%2B%2F%3D", "more=B"])
    #expect(walk.end == .finish && walk.pages == 3 && walk.items == 4)
    #expect(walk.itemsOfFirstPage == 2)
  }

  static let rows: [(page: String, answer: String)] = [
    (#"{"more":"a","items":[1]}"#, #"{"items":[1,2]}"#),
    (#"{"items":[1],"more":"a"}"#, #"{"items":[1,2]}"#),
    (#"{"x":0,"more":"a","items":[1],"y":[2]}"#, #"{"x":0,"items":[1,2],"y":[2]}"#),
    (#"{"x":0,"items":[1],"more":"a","y":"z"}"#, #"{"x":0,"items":[1,2],"y":"z"}"#),
    (#"{"items":[1],"y":{"more":"n"},"more":"a"}"#, #"{"items":[1,2],"y":{"more":"n"}}"#),
    (" { \"more\" : \"a\" ,\n \"items\" : [ 1 ] } ", " { \"items\" : [ 1 ,2] } "),
    ("{ \"items\" : [ ] ,\n \"more\" : \"a\" }", "{ \"items\" : [ 2] }"),
    (#"{"\u0069tems":[1],"\u006dore":"\u0061"}"#, #"{"\u0069tems":[1,2]}"#),
    (#"{"items":[{"more":"x","items":[]}],"more":"a"}"#, #"{"items":[{"more":"x","items":[]},2]}"#),
    (
      #"{"more2":1,"items":["\"more\":\"a\""],"more":"a"}"#,
      #"{"more2":1,"items":["\"more\":\"a\"",2]}"#
    ),
  ]

  @Test(
    "`more` goes with its comma wherever it stands, and everything else stays",
    arguments: rows.indices, [1, 2, 1000])
  func placesOfMore(row: Int, piece: Int) {
    let (page, answer) = PageWalkTests.rows[row]
    let walk = play([page, #"{"items":[2],"count":9}"#], pieces: [piece])
    #expect(walk.text == answer)
    #expect(walk.queries == ["more=a"] && walk.end == .finish)
  }

  @Test(
    "Where the number of pages ends the walk, `more` is there as the last member",
    arguments: rows.indices)
  func wantedPages(row: Int) throws {
    let (page, answer) = PageWalkTests.rows[row]
    let walk = play([page, #"{"items":[2],"more":"\u0062"}"#], wanted: 2)
    #expect(walk.end == .finish)
    let text = walk.text
    // Blanks before the last bracket stay there.
    let end = try #require(answer.lastIndex(of: "}"))
    let last = try #require(answer[..<end].lastIndex { $0 != " " })
    let place = answer.index(after: last)
    #expect(text == answer[..<place] + #","more":"\u0062""# + answer[place...])
    #expect(try JSONSerialization.jsonObject(with: Data(walk.written)) is [String: Any])
    let one = play([page], wanted: 1)
    #expect(one.end == .finish && one.queries.isEmpty && one.pages == 1)
  }

  @Test("Fewer pages than were asked for are all there are")
  func fewerPages() {
    let walk = play([#"{"items":[1],"more":"a"}"#, #"{"items":[2]}"#], wanted: 5)
    #expect(walk.text == #"{"items":[1,2]}"# && walk.end == .finish)
  }

  @Test("Lines hold an item each without line breaks, and the last one tells the end")
  func lines() {
    let walk = play(
      [
        "{\"items\":[ {\r\n\t\"a\" : \"x\\n\" } ,\n 1.5, \"s\"\n],\"more\":\"a\"}",
        #"{"items":[],"more":"b"}"#,
        #"{"items":[true,null,[ ]]}"#,
      ], form: .lines)
    #expect(
      walk.text == "{  \t\"a\" : \"x\\n\" }\n1.5\n\"s\"\ntrue\nnull\n[ ]\n"
        + #"{"_end":{"pages":3,"items":6,"complete":true,"more":null,"error":null}}"# + "\n")
  }

  @Test("Lines that the number of pages ended tell how to go on")
  func linesOfWantedPages() {
    let walk = play([#"{"items":[1],"more":"a\/b"}"#], form: .lines, wanted: 1)
    #expect(
      walk.text == "1\n"
        + #"{"_end":{"pages":1,"items":1,"complete":false,"more":"a\/b","error":null}}"# + "\n")
    #expect(walk.end == .finish)
  }

  @Test("An empty page that leads on is followed, also as the first")
  func emptyPages() {
    let walk = play([
      #"{"items":[],"more":"a"}"#, #"{"items":[ ],"more":"b"}"#, #"{"items":[1],"more":"c"}"#,
      #"{"items":[]}"#,
    ])
    #expect(walk.text == #"{"items":[1]}"# && walk.end == .finish && walk.pages == 4)
  }

  @Test("A page that brings a `more` seen before is not written, however long ago it was seen")
  func repeats() {
    for pages in [
      [#"{"items":[1],"more":"a"}"#, #"{"items":[9],"more":"a"}"#],
      [#"{"items":[1],"more":"a"}"#, #"{"items":[2],"more":"b"}"#, #"{"items":[9],"more":"a"}"#],
      [#"{"items":[1],"more":"a"}"#, #"{"items":[],"more":"b"}"#, #"{"items":[],"more":"a"}"#],
      [#"{"items":[1],"more":"a"}"#, #"{"items":[9],"more":"\u0061"}"#],
    ] {
      let walk = play(pages)
      #expect(walk.end == .abort(.repeatedMore) && !walk.text.contains("9"))
      #expect(PageWalkError.repeatedMore.name.description == "pages-repeat")
    }
    let resumed = play([#"{"items":[9],"more":"t"}"#], from: "t")
    #expect(resumed.end == .abort(.repeatedMore) && resumed.written.isEmpty)
  }

  @Test("Two empty pages may bring the `more` they were asked with; the third ends the walk")
  func patience() {
    let first = #"{"items":[1],"more":"a"}"#
    let empty = #"{"items":[],"more":"a"}"#
    let lucky = play([first, empty, empty, #"{"items":[2]}"#])
    #expect(lucky.text == #"{"items":[1,2]}"# && lucky.end == .finish)
    #expect(play([first, empty, empty, empty]).end == .abort(.repeatedMore))
    #expect(play([empty, empty, empty]).end == .abort(.repeatedMore))
  }

  @Test("A page that cannot be told apart from damage ends the walk, each for its reason")
  func malformed() {
    let cases: [(String, PageWalkError)] = [
      ("<html>", .notJSON(JSONDefect(offset: 0, expected: .value))),
      ("", .notJSON(JSONDefect(offset: 0, expected: .value))),
      (#"{"items":[2"#, .notJSON(JSONDefect(offset: 11, expected: .commaOrArrayEnd))),
      (#"{"items":[2]}x"#, .notJSON(JSONDefect(offset: 13, expected: .nothingMore))),
      (#"{"items":[2,]}"#, .notJSON(JSONDefect(offset: 12, expected: .value))),
      ("\u{FEFF}{\"items\":[2]}", .notJSON(JSONDefect(offset: 0, expected: .value))),
      ("[2]", .notAnObject), ("2", .notAnObject), ("{}", .noList), (#"{"Items":[2]}"#, .noList),
      (#"{"items":[2],"items":[2]}"#, .listTwice), (#"{"items":[2],"\u0069tems":1}"#, .listTwice),
      (#"{"items":{}}"#, .listIsNotArray), (#"{"items":null}"#, .listIsNotArray),
      (#"{"items":"2"}"#, .listIsNotArray), (#"{"items":[2],"more":null}"#, .moreIsNotText),
      (#"{"items":[2],"more":1}"#, .moreIsNotText),
      (#"{"more":["b"],"items":[2]}"#, .moreIsNotText),
      (#"{"items":[2],"more":"b","more":"c"}"#, .moreTwice),
    ]
    for (page, error) in cases {
      let first = play([page])
      #expect(first.end == .abort(error) && first.written.isEmpty && first.pages == 0)
      let second = play([#"{"items":[1],"more":"a"}"#, page])
      #expect(second.end == .abort(error) && second.text == #"{"items":[1"#, "\(page)")
      let lines = play(
        [#"{"items":[1],"more":"a"}"#, page], form: .lines, problem: #"{"status":502}"#)
      #expect(
        lines.text == "1\n"
          + #"{"_end":{"pages":1,"items":1,"complete":false,"more":"a","error":{"status":502}}}"#
          + "\n")
      #expect(error.name.description == "pages-malformed" && error.explanation.hasSuffix("."))
    }
  }

  @Test("An empty text as `more` leads on like any other: only its absence ends a list")
  func emptyMore() {
    let walk = play([#"{"items":[1],"more":""}"#, #"{"items":[2]}"#])
    #expect(walk.queries == ["more="] && walk.text == #"{"items":[1,2]}"#)
  }

  @Test("Bounds end the walk: of items and bytes before the page is written, of pages after it")
  func bounds() {
    let pages = [#"{"items":[1,2],"more":"a"}"#, #"{"items":[3,4],"more":"b"}"#, #"{"items":[5]}"#]
    var bounds = PageWalk.Bounds()
    bounds.items = 3
    let items = play(pages, form: .lines, bounds: bounds)
    #expect(items.end == .abort(.tooManyItems) && items.items == 2)
    #expect(items.text.contains(#""more":"a""#))
    bounds = PageWalk.Bounds()
    bounds.pages = 2
    let count = play(pages, form: .lines, bounds: bounds)
    #expect(count.end == .abort(.tooManyPages) && count.items == 4)
    #expect(count.text.contains(#""more":"b""#))
    #expect(play(Array(pages.prefix(1)) + [pages[2]], bounds: bounds).end == .finish)
    bounds = PageWalk.Bounds()
    bounds.pageBytes = 25
    #expect(play(pages, bounds: bounds).end == .abort(.pageTooLarge))
    bounds.pageBytes = 26
    #expect(play(pages, bounds: bounds).end == .finish)
    bounds.moreBytes = 0
    #expect(play(pages, bounds: bounds).end == .abort(.moreTooLong))
    for error in [PageWalkError.tooManyItems, .tooManyPages, .pageTooLarge, .moreTooLong] {
      #expect(error.name.description == "pages-bound" && error.explanation.hasSuffix("."))
    }
  }

  @Test("A page that begins again counts once, and what came of it before is forgotten")
  func again() {
    var walk = PageWalk(list: "items", form: .json, pages: nil)
    func give(_ text: String) -> PageWalkAction {
      let bytes = Array(text.utf8)
      return walk.received(bytes.span.bytesOfElements)
    }
    var written: [UInt8] = []
    #expect(give(#"{"items":[7"#) == .readOn)
    walk.beginPage()
    #expect(give(#"{"items":[1],"more":"a"}"#) == .readOn)
    #expect(walk.pageEnded() == .fetchNext && walk.outputByteCount == 11)
    for index in 0..<PageWalk.outputCount { written += walk.output(at: index).copied() }
    walk.beginPage()
    #expect(walk.outputByteCount == 0)
    #expect(give(#"{"items":[8,9"#) == .readOn)
    walk.beginPage()
    #expect(give(#"{"items":[2]}"#) == .readOn)
    #expect(walk.pageEnded() == .finish)
    for index in 0..<PageWalk.outputCount { written += walk.output(at: index).copied() }
    #expect(String(decoding: written, as: UTF8.self) == #"{"items":[1,2]}"#)
    #expect(walk.pages == 2 && walk.items == 2)
  }

  @Test("A walk that ends from outside writes nothing of the page under way")
  func abandoned() {
    var walk = PageWalk(list: "items", form: .lines, pages: nil)
    let page = Array(#"{"items":[1],"more":"a"}"#.utf8)
    #expect(walk.received(page.span.bytesOfElements) == .readOn)
    #expect(walk.pageEnded() == .fetchNext)
    walk.beginPage()
    #expect(walk.received(page.span.bytesOfElements.slice(0, 12)) == .readOn)
    walk.abandon()
    #expect(walk.outputByteCount == 0 && walk.hasContinuation)
    var end = ByteBuffer()
    walk.putBrokenEnd(problem: "null".utf8.span.bytesOfElements, into: &end)
    #expect(
      end.bytes.text
        == #"{"_end":{"pages":1,"items":1,"complete":false,"more":"a","error":null}}"# + "\n")
  }

  @Test("Memory is bounded by the largest page, not by the number of pages")
  func memory() {
    var walk = PageWalk(list: "items", form: .json, pages: nil)
    let padding = String(repeating: "x", count: 64 * 1024)
    for number in 0..<200 {
      walk.beginPage()
      let page = Array(#"{"items":["\#(padding)"],"more":"\#(number)"}"#.utf8)
      #expect(walk.received(page.span.bytesOfElements) == .readOn)
      #expect(walk.pageEnded() == .fetchNext)
      // A growing buffer doubles its size.
      #expect(walk.heldBytes <= 4 * page.count)
    }
    #expect(walk.items == 200)
  }

  @Test(
    "Pages of any shape, cut anywhere, make the list that Foundation reads from the pages one by one",
    arguments: 0..<16 as Range<UInt64>)
  func property(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    for _ in 0..<10 {
      let pages = RandomPages.make(Int.random(in: 1...5, using: &random), &random)
      let pieces = (0..<4).map { _ in Int.random(in: 1...50, using: &random) }
      let all = try pages.flatMap { page -> [NSObject] in
        let object = try JSONSerialization.jsonObject(with: Data(page)) as? [String: Any]
        return try #require(object?["items"] as? [NSObject])
      }
      let walk = PlayedWalk(pages, pieces: pieces)
      #expect(walk.end == .finish)
      let answer = try JSONSerialization.jsonObject(with: Data(walk.written)) as? [String: Any]
      #expect(answer?["items"] as? [NSObject] == all && answer?["more"] == nil)
      let lines = PlayedWalk(pages, form: .lines, pieces: pieces).lines
      let items = try lines.dropLast().map {
        try #require(
          JSONSerialization.jsonObject(with: Data($0), options: .fragmentsAllowed) as? NSObject)
      }
      #expect(items == all)
      let input = Array(pages.joined(separator: [0x1E]))
      #expect(PageWalkPromises.broken(input) == nil)
    }
  }
}

/// Pages that lead from one to the next, with members in any order.
private enum RandomPages {
  static func make(_ count: Int, _ random: inout SplitMix64) -> [[UInt8]] {
    (0..<count).map { number in
      var members = ["\"items\"\(blank(&random)):\(blank(&random))\(list(&random))"]
      if number < count - 1 { members.append("\"more\"\(blank(&random)):\"t\(number)=\"") }
      if Bool.random(using: &random) { members.append("\"total\":[\(number),{\"more\":\"x\"}]") }
      members.shuffle(using: &random)
      let text = members.map { blank(&random) + $0 + blank(&random) }.joined(separator: ",")
      return Array((blank(&random) + "{" + text + "}" + blank(&random)).utf8)
    }
  }

  private static func blank(_ random: inout SplitMix64) -> String {
    ["", "", " ", "\n", "\r\n  ", "\t"].randomElement(using: &random) ?? ""
  }

  private static func list(_ random: inout SplitMix64) -> String {
    let items = [
      "1", "-2.5", "true", "null", "\"\"", "\"a\\n\\\"]}\"", "[]", "{}", "[[1], 2]",
      "{\n\"more\":\"m\"}",
      "\"é😀\"", "{\"a\":{\"items\":[ ]},\r\n\"b\":\"x\"}",
    ]
    let chosen = (0..<Int.random(in: 0...5, using: &random)).map { _ in
      blank(&random) + (items.randomElement(using: &random) ?? "") + blank(&random)
    }
    return "[" + (chosen.isEmpty ? blank(&random) : chosen.joined(separator: ",")) + "]"
  }
}
