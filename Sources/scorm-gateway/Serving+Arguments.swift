/// Parses `serve` as supervisors and containers call it.
extension Serving {
  /// Reads `serve`, with `-c FILE` or `--config FILE` and `--threads N` at most once each, in any order.
  ///
  /// The argument parser reads the same, but needs 8 million instructions to learn the whole command line by
  /// reflection. All the rest of a start takes 24 million. Everything that is not plainly of this form, including
  /// requests for help and mistakes, is left to the argument parser.
  ///
  /// - Parameter arguments: the arguments without the program's name.
  /// - Returns: nil for everything else.
  init?(plainly arguments: ArraySlice<String>) {
    guard arguments.first == "serve" else { return nil }
    var rest = arguments.dropFirst()
    while let name = rest.popFirst() {
      guard let value = rest.popFirst(), !value.isEmpty, !value.hasPrefix("-") else { return nil }
      switch name {
      case "-c" where file == nil, "--config" where file == nil: file = value
      case "--threads" where threads == nil:
        guard let count = Int(value), Self.threadCounts.contains(count) else { return nil }
        threads = count
      default: return nil
      }
    }
  }
}
