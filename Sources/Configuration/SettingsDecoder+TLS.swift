extension SettingsDecoder {
  /// The group `tls` of a listener or of the admin address; nil if it is absent or has problems.
  mutating func tls(_ listener: Section, _ address: ListenAddress) -> TLSSettings? {
    guard let section = listener.section("tls", Schema.tls, &problems) else { return nil }
    let client = section.choice(Keys.tlsClient, &problems)
    let minVersion = section.choice(Keys.tlsMinVersion, &problems)
    let certificate = certificateFile(section, "certificate", isRequired: true)
    let key = certificateFile(section, "key", isRequired: true)
    let clientCA = certificateFile(section, "clientCA")
    let clientCRL = certificateFile(section, "clientCRL")
    if case .unix = address {
      problems.add(
        section.place, section.path,
        "TLS is for an address that other machines reach, not for a Unix socket",
        hint: "remove the group, or listen on a TCP address")
    }
    if client != .none, section.node("clientCA") == nil {
      problems.add(
        section.place, section.path("clientCA"),
        "the CAs of clients' certificates are required with client: \(client.rawValue)",
        hint: "for example clientCA: {file: /etc/scorm-gateway/clients.pem}")
    }
    if client == .none {
      for name in ["clientCA", "clientCRL"] where section.node(name) != nil {
        problems.add(
          section.place(of: name), section.path(name), "clients are not asked for a certificate",
          hint: "add client: required, or client: optional; or remove the key")
      }
    }
    if let key, CertificateFile.isOpen(key) {
      problems.warn(
        section.place(of: "key"), section.path("key"),
        "every user of this machine can read the private key", hint: "chmod 600 it")
    }
    guard let certificate, let key else { return nil }
    return TLSSettings(
      certificate: certificate, key: key, clientCA: clientCA, clientCRL: clientCRL, client: client,
      minVersion: minVersion)
  }

  /// The path of a file that is read again whenever it changes.
  private mutating func certificateFile(
    _ section: Section, _ key: String, isRequired: Bool = false
  ) -> String? {
    let example = "for example \(key): {file: /etc/scorm-gateway/\(key).pem}"
    guard let node = section.node(key) else {
      if isRequired {
        problems.add(section.place, section.path(key), "a file is required", hint: example)
      }
      return nil
    }
    if case .refused = node.content { return nil }
    guard case .mapping(let members) = node.content, members.count == 1,
      ["file", "credential"].contains(members[0].key)
    else {
      problems.add(
        node.place, section.path(key), "expected {file: PATH} or {credential: NAME}", hint: example)
      return nil
    }
    guard let reference = SecretReference(node, at: section.path(key), &problems) else {
      return nil
    }
    guard let path = reference.file(environment, folder: folder) else {
      problems.add(
        node.place, section.path(key),
        "there are no credentials: the environment variable CREDENTIALS_DIRECTORY is not set, or no "
          + "absolute path",
        hint: "systemd sets it for a unit with LoadCredential=NAME:PATH; elsewhere use {file: PATH}"
      )
      return nil
    }
    return path
  }

  // MARK: Names in certificates

  private static let maximumName = 2_048

  /// The name under `match.certificate`.
  mutating func certificate(
    _ match: Section, _ listeners: [Sourced<Listener>]
  ) -> CallerMatch.Certificate? {
    guard let section = match.section("certificate", Schema.callerCertificate, &problems) else {
      return nil
    }
    if !listeners.contains(where: { $0.value.tls?.asksClients ?? false }) {
      problems.warn(
        section.place, section.path,
        "no connection has a certificate, because no listener asks for one",
        hint: "see listen[].tls.client")
    }
    let uri = section.text("uri", example: "spiffe://corp.example/crm", &problems)
    let dns = section.text("dns", example: "crm.internal", &problems)
    switch (uri, dns) {
    case (let word?, nil): return self.uri(word).map { .uri($0) }
    case (nil, let word?): return self.dnsName(word).map { .dns($0) }
    case (nil, nil) where section.node("uri") == nil && section.node("dns") == nil:
      problems.add(
        section.place, section.path, "a name is required",
        hint: "uri: spiffe://corp.example/crm, or dns: crm.internal")
    case (nil, nil): break
    case (.some, .some):
      problems.add(
        section.place, section.path, "a caller has one name", hint: "remove uri or dns")
    }
    return nil
  }

  private mutating func uri(_ word: Word) -> String? {
    let bytes = word.text.utf8
    if bytes.contains(UInt8(ascii: "*")) {
      problems.add(
        word.place, word.path, "patterns are not supported, found \(word.quoted)",
        hint: "write the full URI, one caller for each")
      return nil
    }
    guard bytes.count <= SettingsDecoder.maximumName,
      bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
      let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon != bytes.startIndex
    else {
      problems.add(
        word.place, word.path, "expected a URI, found \(word.quoted)",
        hint: "for example spiffe://corp.example/crm, as it is in the certificate")
      return nil
    }
    return word.text
  }

  private mutating func dnsName(_ word: Word) -> String? {
    var hint = "for example crm.internal, as it is in the certificate"
    if word.text.utf8.contains(UInt8(ascii: "*")) {
      hint = "wildcards match nothing; write the full name, one caller for each"
    } else if !word.text.utf8.allSatisfy({ $0 < 0x80 }) {
      hint = "write it as certificates do, in its ASCII form that begins with xn--"
    }
    let labels = word.text.utf8.split(
      separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let isName = labels.allSatisfy { label in
      (1...63).contains(label.count)
        && label.allSatisfy { byte in
          (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
    }
    guard isName, word.text.utf8.count <= 253 else {
      problems.add(
        word.place, word.path, "expected a DNS name, found \(word.quoted)", hint: hint)
      return nil
    }
    return word.text.lowercased()
  }

  /// Reports certificate names that belong to more than one caller.
  mutating func refuseSharedNames(_ callers: [Sourced<Caller>]) {
    for (index, caller) in callers.enumerated() {
      guard let name = caller.value.match?.certificate,
        let other = callers[..<index].first(where: { $0.value.match?.certificate == name })
      else { continue }
      problems.add(
        caller.section.place(of: "match"), caller.section.path("match.certificate"),
        "\(name.text) is already the name of \(other.value.name)",
        hint: "give each caller a certificate of its own")
    }
  }
}
