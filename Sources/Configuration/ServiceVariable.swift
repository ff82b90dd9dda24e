/// Recognizes variables that Kubernetes, and Docker for linked containers, set in every container to describe a
/// service's address. If the service's name begins like our variables, they look like settings, but are unrelated to
/// this configuration.
///
/// They are recognized by the end of the name and by the form of the value. A misspelt setting has neither.
enum ServiceVariable {
  /// Whether a variable with this name and value describes a service's address.
  ///
  /// - Parameter name: the name without our variables' prefix: `SERVICE_HOST`, `METRICS_PORT_9901_TCP_ADDR`.
  static func isOne(_ name: Substring, value: String) -> Bool {
    let words = name.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
    for start in words.indices {
      // The service's own name may contain any of these words.
      if isForm(words[start...], value) { return true }
    }
    return false
  }

  private static func isForm(_ words: ArraySlice<String>, _ value: String) -> Bool {
    var rest = words
    switch rest.popFirst() {
    case "SERVICE":
      switch rest.popFirst() {
      case "HOST": return rest.isEmpty && IPAddress(value) != nil
      // A named port also has a variable with its name: SERVICE_PORT_HTTP_METRICS.
      case "PORT": return isPort(value)
      default: return false
      }
    case "PORT":
      guard let number = rest.popFirst() else { return isURL(value) }
      guard isPort(number), let transport = rest.popFirst(), transports.contains(transport) else {
        return false
      }
      switch rest.popFirst() {
      case nil: return isURL(value)
      case "PROTO": return rest.isEmpty && transports.contains(value.uppercased())
      case "ADDR": return rest.isEmpty && IPAddress(value) != nil
      // For a range of ports, Docker gives the first and the last.
      case "PORT": return isPort(value)
      case "START", "END": return isURL(value) || isPort(value)
      default: return false
      }
    // Docker's links: `/web/scorm-gateway`, and the other container's variables with any value.
    case "NAME": return rest.isEmpty && value.hasPrefix("/")
    case "ENV": return !rest.isEmpty
    default: return false
    }
  }

  private static let transports = ["TCP", "UDP", "SCTP"]

  private static func isPort(_ text: String) -> Bool {
    (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
      && UInt16(text) != nil
  }

  /// `tcp://10.0.0.1:8080`
  private static func isURL(_ text: String) -> Bool {
    transports.contains { transport in
      let scheme = transport.lowercased() + "://"
      return text.hasPrefix(scheme)
        && hostAndPort(String(text.dropFirst(scheme.count)))?.port != nil
    }
  }
}
