internal import System
internal import TrafficJournal

/// Prints calls in the forms of the `traffic` commands.
struct TrafficPrinter {
  let gateway: String
  /// Whether to use colours: only on terminals, and not if the user opts out (no-color.org).
  private let usesColours: Bool

  init(gateway: String) {
    self.gateway = gateway
    usesColours = StandardOutput.isTerminal && StandardOutput.wantsColours
  }

  func table(_ records: [CallRecord], in room: TextTable.Room) {
    let table = TrafficTable.table(records)
    print(table.text(in: room, colour: { colour(records[$0]) }), terminator: "")
  }

  /// Prints rows as they come, with the header before the first.
  func rows(_ records: [CallRecord], _ layout: TextTable.Layout, header: Bool) {
    let table = TrafficTable.table(records, hasHeader: header)
    print(table.text(layout, colour: { colour(records[$0]) }), terminator: "")
    Output.flush()
  }

  /// Red for failed calls, yellow for refused ones.
  private func colour(_ record: CallRecord) -> String? {
    guard usesColours else { return nil }
    return switch record.status {
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
      print("No calls match.")
    } else {
      table(records, in: output.table.room)
    }
    Output.flush()
  }
}
