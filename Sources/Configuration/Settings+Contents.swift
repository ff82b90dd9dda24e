extension Settings {
  /// A summary for people: `2 apps, 3 callers, 1 limit`.
  package var contents: String {
    [(apps.count, "app"), (callers.count, "caller"), (limits.count, "limit")]
      .map { count, noun in "\(count) \(noun)\(count == 1 ? "" : "s")" }
      .joined(separator: ", ")
  }
}
