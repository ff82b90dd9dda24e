internal import System
internal import TrafficJournal

/// Prints calls in the forms of the `traffic` commands.
struct TrafficPrinter {
  let gateway: String
  /// Colours are for terminals, and not for those who do not want any (no-color.org).
  private let usesColours: Bool

  /// Columns of rows that come one after the other, so that they stand under each other.
  private static let followWidths = [18, 6, 6, 40, 22, 10, 8, 8, 8, 8]

  init(gateway: String) {
    self.gateway = gateway
    usesColours = StandardOutput.isTerminal && StandardOutput.wantsColours
  }

  func table(_ records: [CallRecord]) {
    print(text(records, header: true, widths: []), terminator: "")
  }

  /// Rows as they come; the header with the first.
  func rows(_ records: [CallRecord], header: Bool) {
    print(text(records, header: header, widths: TrafficPrinter.followWidths), terminator: "")
    Output.flush()
  }

  private func text(_ records: [CallRecord], header: Bool, widths: [Int]) -> String {
    let first = header ? [TrafficTable.header] : []
    return TrafficTable.text(
      first + records.map(TrafficTable.row), right: TrafficTable.right, atLeast: widths,
      colour: { row in
        let number = row - first.count
        return usesColours && number >= 0 ? TrafficPrinter.colour(records[number]) : nil
      })
  }

  /// Red for what failed, yellow for what was refused.
  private static func colour(_ record: CallRecord) -> String? {
    switch record.status {
    case 0, 500...: "\u{1B}[31m"
    case 400..<500: "\u{1B}[33m"
    default: nil
    }
  }

  func lines(_ records: [CallRecord]) {
    for record in records { print(record.line) }
    Output.flush()
  }

  func archive(_ records: [CallRecord]) {
    print(
      HARDocument.text(records, gateway: gateway, version: Version.text), terminator: "")
  }

  func commands(_ records: [CallRecord]) {
    for record in records {
      guard let command = CurlCommand.text(record, gateway: gateway) else {
        let reason = ReplayRule.objection(record) ?? ""
        print("# \(TrafficTable.shown(record.requestID)) cannot be repeated: \(reason)")
        continue
      }
      for line in CurlCommand.caveats(record) { print("# \(line)") }
      print(command)
    }
  }

  func show(_ records: [CallRecord], as output: TrafficOutput) {
    if output.har {
      archive(records)
    } else if output.curl {
      commands(records)
    } else if output.format == .json {
      lines(records)
    } else if records.isEmpty {
      print("There are no such calls.")
    } else {
      table(records)
    }
    Output.flush()
  }
}
