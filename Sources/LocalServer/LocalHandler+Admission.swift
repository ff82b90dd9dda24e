internal import EventLoop
internal import HTTPMessages
internal import Memory

/// Which connections get a place when there are more than places.
///
/// Connections that have sent no request give way first, the oldest first; then the one that has waited longest for its
/// next request. Otherwise a client that opens connections and sends nothing would keep everybody else out, including
/// the supervisor that asks for health. If every place has a request under way, there are a few more places, for pages
/// that must always be answered (``LocalResponder/isAlwaysAnswered(_:)``).
extension LocalHandler {
  /// Admits a new connection, if necessary in the place of another one; nil when there is no place.
  mutating func takePlace(on loop: inout EventLoop) -> SlabHandle? {
    let limit = settings.maximumConnections
    if connections.count >= limit { giveWay(on: &loop) }
    guard connections.count < limit + LocalServerSettings.reservedConnections else { return nil }
    var connection = LocalConnection()
    connection.isReserved = connections.count >= limit
    connection.waitsSince = nextTurn()
    return connections.insert(connection)
  }

  /// Notes that the connection waits for a request from now on.
  mutating func beginsWaiting(_ handle: SlabHandle) {
    connections[handle].waitsSince = nextTurn()
  }

  private mutating func nextTurn() -> UInt64 {
    turns += 1
    return turns
  }

  /// Closes the connection that will be missed least, if there is one without a request under way.
  private mutating func giveWay(on loop: inout EventLoop) {
    var least: SlabHandle?
    var leastTurn = UInt64.max
    for handle in connections.handles where connections[handle].phase == .head {
      // An incomplete head is not a request yet.
      let turn = connections[handle].waitsSince | (connections[handle].http.hasAsked ? 1 << 63 : 0)
      if turn < leastTurn {
        leastTurn = turn
        least = handle
      }
    }
    guard let least else { return }
    loop.close(connections[least].socket)
    _ = connections.remove(least)
  }

  /// The refusal of a request on a reserved connection; nil when the request is answered.
  func lackOfRoom(
    _ handle: SlabHandle, _ head: RequestHead, _ bytes: RawSpan
  ) -> LocalResponse? {
    guard connections[handle].isReserved else { return nil }
    if head.framing == .none, responder.isAlwaysAnswered(head.path(in: bytes).text) { return nil }
    return tooManyConnections
  }

  /// The answer to a peer for which there is no room.
  var tooManyConnections: LocalResponse {
    .message(
      503, "The server has \(settings.maximumConnections) connections; try again later.",
      fields: [(name: "Retry-After", value: "1")])
  }
}
