internal import EventLoop
internal import HTTPMessages
internal import Memory

/// Who gets a place when there are more connections than places.
///
/// A connection that has asked nothing gives way first, the oldest of them; then the one that has waited longest
/// for its next request. Without this whoever opens connections and says nothing would keep everybody else out,
/// the supervisor that asks for health among them. When every place has a request under way there are a few more,
/// for pages that must always be answered (``LocalResponder/isAlwaysAnswered(_:)``).
extension LocalHandler {
  /// Takes a new connection in, if need be in the place of another one; nil when there is no place.
  mutating func takePlace(on loop: inout EventLoop) -> SlabHandle? {
    let limit = settings.maximumConnections
    if connections.count >= limit { giveWay(on: &loop) }
    guard connections.count < limit + LocalServerSettings.reservedConnections else { return nil }
    var connection = LocalConnection()
    connection.isReserved = connections.count >= limit
    connection.waitsSince = nextTurn()
    return connections.insert(connection)
  }

  /// The connection waits for a request from now on.
  mutating func beginsWaiting(_ handle: SlabHandle) {
    connections[handle].waitsSince = nextTurn()
  }

  private mutating func nextTurn() -> UInt64 {
    turns += 1
    return turns
  }

  /// Closes the connection that is missed least, if there is one without a request under way.
  private mutating func giveWay(on loop: inout EventLoop) {
    var least: SlabHandle?
    var leastTurn = UInt64.max
    for handle in connections.handles where connections[handle].phase == .head {
      // A head that is not complete asks nothing yet.
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

  /// Why a connection of the reserve is not answered as others are; nil when it is.
  func lackOfRoom(
    _ handle: SlabHandle, _ head: RequestHead, _ bytes: RawSpan
  ) -> LocalResponse? {
    guard connections[handle].isReserved else { return nil }
    if head.framing == .none, responder.isAlwaysAnswered(head.path(in: bytes).text) { return nil }
    return tooManyConnections
  }

  /// Tells a peer that there is no room for it.
  var tooManyConnections: LocalResponse {
    .message(
      503, "The server has \(settings.maximumConnections) connections; try again later.",
      fields: [(name: "Retry-After", value: "1")])
  }
}
