import System
import Testing

@Suite("Tables for people")
struct TextTableTests {
  private func table() -> TextTable {
    var table = TextTable([
      .init("NAME", least: 6), .init("PATH", least: 10), .init("APP", rank: 2),
      .init("BYTES", isRight: true, rank: 1), .init("NOTE", least: 8, wraps: true),
    ])
    table.append(["crm", "/api/v2/registrations/r-17", "main", "1", "all is well with it"])
    table.append(["a-long-caller", "/x", "-", "1200", "-"])
    return table
  }

  @Test("are whole where there is room, each column as wide as its widest cell")
  func whole() {
    let expected = """
      NAME           PATH                        APP   BYTES  NOTE
      crm            /api/v2/registrations/r-17  main      1  all is well with it
      a-long-caller  /x                          -      1200  -

      """
    #expect(table().text(in: .unlimited) == expected)
    #expect(table().text(in: .columns(200)) == expected)
    #expect(TextTable.Room(width: nil) == .unlimited && TextTable.Room(width: 9) == .columns(9))
  }

  @Test("are cut where there is less, and then say which columns are left out")
  func narrow() {
    #expect(
      table().text(in: .columns(54)) == """
        NAME          PATH          APP   BYTES  NOTE
        crm           /api/v2/reg…  main      1  all is well
                                                 with it
        a-long-call…  /x            -      1200  -

        """)
    #expect(
      table().text(in: .columns(40)) == """
        NAME       PATH        BYTES  NOTE
        crm        /api/v2/r…      1  all is
                                      well with
                                      it
        a-long-c…  /x           1200  -
        Columns left out: APP. --wide shows all.

        """)
  }

  @Test("fit every width from 40 on", arguments: 40...90)
  func widths(width: Int) {
    let lines = table().text(in: .columns(width)).split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= width })
    #expect(lines.allSatisfy { !$0.hasSuffix(" ") })
  }

  @Test("have something in them however narrow the terminal says it is", arguments: [-1, 0, 1, 39])
  func tooNarrow(width: Int) {
    #expect(table().text(in: .columns(width)) == table().text(in: .columns(40)))
  }

  @Test("keep their columns where rows come one after the other")
  func rowByRow() {
    let columns: [TextTable.Column] = [.init("PATH", least: 4), .init("ID")]
    let layout = TextTable(columns).layout(in: .columns(40), atLeast: [50, 8])
    var first = TextTable(columns)
    first.append(["/a", "1"])
    var second = TextTable(columns, hasHeader: false)
    second.append([String(repeating: "p", count: 60), "an id that is longer"])
    #expect(
      first.text(layout) + second.text(layout, colour: { _ in "<" })
        == """
        PATH                            ID
        /a                              1
        <\(String(repeating: "p", count: 29))…  an id that is longer\u{1B}[0m

        """)
  }

  @Test(
    "Times read as people write them",
    arguments: [
      (0, "0"), (-5, "0"), (1, "1 µs"), (999, "999 µs"), (1_000, "1.0 ms"), (3_249, "3.2 ms"),
      (9_949, "9.9 ms"), (9_950, "10 ms"), (12_400, "12 ms"), (999_499, "999 ms"),
      (999_500, "1.0 s"), (1_400_000, "1.4 s"), (9_949_999, "9.9 s"), (9_950_000, "10 s"),
      (75_000_000, "75 s"), (119_499_999, "119 s"), (119_500_000, "2 min"), (840_000_000, "14 min"),
      (7_169_000_000, "119 min"), (7_200_000_000, "2 h"), (19_200_000_000, "5 h 20 min"),
      (172_800_000_000, "2 d"), (273_600_000_000, "3 d 4 h"),
    ] as [(Int64, String)])
  func durations(microseconds: Int64, text: String) {
    #expect(DurationText.text(microseconds: microseconds) == text)
    #expect(DurationText.text(nanoseconds: microseconds * 1_000) == text)
  }

  @Test("A time that is not none is not written as none")
  func least() {
    #expect(DurationText.text(nanoseconds: 1) == "1 µs")
    #expect(DurationText.text(microseconds: .max) == "106751991 d 4 h")
  }
}
