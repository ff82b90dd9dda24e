/// All keys with their defaults and ranges, defined only here for the decoder. `docs/configuration.md` documents them
/// for people, and a test compares the two.
enum Schema {
  static let root = SectionSchema(
    KeySchema("listen", .sections(listener)),
    KeySchema("admin", .section(admin)),
    KeySchema("upstream", .section(upstream)),
    KeySchema("apps", .sections(app)),
    KeySchema("defaultApp", .scalar, default: "main"),
    KeySchema("tokens", .section(tokens)),
    KeySchema("callers", .sections(caller)),
    KeySchema("policy", .section(policy)),
    KeySchema("limits", .sections(limit)),
    KeySchema("shared", .section(shared), default: "null"),
    KeySchema("pages", .section(pages)),
    KeySchema("jobs", .section(jobs)),
    KeySchema("uploads", .section(uploads)),
    KeySchema("traffic", .section(traffic)),
    Keys.replicas.schema,
    Keys.drainDelay.schema)

  static let listener = SectionSchema(
    KeySchema("address", .scalar, default: Keys.listenAddress),
    KeySchema("mode", .scalar, default: "\"0660\"", range: "\"0000\" – \"0777\""),
    KeySchema("allowRemote", .scalar, default: "false", range: "true, false"),
    KeySchema("allowedHosts", .words, default: "[]"),
    KeySchema("caller", .scalar, default: "null"),
    KeySchema("name", .scalar, default: "address"),
    KeySchema("tls", .section(tls), default: "null"))

  static let admin = SectionSchema(
    KeySchema("address", .scalar, default: Keys.adminAddress),
    KeySchema("mode", .scalar, default: "\"0660\"", range: "\"0000\" – \"0777\""),
    KeySchema("allowRemote", .scalar, default: "false", range: "true, false"),
    KeySchema("allowedHosts", .words, default: "[]"),
    KeySchema("actions", .scalar, range: "true, false"),
    KeySchema("tls", .section(tls), default: "null"))

  static let tls = SectionSchema(
    KeySchema("certificate", .reference),
    KeySchema("key", .reference),
    KeySchema("clientCA", .reference, default: "null"),
    KeySchema("clientCRL", .reference, default: "null"),
    Keys.tlsClient.schema,
    Keys.tlsMinVersion.schema)

  static let upstream = SectionSchema(
    KeySchema("url", .scalar, default: Keys.upstreamURL),
    Keys.connectTimeout.schema,
    Keys.responseTimeout.schema,
    Keys.idleTimeout.schema,
    Keys.maxConnections.schema,
    KeySchema("proxy", .scalar, default: "null"),
    KeySchema("caFile", .scalar, default: "null"),
    KeySchema("maskReflected", .scalar, default: "true", range: "true, false"))

  static let app = SectionSchema(
    KeySchema("name", .scalar),
    Keys.appKind.schema,
    KeySchema("id", .reference),
    KeySchema("secret", .reference),
    KeySchema("nextSecret", .reference, default: "null"))

  static let tokens = SectionSchema(
    Keys.tokenEndpoint.schema,
    KeySchema("url", .scalar, default: "null"),
    Keys.tokenScopes.schema,
    KeySchema("scopesList", .words, default: "[]"),
    Keys.tokenLifetime.schema,
    KeySchema("warm", .words, default: "[]"),
    KeySchema("stateFile", .scalar, default: "null"),
    KeySchema("share", .scalar, default: "false", range: "true, false"),
    KeySchema("shareKey", .reference, default: "null"))

  static let caller = SectionSchema(
    KeySchema("name", .scalar),
    KeySchema("match", .section(callerMatch), default: "null"),
    KeySchema("apps", .words),
    KeySchema("allow", .words),
    Keys.callerMode.schema,
    Keys.callerPriority.schema,
    Keys.callerWeight.schema)

