internal import EventLoop
internal import Fleet
internal import System

/// Redirections in a cluster: a node redirects a client that asks for another node's key (redis.io, "Redis cluster
/// specification", MOVED redirection). While a slot is moving (`ASK`), the gateway waits: the keys are on both nodes,
/// and using both would mean two separate counts for one limit.
extension FleetHandler {
  /// The most redirections in a row. After that many, the nodes do not agree.
  private static let mostMoves = 5

  /// Connects immediately to the other node that has the keys. Leases stay in force.
  mutating func follow(_ text: String, _ link: Int, on loop: inout EventLoop) {
    let place = text.split(separator: " ").last.map(String.init) ?? ""
    moves += 1
    guard link == 0, moves <= FleetHandler.mostMoves,
      let address = FleetHandler.address(place, seenFrom: links[link].address)
    else {
      lose(link, "it sends us to \(place.prefix(200))", on: &loop)
      return
    }
    if let socket = links[link].socket { loop.close(socket) }
    links[link].socket = nil
    for pending in links[link].pending { giveUp(pending.command) }
    links[link].pending = []
    links[link].schedule.leadsOn(at: loop.now)
    movedTo = address
    // It is the last one in the list.
    addressTurn = parts.resolver.resolution.addresses.count
    connect(link, on: &loop)
  }

  /// The address in a redirection: a numeric one, or, if nodes do not know theirs, a port on the same machine. Nil for
  /// a host name, which nodes use if `cluster-preferred-endpoint-type` says so.
  static func address(_ text: String, seenFrom node: SocketAddress?) -> SocketAddress? {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
    else { return nil }
    var host = String(text[..<colon])
    if host.isEmpty, let node, node.unixPath == nil {
      host = String(node.description.dropLast("\(node.port)".count + 1))
      if host.hasPrefix("[") { host = String(host.dropFirst().dropLast()) }
    }
    return SocketAddress(numericHost: host, port: port)
  }
}
