internal import AccessTokens
internal import Admin
internal import Configuration
internal import EventLoop
internal import GatewayServer
internal import HTTPMessages
internal import LocalServer
internal import Operator
package import Rules
internal import SCORMCloudAPI
internal import System
package import TokenFetching
internal import TrafficLog

/// Converts settings to those of each part.
extension Roster {
  /// The settings of the token service.
  package var tokenService: TokenServiceSettings {
    let place = TokenPlace(settings.tokens, settings.upstream)
    var result = TokenServiceSettings(
      apps: apps.list.map { entry in
        guard let entry else { return .vacant }
        let app = entry.item.app
        var result = TokenApp(
          name: app.name, id: app.id, secret: app.secret, nextSecret: app.nextSecret)
        result.isInForce = entry.isInForce
        let its = TokenPlace(entry.item.tokens, entry.item.upstream)
        if its != place { result.formerPlace = its }
        return result
      },
      endpoint: place.endpoint, url: place.url)
    result.place = place
    result.lifetime = settings.tokens.lifetime.nanoseconds / 1_000_000_000
    if let share = settings.tokenShare, let shared = settings.shared {
      result.sharing = TokenSharing(key: share.key, prefix: shared.prefix)
    }
    result.connectTimeout = Int(settings.upstream.connectTimeout.nanoseconds / 1_000_000)
    return result
  }
}

extension TokenPlace {
  init(_ tokens: TokenSettings, _ upstream: UpstreamSettings) {
    let endpoint: TokenEndpoint =
      tokens.endpoint == .application ? .application : .appManagement
    let url = tokens.url?.description ?? upstream.url.description + endpoint.path
    self.init(endpoint: endpoint, url: url)
    caFile = upstream.caFile
    // libcurl makes the tunnel for token requests itself.
    if let address = upstream.proxy, url.hasPrefix("https:") { proxy = address.description }
  }
}

extension TrafficSettings {
  /// The gateway's name in its records.
  var gatewayName: String { gateway ?? HostName.current }
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

extension Configuration.UploadSettings {
  /// Where bodies are spooled; nil if they are not.
  fileprivate var place: GatewayServer.UploadSettings.Place? {
    switch spool {
    case .off: nil
    case .memory: .memory
    case .disk: .disk(folder: folder ?? KeptFile.lastingFolder)
    }
  }
}

extension RelaySettings {
  /// - Parameter known: the TLS client in use, which is kept if connections still lead to the same place.
  init(
    _ roster: Roster, threadCount: Int, known: TLSClient? = nil
  ) throws(StartError) {
    self.init()
    let settings = roster.settings
    let upstream = settings.upstream
    connectTimeout = upstream.connectTimeout.nanoseconds
    responseTimeout = upstream.responseTimeout.nanoseconds
    idleTimeout = upstream.idleTimeout.nanoseconds
    // Loops share no connections. Each gets an equal part, at least one.
    maxConnections = max(1, upstream.maxConnections / threadCount)
    upstreamName =
      "\(upstream.host.contains(":") ? "[\(upstream.host)]" : upstream.host):\(upstream.port)"
    if upstream.proxy != nil { tunnel = upstreamName }
    walks.maxPages = settings.pages.maxPages
    walks.maxItems = settings.pages.maxItems
    walks.maxTime = settings.pages.maxTime.nanoseconds
    jobs.maxWait = settings.jobs.maxWait.nanoseconds
    jobs.poll = settings.jobs.poll.nanoseconds
    uploads = UploadSettings(settings.uploads.place, limit: settings.uploads.maxSpool.bytes)
    descriptorMark = DescriptorReserve.mark(
      limit: ProcessLimits.descriptorLimit, upstreamConnections: maxConnections * threadCount)
    gatewayName = settings.traffic.gatewayName
    callerWeights = roster.callers.list.map { place in
      guard let place, place.isInForce else { return 0 }
      return place.item.weight
    }
    captures = BodyCaptures(settings.traffic.captures)
    masksReflected = upstream.masksReflected
    queryMask = QueryMask(showsUnknown: settings.traffic.unknownParameters == .show)
    guard upstream.scheme == .https else { return }
    if let known {
      tls = known
      return
    }
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

  /// Uses colours only for a terminal that supports them: https://no-color.org.
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
    _ settings: Settings, on socket: consuming ListeningSocket?, accepts: Bool, _ parts: AdminParts
  ) throws(StartError) -> LocalService? {
    guard settings.admin != nil, let socket else { return nil }
    let (relays, readiness, tokens) = (parts.relays, parts.readiness, parts.tokens)
    let (journal, rules, reload) = (parts.journal, parts.rules, parts.reload)
    let fleet = parts.fleet
    let metrics = GatewayMetrics(
      relays: relays, readiness: readiness, exporters: parts.exporters, tokens: tokens,
      journal: journal?.writer, facts: parts.facts, fleet: fleet, tls: parts.tls)
    var sources = AdminSources(
      readiness: { readiness.checks + [ModesListing(relays).check] },
      isDraining: { readiness.isDraining },
      metrics: { metrics.text },
      limits: { form in
        let listing = LimitsListing(relays, fleet.status)
        return switch form {
        case .json: listing.json
        case .table(let width): listing.table(in: TextTable.Room(width: width))
        }
      }, traffic: trafficPages(journal, relays))
    sources.actions = AdminActions(relays, tokens, fleet)
    sources.actions.reload = { reload.answer($0) }
    sources.actions.configuration = { reload.configuration($0) }
    sources.feed = journal?.feed
    sources.callers = { CallersListing(relays).json }
    sources.takesActions = { rules.takesActions }
    sources.note = { ActionRecord.note($0, relays) }
    let state = PageState(
      relays: relays, hasJournal: journal != nil, takesActions: { rules.takesActions },
      startedAt: SystemClock.wall, version: GatewayVersion.text, fleet: { fleet.status })
    sources.state = { state.members(tokens.listing()) }
    let complete = sources
    // No admin page reads a request body.
    var server = LocalServerSettings(
      hosts: rules.hosts, refusesBrowserPages: true, bodyBytesKept: 0)
    server.hostsNow = { rules.hosts }
    server.hostsKey = "admin.allowedHosts"
    let tls = parts.tls
    server.acceptor = { tls.adminAcceptor }
    do {
      return try LocalService.start(
        name: "admin", listeningOn: socket, settings: server, accepts: accepts, clock: relays.clock,
        makeResponder: { AdminResponder(sources: complete) })
    } catch {
      throw StartError("admin: \(error)")
    }
  }
}

/// The parts that the admin pages show.
struct AdminParts {
  let readiness: Readiness
  let relays: RelayShared
  let tokens: TokenService
  let journal: OpenJournal?
  let exporters: TelemetryExporters
  let facts: ProcessFacts
  let rules: AdminRules
  let tls: TLSFiles
  let reload: AdminReload
  let fleet: FleetPart
}
