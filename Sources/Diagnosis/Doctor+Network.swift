internal import Configuration
internal import CurlTransport
internal import Gateway
internal import HTTPMessages
internal import Memory
internal import Rules
internal import System
internal import TokenFetching

/// Checks over the network.
extension Doctor {
  /// Seconds of difference that the resolution of `Date` and the round trip can explain.
  static let slightSkew = 5
  /// Seconds of difference beyond which tokens that end at a time of day (`tokens.endpoint: appManagement`) are
  /// useless.
  static let largeSkew = 300
  /// How long before a certificate's end an operator should look, in seconds.
  static let certificateNotice: Int64 = 14 * 86_400

  /// Checks the connections first, and then concurrently what needs them.
  func network(_ settings: Settings) -> [Finding] {
    var tokens = Roster(settings).tokenService
    tokens.connectTimeout = min(tokens.connectTimeout, timeout)
    tokens.totalTimeout = timeout
    let targets = Doctor.targets(settings, tokens)
    var findings: [Finding] = []
    var unreachable: Set<String> = []
    if wants(.connection) {
      for (target, found) in zip(
        targets,
        SideBySide.map(targets) { target in
          timed { connection(target, settings) }
        })
      {
        findings += found
        if found.contains(where: { $0.result == .failure }) { unreachable.insert(target.authority) }
      }
    }
    let upstream = targets[0]
    let isUpstreamAway = unreachable.contains(upstream.authority)
    if wants(.clock) {
      findings +=
        isUpstreamAway
        ? [.skipped(.clock, "\(upstream.authority) cannot be reached")]
        : timed { [clockFinding(upstream)] }
    }
    guard wants(.tokens) || wants(.ping) else { return findings }
    guard !unreachable.contains(HTTPAddress.authority(of: tokens.place.url)) else {
      return findings + [
        .skipped(.tokens, "the token endpoint cannot be reached"),
        .skipped(.ping, "there is no token"),
      ]
    }
    let fetched = fetchTokens(settings, tokens)
    findings += fetched.findings
    guard wants(.ping) else { return findings }
    return findings
      + (isUpstreamAway
        ? [.skipped(.ping, "\(upstream.authority) cannot be reached")]
        : ping(upstream, fetched.tokens))
  }

  /// A server to check.
  struct Target: Sendable {
    let url: String
    let proxy: String?
    let caFile: String?
    var authority: String { HTTPAddress.authority(of: url) }
    var isTLS: Bool { HTTPAddress.scheme(of: url) == "https" }
  }

  /// SCORM Cloud first, then the token endpoint if it is a different server.
  private static func targets(
    _ settings: Settings, _ tokens: TokenServiceSettings
  ) -> [Target] {
    let url = settings.upstream.url.description
    let proxy = settings.upstream.proxy?.description
    let caFile = settings.upstream.caFile
    let upstream = Target(
      url: url, proxy: settings.upstream.scheme == .https ? proxy : nil, caFile: caFile)
    let endpoint = Target(url: tokens.place.url, proxy: tokens.place.proxy, caFile: caFile)
    return endpoint.authority == upstream.authority ? [upstream] : [upstream, endpoint]
  }

  // MARK: Connection

  private func connection(_ target: Target, _ settings: Settings) -> [Finding] {
    let probe = ConnectionProbe(
      target.url, proxy: target.proxy, caFile: target.caFile, timeout: timeout)
    let name = target.authority
    let place = target.proxy.map { "\(name) through the proxy \($0)" } ?? name
    guard let failure = probe.failure else {
      let address = probe.address.map { " at \($0)" } ?? ""
      var findings: [Finding] = [.ok(.connection, "\(place): connected\(address)")]
      if target.isTLS { findings.append(certificate(name, probe.firstExpiry)) }
      return findings
    }
    return [.failure(.connection, DoctorCode(failure), "\(place): \(probe.text)")]
  }

  private func certificate(_ name: String, _ end: Int64?) -> Finding {
    guard let left = end.map({ max(0, $0 - clock.wall / 1_000_000_000) }) else {
      return .ok(.connection, "\(name): TLS, certificate trusted")
    }
    let text = "\(name): certificate trusted, \(left / 86_400) days left"
    return left < Doctor.certificateNotice
      ? .warning(.connection, .certificateEnds, text) : .ok(.connection, text)
  }

  // MARK: Clock

  private func clockFinding(_ target: Target) -> Finding {
    let date: String?
    do {
      date = try AuthorizedGet(
        target.url + "/ping", token: nil, proxy: target.proxy, caFile: target.caFile,
        timeout: timeout
      ).date
    } catch {
      return .skipped(.clock, "\(target.authority) gave no answer: \(error.text)")
    }
    let now = Int(clock.wall / 1_000_000_000)
    let bytes = Array((date ?? "").utf8)
    guard let theirs = HTTPDate.secondsSince1970(bytes.span.bytesOfElements, now: now) else {
      return .skipped(.clock, "\(target.authority) sent no usable Date")
    }
    let skew = now - theirs
    let text =
      abs(skew) <= Doctor.slightSkew
      ? "as SCORM Cloud's, within \(Doctor.slightSkew) s"
      : "\(abs(skew)) s \(skew > 0 ? "ahead of" : "behind") SCORM Cloud's"
    switch abs(skew) {
    case ...Doctor.slightSkew: return .ok(.clock, text)
    case ...Doctor.largeSkew: return .warning(.clock, .clockOff, text)
    default: return .failure(.clock, .clockFarOff, text)
    }
  }
}

extension DoctorCode {
  init(_ failure: ConnectionProbe.Failure) {
    switch failure {
    case .name: self = .nameUnknown
    case .unreachable: self = .connectionRefused
    case .timedOut: self = .connectionTimeout
    case .proxy: self = .proxyFailed
    case .untrusted: self = .certificateUntrusted
    case .outOfDate: self = .certificateOutOfDate
    case .otherName: self = .certificateOfOtherName
    case .handshake, .client: self = .handshakeFailed
    }
  }
}
