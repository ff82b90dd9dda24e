/// The hosts of `NO_PROXY`, interpreted as by curl 7.86 and Go: entries separated by commas or blanks. Names are
/// compared as written and never resolved.
///
/// - `*` matches every host.
/// - `example.com` matches that host and its subdomains. A leading dot or `*.` and a trailing dot change nothing.
/// - `10.1.2.3`, `fd00::1` and `[fd00::1]` match that address, `10.0.0.0/8` matches a block of addresses.
/// - `:port` after a name, an IPv4 address or brackets restricts the entry to that port.
///
/// Any other entry matches nothing.
struct ProxyExceptions {
  private struct Entry {
    var host: Substring
    var port: UInt16?
    var block: AddressBlock?
  }

  private let coversAll: Bool
  private let entries: [Entry]

  init(_ text: String) {
    let words = text.lowercased().split { $0 == "," || $0 == " " || $0 == "\t" }
    coversAll = words.contains("*")
    entries = words.map(ProxyExceptions.entry)
  }

  private static func entry(_ word: Substring) -> Entry {
    if let block = AddressBlock(String(word)) { return Entry(host: word, block: block) }
    var host = word
    var port: UInt16?
    if let parts = hostAndPort(String(word)) {
      host = Substring(parts.host)
      port = parts.port
    }
    if let block = AddressBlock(String(host)) { return Entry(host: host, port: port, block: block) }
    if host.hasPrefix("*.") { host = host.dropFirst() }
    return Entry(host: plain(host.hasPrefix(".") ? host.dropFirst() : host), port: port)
  }

  private static func plain(_ host: Substring) -> Substring {
    host.hasSuffix(".") ? host.dropLast() : host
  }

  /// Whether connections to `host` at `port` bypass the proxy. `host` is in lower case and without brackets.
  func contain(_ host: String, port: UInt16) -> Bool {
    if coversAll { return true }
    let address = IPAddress(host)
    let name = ProxyExceptions.plain(host[...])
    return entries.contains { entry in
      if let wanted = entry.port, wanted != port { return false }
      if let address { return entry.block?.contains(address) ?? false }
      return entry.block == nil && !entry.host.isEmpty
        && (name == entry.host || name.hasSuffix(".\(entry.host)"))
    }
  }
}
