internal import EventLoop
internal import Fleet
internal import System

/// A cluster's nodes send those on who ask for a key of another node (redis.io, "Redis cluster specification", MOVED
/// redirection). A slot that is just moving (`ASK`) is waited for: its keys are on both nodes, and answers of both would
/// be two books of one limit.
extension FleetHandler {
  /// So many times one after the other; then the nodes do not agree.
  private static let mostMoves = 5

  /// The keys are on another node: goes there at once. What is leased goes on.
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
    // It is the last of the list.
    addressTurn = parts.resolver.resolution.addresses.count
    connect(link, on: &loop)
  }

  /// The address that a node is told by: numbers, or, where nodes do not know theirs, a port of the same machine. Nil for
  /// a name: nodes have those where `cluster-preferred-endpoint-type` says so.
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
