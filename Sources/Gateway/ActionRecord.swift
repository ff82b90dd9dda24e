internal import Admin
internal import GatewayServer
internal import HTTPMessages
internal import Memory
internal import System
internal import TrafficLog

/// Records an operator's action at the admin address in traffic log, journal and exported log, in the form of a call.
///
/// The line has no caller, app or operation, because nothing was sent upstream. `termination` is `admin`.
enum ActionRecord {
  static func note(_ action: AdminAction, _ relays: RelayShared) {
    var line = ByteBuffer()
    let now = SystemClock.wall
    TrafficLine.open(into: &line)
    var dates = DateTexts()
    dates.update(wallTime: now)
    dates.putStampPrefix(into: &line)
    TrafficLine.putMicrosecond(Int(now / 1000 % 1_000_000), into: &line)
    line.put(
      hexadecimal: UInt64.random(in: 0...UInt64.max), UInt64.random(in: 0...UInt64.max))
    TrafficLine.openAddress(of: relays.current.settings.gatewayName, into: &line)
    TrafficLine.putRequest(
      method: "POST".utf8.span.bytesOfElements, path: action.path.utf8.span.bytesOfElements,
      query: action.query.utf8.span.bytesOfElements, masked: QueryMask(showsUnknown: true),
      into: &line)
    if let agent = action.userAgent {
      TrafficLine.putUserAgent(agent.utf8.span.bytesOfElements, into: &line)
    }
    line.put(",\"http.response.status_code\":")
    line.put(decimal: action.status)
    line.put(",\"http.request.body.size\":0,\"http.response.body.size\":0,\"duration\":0")
    line.put(",\"queue_wait\":0,\"token_wait\":0,\"termination\":\"admin\"}\n")
    relays.journal?.write(line)
    relays.logRecords?.write(line)
    relays.current.log?.write(&line, count: 1)
  }
}