  static let callerMatch = SectionSchema(
    KeySchema("unixUser", .scalar, default: "null"),
    KeySchema("address", .scalar, default: "null"),
    KeySchema("listener", .scalar, default: "null"),
    KeySchema("certificate", .section(callerCertificate), default: "null"))

  static let callerCertificate = SectionSchema(
    KeySchema("uri", .scalar, default: "null"),
    KeySchema("dns", .scalar, default: "null"))

  static let policy = SectionSchema(
    Keys.unknownOperations.schema,
    Keys.outsideBasePath.schema,
    Keys.sensitiveOperations.schema,
    KeySchema("sensitiveForwarded", .words, default: "[]"),
    KeySchema("confirmBulk", .scalar, default: "false", range: "true, false"))

  static let limit = SectionSchema(
    KeySchema("name", .scalar),
    Keys.limitPer.schema,
    KeySchema("match", .section(limitMatch), default: "null"),
    KeySchema("rate", .scalar, default: "null", range: "1/1d – 1000000/1ms"),
    Keys.burst.schema,
    Keys.concurrency.schema,
    Keys.onExceed.schema,
    Keys.maxWait.schema,
    Keys.maxQueue.schema,
    KeySchema("shared", .scalar, range: "true, false"))

  static let shared = SectionSchema(
    KeySchema("url", .scalar),
    KeySchema("user", .scalar, default: "null"),
    KeySchema("password", .reference, default: "null"),
    KeySchema("caFile", .scalar, default: "null"),
    KeySchema("prefix", .scalar, default: Keys.sharedPrefix),
    Keys.onLoss.schema)

  static let limitMatch = SectionSchema(
    KeySchema("access", .scalar, default: "null", range: "read, write"),
    KeySchema("service", .scalar, default: "null"),
    KeySchema("operation", .scalar, default: "null"))

  static let pages = SectionSchema(
    Keys.maxPages.schema,
    Keys.maxItems.schema,
    Keys.maxTime.schema)

  static let jobs = SectionSchema(
    Keys.maxJobWait.schema,
    Keys.poll.schema)

  static let uploads = SectionSchema(
    Keys.spool.schema,
    Keys.maxSpool.schema,
    KeySchema("folder", .scalar, default: "null"))

  static let traffic = SectionSchema(
    KeySchema("log", .section(log)),
    KeySchema("journal", .section(journal)),
    KeySchema("capture", .sections(capture), default: "[]"),
    Keys.unknownParameters.schema,
    KeySchema("gateway", .scalar, default: "host name"))

  static let log = SectionSchema(
    KeySchema("path", .scalar, default: "\"-\""),
    Keys.logFormat.schema)

  static let journal = SectionSchema(
    KeySchema("path", .scalar, default: "found"),
    Keys.journalAge.schema,
    Keys.journalSize.schema)

  static let capture = SectionSchema(
    KeySchema("operation", .scalar),
    Keys.captureBytes.schema,
    KeySchema("redact", .words, default: "[]"))
}

/// Keys with a range or a choice of words, and the defaults of other keys.
enum Keys {
  static let listenAddress = "127.0.0.1:8080"
  /// The name under which a supervisor passes the admin address's socket.
  static let adminSocketName = "admin"
  static let adminAddress = "127.0.0.1:9901"
  static let upstreamURL = "https://cloud.scorm.com/api/v2"

  static let replicas = Key("replicas", default: 1, 1...1_000)
  /// An hour, which is longer than any load balancer takes to notice.
  static let drainDelay = Key<Duration>(
    "drainDelay", default: .zero, .zero ... .seconds(3_600))

  static let tlsClient = ChoiceKey<TLSSettings.Client>("client", default: .none)
  static let tlsMinVersion = ChoiceKey<TLSSettings.Version>("minVersion", default: .tls12)

