internal import Configuration
internal import SCORMCloudAPI
internal import System
internal import TextCoding

/// The text for people: YAML with comments, and what it would change.
extension PolicySuggestion {
  /// The `callers:` section of a configuration.
  package var yaml: String {
    var text = head
    let shown = callers.filter { !$0.isEmpty }
    text += shown.isEmpty ? "callers: []\n" : "callers:\n"
    for caller in shown {
      let lines = CallerLines(caller, comment: PolicySuggestion.comment)
      for line in lines.lines { text += PolicySuggestion.commented(line) + "\n" }
      for remark in remarks(caller) { text += "    # \(remark)\n" }
    }
    for caller in callers where caller.isEmpty {
      text += "# Nothing is suggested for \(caller.name): \(emptiness(caller))\n"
      for remark in remarks(caller) { text += "#   \(remark)\n" }
    }
    return text
  }

  /// The current callers compared with the suggested ones: a line to remove begins with `-`, a line to add with `+`.
  package var diff: String {
    var text = head + "--- callers, as they are\n+++ callers, as suggested\n"
    for caller in callers {
      guard !caller.isEmpty else {
        text += "# Nothing is suggested for \(caller.name): \(emptiness(caller))\n"
        continue
      }
      let unused = Dictionary(
        caller.unused.map { ($0.text, $0) }, uniquingKeysWith: { first, _ in first })
      let old = caller.present.map { present in
        CallerLines(present) { text in unused[text].map(PolicySuggestion.text) }.lines
      }
      let new = CallerLines(caller, comment: PolicySuggestion.comment).lines
      for change in LineChanges.between(old?.map(\.text) ?? [], new.map(\.text)) {
        switch change {
        case .removed(let index): text += "-" + PolicySuggestion.commented(old?[index]) + "\n"
        case .added(let index): text += "+" + PolicySuggestion.commented(new[index]) + "\n"
        case .kept(let index): text += " " + PolicySuggestion.commented(new[index]) + "\n"
        }
      }
      // What is not used is shown by the removed lines.
      for remark in remarks(caller, tellsUnused: false) { text += "#    \(remark)\n" }
    }
    return text
  }

  private static func commented(_ line: CallerLines.Line?) -> String {
    guard let line else { return "" }
    return line.comment.map { "\(line.text)  # \($0)" } ?? line.text
  }

  private static func comment(_ grant: Grant) -> String {
    var texts: [String] = []
    if grant.succeeded.calls > 0 { texts.append(calls(grant.succeeded)) }
    if grant.refused.calls > 0 {
      texts.append(
        texts.isEmpty
          ? "refused so far, \(calls(grant.refused))" : "refused \(grant.refused.calls) times")
    }
    if grant.denied.calls > 0 {
      texts.append("would have been denied \(grant.denied.calls) times")
    }
    return (grant.isNew ? "NEW: " : "") + texts.joined(separator: "; ")
  }

  /// `1204 calls, last 2026-11-29T10:12:01Z`.
  private static func calls(_ count: CallTally.Count) -> String {
    "\(count.calls) \(count.calls == 1 ? "call" : "calls"), last \(instant(count.last))"
  }

  /// `2026-11-24T07:01:33Z`.
  static func instant(_ nanoseconds: Int64) -> String {
    CalendarTime(secondsSince1970: Int(max(0, nanoseconds) / 1_000_000_000)).stamp + "Z"
  }

  // MARK: Comments of the whole

  private var head: String {
    let range = tally.first.map { _ in
      "\(tally.calls) calls, \(PolicySuggestion.instant(max(tally.since, tally.first ?? 0))) to "
        + PolicySuggestion.instant(tally.last)
    }
    var lines = [
      "Least rights for \(range ?? "no call"). Review it before you use it.",
      wish.includesDestructive
        ? "Operations that delete something are included (--include-destructive)."
        : "Operations that delete something are left out; --include-destructive suggests them too.",
    ]
    if wish.excludesRefused {
      lines.append("Operations that were refused so far are left out (--exclude-refused).")
    }
    return (lines + warnings.map { "Warning: \($0)" }).map { "# \($0)\n" }.joined()
  }

  /// Why the suggestion may be incomplete.
  package var warnings: [String] {
    var warnings: [String] = []
    if covered < PolicySuggestion.enoughTime {
      warnings.append(
        "the record covers \(DurationText.text(nanoseconds: covered)) of this time; what callers do "
          + "once a week or a month may be missing")
    }
    if tally.calls < PolicySuggestion.enoughCalls {
      warnings.append("only \(tally.calls) calls are recorded; rare ones may be missing")
    }
    if tally.malformed > 0 {
      warnings.append("\(tally.malformed) records could not be read")
    }
    return warnings
  }

  // MARK: Comments of a caller

  private func emptiness(_ caller: Caller) -> String {
    let isSilent =
      caller.destructive.isEmpty && caller.askedFor.isEmpty && caller.outOfReach.isEmpty
    return isSilent
      ? "it made no call that succeeded or was refused by policy" : "see the remarks"
  }

  private func remarks(_ caller: Caller, tellsUnused: Bool = true) -> [String] {
    var remarks: [String] = []
    if !caller.isEmpty, caller.present == nil {
      remarks.append(
        settings == nil
          ? "say how to identify it: match, or listen[].caller"
          : "not configured so far; say how to identify it: match, or listen[].caller")
    }
    if !caller.scopes.isEmpty {
      remarks.append("scopes: \(caller.scopes.joined(separator: " "))")
    }
    if !caller.isEmpty, caller.isReadOnly, caller.mode != .readOnly {
      remarks.append("all of these read; mode \(caller.mode.rawValue) is kept")
    } else if !caller.isReadOnly, caller.mode != .normal {
      remarks.append("mode \(caller.mode.rawValue) is kept, so its writes stay refused")
    }
    for unused in caller.unused where tellsUnused {
      remarks.append("granted: \(unused.text): \(PolicySuggestion.text(unused))")
    }
    for (title, rows) in [
      ("left out, it deletes something", caller.destructive),
      ("left out, refused so far", caller.askedFor),
    ] {
      for row in rows {
        remarks.append(
          "\(title): \(row.operation) on \(row.app), \(PolicySuggestion.calls(row.calls))")
      }
    }
    for row in caller.outOfReach {
      remarks.append(
        "no grant allows \(row.operation) on \(row.app), \(PolicySuggestion.calls(row.calls)): "
          + row.reason)
    }
    return remarks
  }

  private static func text(_ unused: Unused) -> String {
    if let used = unused.used { return "\(used.used) of its \(used.all) operations are used" }
    return unused.last.map { "not used; last \(instant($0))" } ?? "not used; no recorded call"
  }
}
