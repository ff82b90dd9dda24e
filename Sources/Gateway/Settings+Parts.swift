internal import AccessTokens
internal import Admin
internal import Configuration
internal import EventLoop
internal import GatewayServer
internal import HTTPMessages
internal import LocalServer
internal import Operator
internal import SCORMCloudAPI
internal import System
internal import TokenFetching
internal import TrafficLog

/// Settings in the terms of each part.
extension Settings {
  /// What the token service has to know.
  var tokenService: TokenServiceSettings {
    let endpoint: TokenEndpoint =
      tokens.endpoint == .application ? .application : .appManagement
    let url = tokens.url?.description ?? upstream.url.description + endpoint.path
    var result = TokenServiceSettings(
      apps: apps.map {
        TokenApp(
          name: $0.name, id: $0.id, secret: $0.secret, nextSecret: $0.nextSecret)
      },
      endpoint: endpoint, url: url)
    result.lifetime = tokens.lifetime.nanoseconds / 1_000_000_000
    result.caFile = upstream.caFile
    // libcurl makes the tunnel for tokens by itself.
    if let proxy = upstream.proxy, url.hasPrefix("https:") { result.proxy = proxy.description }
    result.connectTimeout = Int(upstream.connectTimeout.nanoseconds / 1_000_000)
    return result
  }
}

extension BodyCaptures {
  init(_ captures: [TrafficSettings.Capture]) {
    self.init(
      captures.compactMap { capture in
        OperationTable.named(capture.operation).map { operation in
          (operation.index, Rule(maxBytes: capture.maxBytes.bytes, redaction: capture.redaction))
        }
      })
  }
}

extension TrafficSettings.Capture {
  fileprivate var redaction: BodyRedaction {
    BodyRedaction(
      paths: redact.map { path in
        path.steps.map { step in
          switch step {
          case .member(let name): .member(name)
          case .element(let index): .element(index)
          case .every: .every
          }
        }
      })
  }
}

extension RelaySettings {
  init(_ settings: Settings, threadCount: Int) throws(StartError) {
    self.init()
    let upstream = settings.upstream
    connectTimeout = upstream.connectTimeout.nanoseconds
    responseTimeout = upstream.responseTimeout.nanoseconds
    idleTimeout = upstream.idleTimeout.nanoseconds
    // Loops share no connections; each gets its part, and at least one.
    maxConnections = max(1, upstream.maxConnections / threadCount)
    upstreamName =
      "\(upstream.host.contains(":") ? "[\(upstream.host)]" : upstream.host):\(upstream.port)"
    if upstream.proxy != nil { tunnel = upstreamName }
    callerWeights = settings.callers.map(\.weight)
    captures = BodyCaptures(settings.traffic.captures)
    queryMask = QueryMask(showsUnknown: settings.traffic.unknownParameters == .show)
    guard upstream.scheme == .https else { return }
    do { tls = try TLSClient(host: upstream.host, caFile: upstream.caFile) } catch {
      throw StartError("upstream: \(error)")
    }
  }
}

extension GatewayProcess {
  static func openLog(
    _ traffic: TrafficSettings, clock: TimeSource, tell: @escaping @Sendable (String) -> Void
  ) throws(StartError) -> LogWriter? {
    guard let log = traffic.log else { return nil }
    let destination: LogWriter.Destination
    switch log.destination {
    case .standardOutput: destination = .standardOutput
    case .file(let path): destination = .file(path: path)
    }
    do {
      return try LogWriter(destination, format: logFormat(log), clock: clock, tell: tell)
    } catch {
      throw StartError(error.description)
    }
  }

  /// Colours only for a terminal that wants them: https://no-color.org.
  private static func logFormat(_ log: TrafficSettings.Log) -> LogFormat {
    let isTerminal = log.destination == .standardOutput && StandardOutput.isTerminal
    let colours = LogFormat.human(hasColours: isTerminal && StandardOutput.wantsColours)
    switch log.format {
    case .json: return .json
    case .combined: return .combined
    case .human: return colours
    case .auto: return isTerminal ? colours : .json
    }
  }

  static func startAdmin(
    _ settings: Settings, on socket: consuming ListeningSocket?, accepts: Bool,
    _ readiness: Readiness,
    _ relays: RelayShared, _ tokens: TokenService, _ journal: OpenJournal?,
    _ spans: SpanExporter?, _ facts: ProcessFacts, callersAt addresses: [SocketAddress]
  ) throws(StartError) -> LocalService? {
    guard let admin = settings.admin, let socket else { return nil }
    let hosts: HostAllowList
    switch admin.address {
    case .unix: hosts = .any
    case .tcp:
      hosts = HostAllowList(extra: admin.allowedHosts, takesAnyAddress: admin.allowRemote)
    }
    let metrics = GatewayMetrics(
      relays: relays, readiness: readiness, spans: spans, tokens: tokens,
      journal: journal?.writer, facts: facts)
    var sources = AdminSources(
      readiness: { readiness.checks + [ModesListing(relays).check] },
      isDraining: { readiness.isDraining },
      metrics: { metrics.text },
      limits: { form in
        let listing = LimitsListing(relays)
        return switch form {
        case .json: listing.json
        case .table(let width): listing.table(in: TextTable.Room(width: width))
        }
      }, traffic: trafficPages(journal, callersAt: addresses, clock: relays.clock))
    sources.actions = AdminActions(relays, tokens)
    sources.feed = journal?.feed
    sources.callers = { CallersListing(relays).json }
    sources.takesActions = admin.actions
    sources.note = { ActionRecord.note($0, relays) }
    let state = PageState(
      relays: relays, hasJournal: journal != nil, takesActions: admin.actions,
      startedAt: SystemClock.wall, version: GatewayVersion.text)
    sources.state = { state.members(tokens.listing()) }
    let complete = sources
    // No page looks at a body.
    var server = LocalServerSettings(hosts: hosts, refusesBrowserPages: true, bodyBytesKept: 0)
    server.hostsKey = "admin.allowedHosts"
    do {
      return try LocalService.start(
        name: "admin", listeningOn: socket, settings: server, accepts: accepts, clock: relays.clock,
        makeResponder: { AdminResponder(sources: complete) })
    } catch {
      throw StartError("admin: \(error)")
    }
  }
}
