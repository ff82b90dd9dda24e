internal import HTTPMessages

extension SettingsDecoder {
  private static let maximumListeners = 16
  private static let maximumHosts = 64
  private static let defaultSocketMode: UInt16 = 0o660

  /// The settings that `listen[]` and `admin` have in common.
  private struct Common {
    var address: ListenAddress
    var socketMode: UInt16
    var allowRemote: Bool
    var allowedHosts: [String]
    var tls: TLSSettings?
  }

  mutating func listeners(_ root: Section) -> [Sourced<Listener>] {
    let empty = Section(emptyAt: "listen[0]", root.place(of: "listen"))
    let sections = root.sections(
      "listen", Schema.listener, limit: SettingsDecoder.maximumListeners, &problems)
    if let node = root.node("listen"), case .sequence(let elements) = node.content,
      elements.isEmpty
    {
      problems.add(
        node.place, "listen", "at least one address is needed",
        hint: "leave the key out for \(Keys.listenAddress)")
    }
    var listeners: [Sourced<Listener>] = []
    var names: [String: Int] = [:]
    for section in sections ?? [empty] {
      let common = self.common(section, defaultAddress: Keys.listenAddress)
      let caller = section.text("caller", example: "crm", &problems)?.text
      refuseDuplicate(common.address, section, among: listeners.map(\.value.address))
      listeners.append(
        Sourced(
          value: Listener(
            name: listenerName(section, &names) ?? common.address.description,
            address: common.address, socketMode: common.socketMode,
            allowRemote: common.allowRemote, allowedHosts: common.allowedHosts, caller: caller,
            tls: common.tls),
          section: section))
    }
    return listeners
  }

  /// The name under which a supervisor passes the listener's socket; nil if there is none.
  private mutating func listenerName(_ section: Section, _ taken: inout [String: Int]) -> String? {
    guard section.node("name") != nil else { return nil }
    let name = self.name(section, example: "public", &taken)
    if name == Keys.adminSocketName {
      problems.add(
        section.place(of: "name"), section.path("name"),
        "\"\(Keys.adminSocketName)\" is the name of the admin address's socket",
        hint: "choose another")
    }
    return name
  }

  mutating func admin(_ root: Section, besides listeners: [Sourced<Listener>]) -> AdminSettings? {
    if root.isNull("admin") { return nil }
    let section = self.section("admin", Schema.admin, of: root)
    if section.isNull("address") { return nil }
    let common = self.common(section, defaultAddress: Keys.adminAddress)
    refuseDuplicate(common.address, section, among: listeners.map(\.value.address))
    return AdminSettings(
      address: common.address, socketMode: common.socketMode, allowRemote: common.allowRemote,
      allowedHosts: common.allowedHosts,
      actions: section.flag("actions", absent: common.address.isLocal, &problems),
      tls: common.tls)
  }

  private mutating func common(_ section: Section, defaultAddress: String) -> Common {
    var address = ListenAddress(defaultAddress) ?? .tcp(host: "127.0.0.1", port: 0)
    if let word = section.text("address", example: defaultAddress, &problems) {
      if let parsed = ListenAddress(word.text) {
        address = parsed
      } else {
        problems.add(
          word.place, word.path, "expected \(ListenAddress.expectation), found \(word.quoted)",
          hint: word.text.hasPrefix(":") || word.text.hasPrefix("*")
            ? "name the address to bind, as in \(defaultAddress)" : "")
      }
    }
    let allowRemote = section.flag("allowRemote", &problems)
    let tls = self.tls(section, address)
    if !address.isLocal, !allowRemote {
      problems.add(
        section.place(of: "address"), section.path("address"),
        tls?.client == .required
          ? "other machines can reach \(address)"
          : "other machines can reach \(address), and callers need no credentials here",
        hint: "bind a loopback address or a Unix socket, or set allowRemote: true")
    }
    return Common(
      address: address, socketMode: socketMode(section, address), allowRemote: allowRemote,
      allowedHosts: allowedHosts(section), tls: tls)
  }

  private mutating func socketMode(_ section: Section, _ address: ListenAddress) -> UInt16 {
    guard let word = section.text("mode", example: "\"0660\"", &problems) else {
      return SettingsDecoder.defaultSocketMode
    }
    guard (3...4).contains(word.text.utf8.count),
      word.text.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
      let mode = UInt16(word.text, radix: 8), mode <= 0o777
    else {
      problems.add(
        word.place, word.path,
        "expected permission bits in octal, \"0000\" to \"0777\", found \(word.quoted)",
        hint: "for example mode: \"0660\"")
      return SettingsDecoder.defaultSocketMode
    }
    if case .tcp = address {
      problems.add(word.place, word.path, "only a Unix socket has a mode", hint: "remove the key")
    }
    return mode
  }

  private mutating func allowedHosts(_ section: Section) -> [String] {
    let words = section.words(
      "allowedHosts", limit: SettingsDecoder.maximumHosts,
      example: "allowedHosts: [scorm-gateway.internal]", &problems)
    var hosts: [String] = []
    for word in words ?? [] {
      if word.text == HostAllowList.everything {
        problems.warn(
          word.place, word.path, "any Host is accepted",
          hint:
            "a web page whose name was rebound to this address can call the gateway; name the hosts"
        )
        hosts.append(word.text)
        continue
      }
      // The same grammar as the header field's (RFC 9110 section 7.2), so that every listed value can match.
      guard HostAllowList.isEntry(word.text) else {
        problems.add(
          word.place, word.path, "expected a host, or host:port, found \(word.quoted)",
          hint: SettingsDecoder.hostHint(word.text))
        continue
      }
      hosts.append(word.text.lowercased())
    }
    return hosts
  }

  private static func hostHint(_ text: String) -> String {
    if text.contains("://") { return "leave out the scheme and what follows the host" }
    if IPAddress(text)?.isV6 == true { return "put an IPv6 address in brackets: \"[\(text)]\"" }
    return "for example scorm-gateway.internal; patterns are not supported"
  }

  private mutating func refuseDuplicate(
    _ address: ListenAddress, _ section: Section, among others: [ListenAddress]
  ) {
    guard let other = others.first(where: address.overlaps) else { return }
    problems.add(
      section.place(of: "address"), section.path("address"),
      other == address
        ? "\(address) is listened on twice" : "\(address) is already listened on, by \(other)",
      hint: "give one of them another port")
  }

  /// Checks that the callers that listeners name exist.
  mutating func checkListeners(
    _ listeners: [Sourced<Listener>], name callers: [Sourced<Caller>]
  ) {
    let names = callers.map(\.value.name)
    for listener in listeners {
      guard let caller = listener.value.caller, !names.contains(caller) else { continue }
      problems.add(
        listener.section.place(of: "caller"), listener.section.path("caller"),
        "no caller is called \"\(KeyPathText.shown(caller))\"",
        hint: ClosestName.hint(for: caller, among: names))
    }
  }
}
