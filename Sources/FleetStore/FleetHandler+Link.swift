internal import EventLoop
internal import Fleet
internal import Memory
internal import RateLimiting
internal import System

/// One connection to the store.
struct Link {
  enum Kind: UInt8 {
    case commands = 0
    case subscription = 1
  }

  /// What an answer belongs to, in the order of the commands.
  enum Pending {
    /// A step of the greeting: an error in its answer ends the connection.
    case greeting
    case script(FleetHandler.Script)
    /// The last step of the greeting.
    case ready
    case lease(String)
    case pauses
    case modes
    case modeOrder(FleetModeOrder)
    case tokenLook(UInt64, at: Int64)
    case tokenWord(String)
    case ping
    case farewell
  }

  let kind: Kind
  var socket: SocketID?
  /// The address it is connected to.
  var address: SocketAddress?
  var reader = RESPReader()
  var schedule = LinkSchedule()
  var pending: [(command: Pending, at: Int64)] = []
  var lastSentAt = Int64.min

  init(_ kind: Kind) { self.kind = kind }
}

extension FleetHandler {
  private static let subscription = 1

  /// Connects what is not connected when it is time, and gives up connections that do not answer.
  mutating func superviseLinks(on loop: inout EventLoop) {
    let now = loop.now
    for link in links.indices {
      guard links[link].socket != nil else {
        if now >= links[link].schedule.retryAt { connect(link, on: &loop) }
        continue
      }
      if let oldest = links[link].pending.first, now - oldest.at >= FleetHandler.answerTimeout {
        lose(link, "it has not answered for a second", on: &loop)
      } else if links[link].schedule.isLive, links[link].pending.isEmpty,
        now - links[link].lastSentAt >= FleetHandler.pingPause
      {
        send([["PING"]], as: [.ping], link, on: &loop)
      }
    }
  }

  mutating func connect(_ link: Int, on loop: inout EventLoop) {
    let addresses = parts.resolver.resolution
    guard let address = next(of: addresses.addresses + (movedTo.map { [$0] } ?? [])) else {
      // A first look-up in progress is not a loss yet; its end wakes the loop.
      if let failure = addresses.failure {
        lose(link, "its name: \(failure)", on: &loop)
      } else if loop.now - startedAt >= FleetHandler.grace {
        lose(link, "its name is being looked up", on: &loop)
      }
      return
    }
    links[link].reader = RESPReader()
    links[link].address = address
    links[link].pending = [(.greeting, loop.now)]
    do throws(SystemError) {
      links[link].socket = try loop.connect(
        to: address, tls: parts.tls, tag: SocketTag(kind: UInt8(link), record: .none))
    } catch { lose(link, "\(error)", on: &loop) }
  }

  private mutating func next(of addresses: [SocketAddress]) -> SocketAddress? {
    addresses.isEmpty ? nil : addresses[addressTurn % addresses.count]
  }

  /// Greets the store on a new connection: authenticates, and loads the scripts.
  mutating func greet(_ link: Int, on loop: inout EventLoop) {
    links[link].pending = []
    var commands: [[String]] = []
    var kinds: [Link.Pending] = []
    if let password = settings.password {
      // Its bytes are put directly into the output buffer.
      var out = ByteBuffer()
      RESPCommand.begin(settings.user == nil ? 2 : 3, into: &out)
      RESPCommand.put(word: Array("AUTH".utf8).span.bytesOfElements, into: &out)
      if let user = settings.user {
        RESPCommand.put(word: Array(user.utf8).span.bytesOfElements, into: &out)
      }
      RESPCommand.put(word: password.bytes, into: &out)
      if let socket = links[link].socket { loop.send(out.bytes, to: socket) }
      out.overwriteWithZeros()
      links[link].pending.append((.greeting, loop.now))
    }
    if link == FleetHandler.subscription {
      commands.append(["SUBSCRIBE", channel])
      kinds.append(.ready)
    } else {
      if settings.database != 0 {
        commands.append(["SELECT", "\(settings.database)"])
        kinds.append(.greeting)
      }
      for script in Script.allCases {
        commands.append(["SCRIPT", "LOAD", script.text])
        kinds.append(.script(script))
      }
      commands.append(["PING"])
      kinds.append(.ready)
    }
    send(commands, as: kinds, link, on: &loop)
  }

  /// All keys have the prefix as their hash tag, so in a cluster they are on one node.
  var channel: String { "{\(settings.prefix)}:pauses:\(settings.database)" }
  var pausesKey: String { "{\(settings.prefix)}:pauses" }
  var modesKey: String { "{\(settings.prefix)}:modes" }
  func tokenKey(_ name: String) -> String { "{\(settings.prefix)}:token:\(name)" }
  func leaseKey(_ name: String) -> String { "{\(settings.prefix)}:limit:\(name)" }

  mutating func send(
    _ commands: [[String]], as kinds: [Link.Pending], _ link: Int, on loop: inout EventLoop
  ) {
    guard let socket = links[link].socket else { return }
    var out = ByteBuffer()
    for command in commands { RESPCommand.put(command, into: &out) }
    for kind in kinds { links[link].pending.append((kind, loop.now)) }
    links[link].lastSentAt = loop.now
    status.commands += UInt64(commands.count)
    loop.send(out.bytes, to: socket)
  }

