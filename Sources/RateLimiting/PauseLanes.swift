/// The lanes of each app for the upstream's pauses: one for the whole app, and one for each of its services.
///
/// A refusal by the upstream (429, or 503 with a time) pauses the service that was refused: if one service must wait
/// for an hour, the others continue. If a second service is refused while the first one is paused, the app as a whole
/// is assumed to be limited for as long as both are paused.
struct PauseLanes: Sendable {
  /// Number of lanes of one app; 1 if services are not distinguished.
  let perApp: Int
  /// By slot of ``LimitedOperations``, the place of the service's lane after the app's own; 0 is the app's own.
  private let places: [UInt8]

  init(_ settings: LimiterSettings) {
    perApp = settings.lanesPerApp
    let isOne = perApp == 1
    places = (0..<LimitedOperations.slotCount).map { slot in
      isOne || slot >= settings.services.count ? 0 : 1 + settings.services[slot]
    }
  }

  /// The lane here that corresponds to `lane` of `other`; nil for a service's lane if only one of the two distinguishes
  /// services.
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

  /// The service of a lane, numbered as in ``LimiterSettings/services``; nil for the whole app's lane.
  func service(of lane: Int) -> Int? {
    let place = lane % perApp
    return place == 0 ? nil : place - 1
  }
}

/// Whose call it is: determines the bucket of each limit.
struct LimitedParty: BitwiseCopyable {
  var app: Int
  var caller: Int
  /// The lane of its service.
  var lane: Int
}

/// Iterates over the limits of one call, followed by the upstream's pauses that are active.
struct LimitWalk {
  /// A limit, and the bucket of it that the call falls under.
  struct Step {
    let limit: Int
    let bucket: Int
    /// The number that ``CompiledLimit/flow(_:_:_:)`` takes as the app.
    let app: Int
  }

  private var rest: LimitSet
  /// The lanes to visit; -1 for none.
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
