extension SettingsDecoder {
  mutating func upstream(_ root: Section) -> UpstreamSettings {
    let section = self.section("upstream", Schema.upstream, of: root)
    let published = EndpointURL.scormCloud
    let url = self.url(section, "url") ?? published
    return UpstreamSettings(
      url: url,
      connectTimeout: section.value(Keys.connectTimeout, &problems) ?? .seconds(3),
      responseTimeout: section.value(Keys.responseTimeout, &problems) ?? .seconds(60),
      idleTimeout: section.value(Keys.idleTimeout, &problems) ?? .seconds(60),
      maxConnections: section.value(Keys.maxConnections, &problems) ?? 256,
      proxy: proxy(section, for: url),
      caFile: caFile(section))
  }

  /// The URL under `key`: https, or http to this machine.
  mutating func url(_ section: Section, _ key: String) -> EndpointURL? {
    guard let word = section.text(key, example: Keys.upstreamURL, &problems) else { return nil }
    let hint = "for example \(key): \(Keys.upstreamURL)"
    do {
      let url = try EndpointURL(parsing: word.text)
      if url.scheme == .http, !url.isLoopback {
        problems.add(
          word.place, word.path, "credentials would travel unencrypted over http",
          hint: "use https; http is for localhost, 127.0.0.0/8 and [::1] only")
      }
      return url
    } catch {
      problems.add(word.place, word.path, "no usable URL: \(error.reason)", hint: hint)
      return nil
    }
  }

  private mutating func caFile(_ section: Section) -> String? {
    guard let word = section.text("caFile", example: "/etc/ssl/certs/internal.pem", &problems),
      let path = filePath(word)
    else { return nil }
    if let reason = FileContents.isReadable(path) {
      problems.add(
        word.place, word.path, "the file \(KeyPathText.shown(word.text)) is not readable: \(reason)"
      )
    }
    return path
  }

  /// The proxy that is set; without the key the one from `HTTPS_PROXY`, as curl reads it.
  private mutating func proxy(_ section: Section, for url: EndpointURL) -> ProxyAddress? {
    if let word = section.text("proxy", example: "http://proxy.internal:3128", &problems) {
      return word.text == "none" ? nil : proxy(word)
    }
    // Curl consults HTTPS_PROXY for https only, and this project speaks http to loopback only.
    guard url.scheme == .https else { return nil }
    for (proxies, exceptions) in [("HTTPS_PROXY", "NO_PROXY"), ("https_proxy", "no_proxy")] {
      guard let text = environment.value(proxies) else { continue }
      let excluded =
        environment.value(exceptions) ?? environment.value(exceptions.lowercased()) ?? ""
      if ProxyExceptions(excluded).contain(url.host) { return nil }
      let place = Place(.environment(proxies))
      return proxy(Word(text: text, place: place, path: "upstream.proxy"))
    }
    return nil
  }

  private mutating func proxy(_ word: Word) -> ProxyAddress? {
    let hint = "as in http://proxy.internal:3128, or none"
    do {
      // Curl takes a proxy without a scheme for an http one.
      let text = word.text.contains("://") ? word.text : "http://\(word.text)"
      let url = try EndpointURL(parsing: text)
      if url.scheme == .http, url.path.isEmpty {
        return ProxyAddress(host: url.host, port: url.port)
      }
      problems.add(
        word.place, word.path,
        url.scheme == .http ? "a path has no place in it" : "a proxy is spoken to in plain http",
        hint: hint)
    } catch {
      problems.add(word.place, word.path, "no usable proxy: \(error.reason)", hint: hint)
    }
    return nil
  }
}

/// The hosts of `NO_PROXY`, by curl's rules: a comma-separated list of hosts that also cover their
/// subdomains, a leading dot ignored; `*` covers everything.
struct ProxyExceptions {
  private let hosts: [String]

  init(_ text: String) {
    hosts = text.lowercased().split { $0 == "," || $0 == " " }.map { entry in
      String(entry.hasPrefix(".") ? entry.dropFirst() : entry)
    }
  }

  func contain(_ host: String) -> Bool {
    hosts.contains { $0 == "*" || $0 == host || host.hasSuffix(".\($0)") }
  }
}

extension EndpointURL {
  /// SCORM Cloud's API v2: ``Keys/upstreamURL`` as a value.
  static let scormCloud = EndpointURL(
    scheme: .https, host: "cloud.scorm.com", port: 443, path: "/api/v2")
}