  // MARK: Answers

  mutating func take(_ value: RESPValue, _ link: Int, on loop: inout EventLoop) {
    if link == FleetHandler.subscription, case .array(let list) = value, list.count == 3,
      list[0].text == "message"
    {
      if let text = list[2].text, let news = PauseNews(text) { take(news, on: &loop) }
      return
    }
    guard !links[link].pending.isEmpty else {
      lose(link, "it answers what was not asked", on: &loop)
      return
    }
    let command = links[link].pending.removeFirst().command
    if case .error(let text) = value {
      status.errors += 1
      refuse(command, text, link, on: &loop)
      return
    }
    switch command {
    case .greeting, .ping, .farewell: break
    case .script(let script):
      guard let hash = value.text, hash.utf8.count == 40 else {
        return lose(link, "it does not take scripts", on: &loop)
      }
      scripts[script] = hash
    case .ready: isReady(link, on: &loop)
    case .lease(let name): takeLease(value, name, on: &loop)
    case .pauses: takePauses(value, on: &loop)
    case .modes: takeModes(value, on: &loop)
    case .modeOrder(let order): takeModes(value, order, on: &loop)
    case .tokenLook(let ticket, let askedAt):
      takeToken(value, ticket, askedAt: askedAt, on: &loop)
    case .tokenWord(let name): takeTokenWord(value, name)
    }
  }

  private mutating func isReady(_ link: Int, on loop: inout EventLoop) {
    guard !links[link].schedule.isLive else { return }
    links[link].schedule.stands(at: loop.now)
    guard link == 0 else { return }
    pausesAskedAt = .min
    modes.askedAt = .min
    look(on: &loop)
  }

  /// Notes that the store has done its work, so it is of use.
  mutating func isProven(at now: Int64) {
    links[0].schedule.proves()
    moves = 0
    guard !status.isLive else { return }
    status.isLive = true
    status.failure = nil
    status.since = now
    if toldLive != true {
      toldLive = true
      parts.report(.live(server: settings.place.text))
    }
  }

  /// Reports a store that is unavailable at the start, after the grace period.
  mutating func tellIfMissed(at now: Int64) {
    guard toldLive == nil, !status.isLive, now - startedAt >= FleetHandler.grace,
      let reason = status.failure
    else { return }
    toldLive = false
    parts.report(.lost(server: settings.place.text, reason: reason, then: settings.onLoss))
  }

  /// Handles an error in answer to a command.
  private mutating func refuse(
    _ command: Link.Pending, _ text: String, _ link: Int, on loop: inout EventLoop
  ) {
    let word = text.prefix { $0 != " " }
    if case .modeOrder(let order) = command {
      // The order was not carried out.
      if word != "NOSCRIPT" || order.isRepeat { order.done(.refused(String(text.prefix(200)))) }
    } else {
      giveUp(command)
    }
    switch word {
    case "NOSCRIPT":
      // The store has forgotten the scripts: it was restarted, or told to forget them.
      send(
        Script.allCases.map { ["SCRIPT", "LOAD", $0.text] },
        as: Script.allCases.map { .script($0) }, link, on: &loop)
      if case .modeOrder(var order) = command, !order.isRepeat {
        order.isRepeat = true
        carryOut(order, on: &loop)
      }
    case "MOVED":
      follow(text, link, on: &loop)
    default:
      // READONLY after a failover, LOADING, OOM, NOAUTH, NOPERM, MASTERDOWN, MISCONF: the store is of no use as it is.
      // The name may resolve to another address at the next attempt.
      lose(link, String(text.prefix(200)), on: &loop)
    }
  }

  /// Ends a command whose answer will not arrive any more.
  mutating func giveUp(_ command: Link.Pending) {
    switch command {
    case .lease(let name): members[name]?.holder.giveUp()
    case .modeOrder(let order): order.done(.unknown("the connection was lost"))
    case .tokenLook(let ticket, _): giveUpLook(ticket)
    default: break
    }
  }

  /// Closes a connection that is of no use.
  mutating func lose(_ link: Int, _ reason: String, on loop: inout EventLoop) {
    let now = loop.now
    if let socket = links[link].socket { loop.close(socket) }
    links[link].socket = nil
    for pending in links[link].pending { giveUp(pending.command) }
    links[link].pending = []
    links[link].schedule.failed(at: now, random: random.next())
    nextLook = min(nextLook, links[link].schedule.retryAt)
    if link == 0 {
      addressTurn += 1
      moves = 0
      parts.resolver.refresh()
      if status.isLive { status.losses += 1 }
      if status.isLive || status.failure == nil { status.since = now }
      status.isLive = false
      status.failure = reason
      settleModes()
      if toldLive == true {
        toldLive = false
        parts.report(.lost(server: settings.place.text, reason: reason, then: settings.onLoss))
      }
    }
  }
}