  static let connectTimeout = Key<Duration>(
    "connectTimeout", default: .seconds(3), .milliseconds(10) ... .seconds(60))
  static let responseTimeout = Key<Duration>(
    "responseTimeout", default: .seconds(60), .milliseconds(100) ... .seconds(3_600))
  static let idleTimeout = Key<Duration>(
    "idleTimeout", default: .seconds(60), .milliseconds(100) ... .seconds(3_600))
  static let maxConnections = Key("maxConnections", default: 256, 1...65_535)

  static let appKind = ChoiceKey<App.Kind>("kind", default: .application)

  static let tokenEndpoint = ChoiceKey<TokenSettings.Endpoint>("endpoint", default: .application)
  static let tokenScopes = ChoiceKey<TokenSettings.Scopes>("scopes", default: .exact)
  /// With less than half a minute, a token would be refreshed constantly.
  static let tokenLifetime = Key<Duration>(
    "lifetime", default: .seconds(900), .seconds(30) ... .seconds(86_400))

  static let callerMode = ChoiceKey<Caller.Mode>("mode", default: .normal)
  static let callerPriority = ChoiceKey<Caller.Priority>("priority", default: .interactive)
  static let callerWeight = Key("weight", default: 1, 1...100)

  static let unknownOperations = ChoiceKey<PolicySettings.Decision>(
    "unknownOperations", default: .refuse)
  static let outsideBasePath = ChoiceKey<PolicySettings.Decision>(
    "outsideBasePath", default: .refuse)
  static let sensitiveOperations = ChoiceKey<PolicySettings.Decision>(
    "sensitiveOperations", default: .refuse)

  static let limitPer = ChoiceKey<Limit.Scope>("per", default: .app)
  /// The default is a fifth of the rate's calls, at least one.
  static let burst = OptionalKey<Int>("burst", 1...1_000_000)
  static let concurrency = OptionalKey<Int>("concurrency", 1...100_000)
  static let onExceed = ChoiceKey<Limit.Excess>("onExceed", default: .queue)
  static let maxWait = Key<Duration>(
    "maxWait", default: .seconds(5), .milliseconds(1) ... .seconds(600))
  static let maxQueue = Key("maxQueue", default: 200, 1...100_000)

  /// The default prefix of the keys in the store.
  static let sharedPrefix = "scorm-gateway"
  static let onLoss = ChoiceKey<SharedSettings.LossPolicy>("onLoss", default: .share)

  static let maxPages = Key("maxPages", default: 10_000, 1...10_000)
  static let maxItems = Key("maxItems", default: 1_000_000, 1...100_000_000)
  static let maxTime = Key<Duration>(
    "maxTime", default: .seconds(600), .seconds(1) ... .seconds(86_400))

  /// Less than the minute after which many proxies along the way abandon a call.
  static let maxJobWait = Key<Duration>(
    "maxWait", default: .seconds(55), .seconds(1) ... .seconds(600))
  static let poll = Key<Duration>(
    "poll", default: .seconds(1), .milliseconds(100) ... .seconds(60))

  static let spool = ChoiceKey<UploadSettings.Spool>("spool", default: .off)
  static let maxSpool = Key(
    "maxSpool", default: ByteSize(2 << 30), ByteSize(1 << 20)...ByteSize(1 << 40))

  static let logFormat = ChoiceKey<TrafficSettings.Format>("format", default: .auto)

  static let unknownParameters = ChoiceKey<TrafficSettings.ParameterDisplay>(
    "unknownParameters", default: .mask)

  static let journalAge = Key<Duration>(
    "maxAge", default: .seconds(30 * 86_400), .seconds(3_600) ... .seconds(3_650 * 86_400))
  static let journalSize = Key(
    "maxSize", default: ByteSize(512 << 20), ByteSize(16 << 20)...ByteSize(1 << 40))

  static let captureBytes = Key(
    "maxBytes", default: ByteSize(16 << 10), ByteSize(1)...ByteSize(64 << 10))
}
