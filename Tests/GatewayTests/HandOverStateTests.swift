import Configuration
import Foundation
import Glibc
import Memory
import Rules
import System
import Testing

@testable import Gateway
@testable import RateLimiting

/// The state that one process sends to another, in messages, with names that mean the same to both.
@Suite struct HandOverStateTests {
  private static func names(_ yaml: String) throws -> HandOverNames {
    let file = try TemporaryFile(yaml)
    return HandOverNames(
      Roster(
        try ConfigurationSource.load(
          file: file.path, environment: Environment(["S": "secret"])
        ).settings))
  }

  private static let old = """
    apps:
      - {name: one, id: A, secret: {env: S}}
      - {name: two, id: B, secret: {env: S}}
    defaultApp: one
    callers:
      - {name: crm, match: {address: 127.0.0.1}, apps: [one, two], allow: ["*"]}
      - {name: lms, match: {address: 127.0.0.2}, apps: [one], allow: ["*"]}
    limits:
      - {name: writes, per: app+caller, match: {access: write}, rate: 100/1m}
      - {name: all, per: gateway, rate: 100/1s}
    """

  /// A different order, different names, different rates, and one caller fewer.
  private static let new = """
    apps:
      - {name: second, id: B, secret: {env: S}}
      - {name: first, id: A, secret: {env: S}}
    defaultApp: first
    callers:
      - {name: lms, match: {address: 127.0.0.2}, apps: [first], allow: ["*"]}
    limits:
      - {name: everything, per: gateway, rate: 200/1s}
      - {name: writes, per: app+caller, match: {access: write}, rate: 50/1m}
    """

  private func carry(_ used: [LimiterSnapshot.Used]) throws -> [LimiterSnapshot.Used?] {
    let (old, new) = (try Self.names(Self.old), try Self.names(Self.new))
    let writer = MessageWriter(.used)
    for entry in used { old.put(entry, into: writer) }
    let reader = try Self.delivered(writer)
    var result: [LimiterSnapshot.Used?] = []
    while !reader.isAtEnd, !reader.isBroken { result.append(new.used(from: reader)) }
    #expect(!reader.isBroken)
    return result
  }

  private static func delivered(_ writer: MessageWriter) throws -> MessageReader {
    let (a, b) = try MessageChannel.pair()
    #expect(writer.send(a, waiting: 1000))
    switch b.receive({ MessageReader($0, $1) }) {
    case .message(let reader): return reader
    case .nothing: throw CocoaError(.fileReadUnknown)
    case .end: throw CocoaError(.fileReadUnknown)
    }
  }

  @Test(
    "Limits, apps and callers are found by what they are, wherever they stand and whatever they are called"
  )
  func names() throws {
    var cell = QuotaCell()
    let rate = Quota(count: 100, period: 60_000_000_000, burst: 20)
    cell.spend(rate, at: 5)
    let carried = try carry([
      .init(
        key: .init(limit: 0, app: 0, caller: 1), cell: cell, underWay: 3, averageHold: 7, rate: rate
      ),
      .init(key: .init(limit: 0, app: 1, caller: 0), cell: cell),
      .init(key: .init(limit: 1, app: 0, caller: 0), cell: cell),
      .init(
        key: .init(limit: nil, app: 1, service: 2), cell: QuotaCell(),
        pause: .init(until: 9, level: 8, steppedAt: 7, loweredAt: 6, unsaid: 1)),
    ])
    #expect(
      carried == [
        .init(
          key: .init(limit: 1, app: 1, caller: 0), cell: QuotaCell(words: cell.words), underWay: 3,
          averageHold: 7, rate: rate),
        // This caller does not exist any more.
        nil,
        // It was renamed; its calls are the same.
        .init(key: .init(limit: 0, app: 0, caller: 0), cell: QuotaCell(words: cell.words)),
        .init(
          key: .init(limit: nil, app: 0, service: 2), cell: QuotaCell(),
          pause: .init(until: 9, level: 8, steppedAt: 7, loweredAt: 6, unsaid: 1)),
      ])
  }

  @Test("A message that is cut off anywhere is known to be, and reads as nothing dangerous")
  func cutOff() throws {
    let names = try Self.names(Self.old)
    let writer = MessageWriter(.used)
    names.put(.init(key: .init(limit: 0, app: 0, caller: 1), cell: QuotaCell()), into: writer)
    let whole = try Self.delivered(writer)
    var bytes: [UInt8] = []
    while !whole.isAtEnd { bytes.append(whole.byte()) }
    for count in 0..<bytes.count {
      let cut = [HandOverMessage.used.rawValue] + bytes.prefix(count)
      let reader = MessageReader(cut.span.bytesOfElements, [])
      #expect(names.used(from: reader) == nil && reader.isBroken)
    }
    // Lengths that exceed the message.
    let promise: [UInt8] = [1, 0xff, 0xff, 0xff, 0xff, 65]
    let reader = MessageReader(promise.span.bytesOfElements, [])
    #expect(reader.text() == "" && reader.isBroken && reader.secret().count == 0)
  }

  @Test("What does not fit a message is not sent in part")
  func tooLong() throws {
    let (a, _) = try MessageChannel.pair()
    let writer = MessageWriter(.lines, room: 8)
    writer.put("too long for it")
    #expect(writer.isTooLong && !writer.send(a, waiting: 10))
  }

  @Test(
    "Descriptors go along, closed in programs that are started; the end is told apart from nothing")
  func channel() throws {
    let (a, b) = try MessageChannel.pair()
    var pipe: (Int32, Int32) = (0, 0)
    _ = unsafe withUnsafeMutablePointer(to: &pipe) { pointer in
      unsafe pointer.withMemoryRebound(to: Int32.self, capacity: 2) { unsafe Glibc.pipe($0) }
    }
    #expect(MessageWriter(.caller).send(a, [pipe.1]) == .sent)
    close(pipe.1)
    var received: [Int32] = []
    if case .message(let reader) = b.receive({ MessageReader($0, $1) }) {
      received = reader.descriptors
    }
    #expect(received.count == 1 && fcntl(received[0], F_GETFD) == FD_CLOEXEC)
    #expect(unsafe write(received[0], "x", 1) == 1)
    var byte: UInt8 = 0
    #expect(unsafe read(pipe.0, &byte, 1) == 1)
    close(pipe.0)
    close(received[0])
    if case .nothing = b.receive({ MessageReader($0, $1) }) {
    } else {
      Issue.record("there is nothing")
    }
    var sent = MessageChannel.Sent.sent
    while sent == .sent { sent = MessageWriter(.lines, room: 32).send(a) }
    #expect(sent == .full)
    let gone = Optional(a)
    withExtendedLifetime(gone) {}
  }
}
