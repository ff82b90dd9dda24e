package import Configuration

/// A configuration with the numbers of its apps, callers, listeners and limits, and of those that were removed but are
/// still in use.
///
/// ``init(_:)`` creates the first one of a gateway, ``next(_:oldest:)`` each further one while it runs.
package struct Roster: Sendable {
  /// An app, with the endpoint of its tokens and the upstream they are sent to.
  package struct RosterApp: Sendable {
    package var app: App
    /// The settings for fetching its tokens.
    package var tokens: TokenSettings
    package var upstream: UpstreamSettings
  }

  /// Counts the configurations of a process, from 1.
  package let generation: UInt32
  /// The content of the file.
  package private(set) var settings: Settings
  /// At most ``mostApps``.
  package private(set) var apps: Places<RosterApp>
  /// If the file has none, this is ``anonymous(_:)``.
  package let callers: Places<Caller>
  package let listeners: Places<Listener>
  /// At most ``mostLimits``.
  package let limits: Places<Limit>

  /// Rules store a caller's apps in 64 bits, and a call's limits too.
  package static let mostApps = 64
  package static let mostLimits = 64

  /// There is no place for a new entry, because too many removed ones are still in use.
  package enum Full: Error, Equatable, CustomStringConvertible {
    case apps, limits

    package var description: String {
      let things = self == .apps ? "apps" : "limits"
      return
        "calls in progress still use \(things) that are no longer in the file, and together with the "
        + "new ones there are more than 64; reload again when those calls are over"
    }
  }

  /// The caller of every call if the file names none: it may use every app for everything that the policy allows.
  package static func anonymous(_ settings: Settings) -> Caller {
    Caller.everybody(apps: settings.apps.map(\.name))
  }

  package init(_ settings: Settings) {
    generation = 1
    self.settings = settings
    apps = Places(Roster.apps(of: settings))
    callers = Places(Roster.callers(of: settings))
    listeners = Places(settings.listeners)
    limits = Places(settings.limits)
  }

  private init(
    _ settings: Settings, generation: UInt32, apps: Places<RosterApp>, callers: Places<Caller>,
    listeners: Places<Listener>, limits: Places<Limit>
  ) {
    self.settings = settings
    self.generation = generation
    self.apps = apps
    self.callers = callers
    self.listeners = listeners
    self.limits = limits
  }

  /// The roster of `settings`, in which existing entries keep their numbers.
  ///
  /// - Parameter oldest: The oldest generation with calls in progress, or this one.
  package func next(_ settings: Settings, oldest: UInt32) throws(Full) -> Roster {
    let generation = generation + 1
    let next = Roster(
      settings, generation: generation,
      apps: apps.next(
        Roster.apps(of: settings), generation: generation, oldest: oldest, isSame: Roster.sameApp),
      callers: callers.next(
        Roster.callers(of: settings), generation: generation, oldest: oldest,
        isSame: [{ $0.name == $1.name }]),
      listeners: listeners.next(
        settings.listeners, generation: generation, oldest: oldest,
        isSame: [{ $0.address == $1.address }]),
      limits: limits.next(
        settings.limits, generation: generation, oldest: oldest, isSame: Roster.sameLimit))
    guard next.apps.count <= Roster.mostApps else { throw .apps }
    guard next.limits.count <= Roster.mostLimits else { throw .limits }
    return next
  }

  private static func apps(of settings: Settings) -> [RosterApp] {
    settings.apps.map {
      RosterApp(app: $0, tokens: settings.tokens, upstream: settings.upstream)
    }
  }

  private static func callers(of settings: Settings) -> [Caller] {
    settings.callers.isEmpty ? [anonymous(settings)] : settings.callers
  }

  /// Tokens and learned scopes belong to an app, which is identified by its id and place. Renaming an app does not
  /// change it. A token is never sent to another place than the one it was fetched for.
  private static let sameApp: [@Sendable (RosterApp, RosterApp) -> Bool] = [
    { $0.isSame(as: $1) && $0.app.name == $1.app.name }, { $0.isSame(as: $1) },
  ]

  /// A limit's count belongs to the calls it counts, whatever its name is. A limit that counts other calls under the
  /// same name continues with its count, so that a reload gives nothing away.
  private static let sameLimit: [@Sendable (Limit, Limit) -> Bool] = [
    { $0.per == $1.per && $0.match == $1.match && $0.name == $1.name },
    { $0.per == $1.per && $0.match == $1.match },
    { $0.per == $1.per && $0.name == $1.name },
  ]

  /// Sets other secrets for the app with this number.
  package mutating func setSecrets(_ app: App, of number: Int) {
    guard let name = apps.list[number]?.item.app.name else { return }
    apps.change(number) { $0.app = app }
    if let index = settings.apps.firstIndex(where: { $0.name == name }) {
      settings.apps[index] = app
    }
  }

  /// Sets another key for sealing shared tokens.
  package mutating func setTokenShare(_ share: TokenShareSettings) { settings.tokenShare = share }

  /// Whether an entry that was removed from the file keeps its place for calls in progress.
  package var hasLeaving: Bool {
    apps.hasLeaving || callers.hasLeaving || listeners.hasLeaving || limits.hasLeaving
  }
}

extension Roster.RosterApp {
  /// Whether tokens of one are valid as tokens of the other.
  func isSame(as other: Self) -> Bool {
    app.id == other.app.id && app.kind == other.app.kind
      && upstream.url == other.upstream.url
      && tokens.endpoint == other.tokens.endpoint && tokens.url == other.tokens.url
  }
}
