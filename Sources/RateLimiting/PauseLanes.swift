/// The upstream's pauses of each app: one for the whole app, and one for each of its services.
///
/// What the upstream refuses (429, or 503 with a time) pauses the service that was refused: one that is asked to wait
/// for an hour stops no other. If a second service is refused while the first pauses, the app as a whole is taken to be
/// limited, for as long as both pause.
struct PauseLanes: Sendable {
  /// Of one app; 1 where services are not told apart.
  let perApp: Int
  /// By slot of ``LimitedOperations``, the place of the service's lane behind the app's own; 0 is the app's own.
  private let places: [UInt8]

  init(_ settings: LimiterSettings) {
    perApp = settings.lanesPerApp
    let isOne = perApp == 1
    places = (0..<LimitedOperations.slotCount).map { slot in
      isOne || slot >= settings.services.count ? 0 : 1 + settings.services[slot]
    }
  }

  /// The lane that `lane` of other lanes is here; nil where services are told apart in one of the two only and it is a
  /// service's.
  func lane(_ lane: Int, of other: PauseLanes) -> Int? {
    let place = lane % other.perApp
    guard place == 0 || perApp == other.perApp else { return nil }
    return whole(other.app(of: lane)) &+ place
  }

  /// The lane of the whole app.
  func whole(_ app: Int) -> Int { app &* perApp }

  /// All lanes of the app.
  func all(_ app: Int) -> Range<Int> { app &* perApp..<(app &+ 1) &* perApp }

  /// The lane of the service that `request` is for.
  func lane(_ request: LimitedRequest) -> Int {
    let slot = LimitedOperations.slot(request.operation, isWrite: request.isWrite)
    return request.app &* perApp &+ Int(places[slot])
  }

  func app(of lane: Int) -> Int { lane / perApp }

  /// The service of a lane, as ``LimiterSettings/services`` numbers them; nil for the whole app's.
  func service(of lane: Int) -> Int? {
    let place = lane % perApp
    return place == 0 ? nil : place - 1
  }
}

/// Whose calls: what finds the buckets of each limit.
struct LimitedParty: BitwiseCopyable {
  var app: Int
  var caller: Int
  /// The upstream's pause of its service.
  var lane: Int
}

/// Walks over the limits of one call, then the upstream's pauses that are active.
struct LimitWalk {
  /// A limit, and the quota of it that the call falls under.
  struct Step {
    let limit: Int
    let bucket: Int
    /// What stands for the app in ``CompiledLimit/flow(_:_:_:)``.
    let app: Int
  }

  private var rest: LimitSet
  /// The pauses to visit; -1 for none.
  private var whole: Int
  private var service: Int

  init(_ matched: LimitSet, whole: Int?, service: Int?) {
    rest = matched
    self.whole = whole ?? -1
    self.service = service ?? -1
  }

  mutating func next(_ limits: [CompiledLimit], _ party: LimitedParty) -> Step? {
    if let limit = rest.popFirst() {
      return Step(
        limit: limit, bucket: limits[limit].bucket(party.app, party.caller), app: party.app)
    }
    let lane: Int
    if whole >= 0 {
      (lane, whole) = (whole, -1)
    } else if service >= 0 {
      (lane, service) = (service, -1)
    } else {
      return nil
    }
    let limit = limits.count &- 1
    return Step(limit: limit, bucket: limits[limit].bucket(lane, party.caller), app: lane)
  }
}
