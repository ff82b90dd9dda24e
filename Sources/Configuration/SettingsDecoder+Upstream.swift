extension SettingsDecoder {
  mutating func upstream(_ root: Section) -> UpstreamSettings {
    let section = self.section("upstream", Schema.upstream, of: root)
    let published = EndpointURL.scormCloud
    let url = self.url(section, "url") ?? published
    return UpstreamSettings(
      url: url,
      connectTimeout: section.value(Keys.connectTimeout, &problems),
      responseTimeout: section.value(Keys.responseTimeout, &problems),
      idleTimeout: section.value(Keys.idleTimeout, &problems),
      maxConnections: section.value(Keys.maxConnections, &problems),
      proxy: proxy(section, for: url),
      caFile: caFile(section),
      masksReflected: section.flag("maskReflected", absent: true, &problems))
  }

  /// The URL under `key`, which must be https, or http to this machine.
  mutating func url(_ section: Section, _ key: String) -> EndpointURL? {
    guard let word = section.text(key, example: Keys.upstreamURL, &problems) else { return nil }
    let hint = "for example \(key): \(Keys.upstreamURL)"
    do {
      let url = try EndpointURL(parsing: word.text)
      if url.scheme == .http, !url.isLoopback {
        problems.add(
          word.place, word.path, "credentials would be sent unencrypted over http",
          hint: "use https; http is for localhost, 127.0.0.0/8 and [::1] only")
      }
      return url
    } catch {
      problems.add(word.place, word.path, "not a valid URL: \(error.reason)", hint: hint)
      return nil
    }
  }

  private mutating func caFile(_ section: Section) -> String? {
    guard let word = section.text("caFile", example: "/etc/ssl/certs/internal.pem", &problems)
    else {
      // OpenSSL opens this file itself and would wait at a FIFO.
      let variable = "SSL_CERT_FILE"
      if let path = environment.value(variable), FileContents.isFIFO(path) {
        problems.add(
          Place(.environment(variable)), "", "\(KeyPathText.shown(path)) is not a regular file",
          hint: "name a file of certificates (PEM), or unset the variable")
      }
      return nil
    }
    guard let path = filePath(word) else { return nil }
    if let reason = FileContents.objection(to: path) {
      problems.add(
        word.place, word.path, "the file \(KeyPathText.shown(word.text)) is not readable: \(reason)"
      )
    }
    return path
  }

  /// The configured proxy. Without the key, the proxy from `HTTPS_PROXY`, as curl reads it.
  private mutating func proxy(_ section: Section, for url: EndpointURL) -> ProxyAddress? {
    if let word = section.text("proxy", example: "http://proxy.internal:3128", &problems) {
      return word.text == "none" ? nil : proxy(word)
    }
    // curl uses HTTPS_PROXY for https only, and the gateway uses http to loopback only.
    guard url.scheme == .https else { return nil }
    for (proxies, exceptions) in [("HTTPS_PROXY", "NO_PROXY"), ("https_proxy", "no_proxy")] {
      guard let text = environment.value(proxies) else { continue }
      let excluded =
        environment.value(exceptions) ?? environment.value(exceptions.lowercased()) ?? ""
      if ProxyExceptions(excluded).contain(url.host, port: url.port) { return nil }
      let place = Place(.environment(proxies))
      return proxy(Word(text: text, place: place, path: "upstream.proxy"))
    }
    return nil
  }

  private mutating func proxy(_ word: Word) -> ProxyAddress? {
    let hint = "as in http://proxy.internal:3128, or none"
    if let scheme = otherScheme(word.text) {
      problems.add(
        word.place, word.path, "a proxy of the kind \(scheme):// is not supported",
        hint: "only HTTP proxies that support CONNECT are, as in http://proxy.internal:3128; "
          + "upstream.proxy: none uses no proxy")
      return nil
    }
    do {
      // curl treats a proxy without a scheme as an http proxy.
      let text = word.text.contains("://") ? word.text : "http://\(word.text)"
      let url = try EndpointURL(parsing: text)
      if url.path.isEmpty {
        return ProxyAddress(host: url.host, port: url.port)
      }
      problems.add(word.place, word.path, "it must not contain a path", hint: hint)
    } catch {
      problems.add(word.place, word.path, "not a valid proxy: \(error.reason)", hint: hint)
    }
    return nil
  }

  /// The scheme of a proxy's URL if it is not http, such as socks5h or https. The rest of the URL is not shown, because
  /// it may contain a password.
  private func otherScheme(_ text: String) -> Substring? {
    guard let end = text.firstRange(of: "://")?.lowerBound else { return nil }
    let scheme = text[..<end]
    return scheme.lowercased() == "http" || scheme.isEmpty
      || !scheme.utf8.allSatisfy(isLetterOrDigit) ? nil : scheme
  }
}

extension EndpointURL {
  /// The URL of SCORM Cloud's API v2: ``Keys/upstreamURL`` as a value.
  static let scormCloud = EndpointURL(
    scheme: .https, host: "cloud.scorm.com", port: 443, path: "/api/v2")
}
