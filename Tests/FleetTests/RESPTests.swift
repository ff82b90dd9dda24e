import Memory
import Testing

@testable import Fleet

@Suite("The store's protocol") struct RESPTests {
  private static func read(_ text: String) throws(RESPDefect) -> [RESPValue] {
    try read([Array(text.utf8)])
  }

  private static func read(_ pieces: [[UInt8]]) throws(RESPDefect) -> [RESPValue] {
    var reader = RESPReader()
    var values: [RESPValue] = []
    for piece in pieces {
      var position = 0
      while let value = try reader.next(piece.span.bytesOfElements, from: &position) {
        values.append(value)
      }
    }
    return values
  }

  @Test(
    "Values are read as they were sent",
    arguments: [
      ("+OK\r\n", [.simple("OK")]), ("-ERR no\r\n", [.error("ERR no")]),
      (":-7\r\n", [.integer(-7)]),
      ("$3\r\na\r\n\r\n", [.bulk(Array("a\r\n".utf8))]), ("$0\r\n\r\n", [.bulk([])]),
      ("$-1\r\n*-1\r\n", [.null, .null]), ("*0\r\n", [.array([])]),
      (
        "*2\r\n*1\r\n:1\r\n+a\r\n:2\r\n",
        [.array([.array([.integer(1)]), .simple("a")]), .integer(2)]
      ),
      ("*1\r\n:1", []),
    ] as [(String, [RESPValue])])
  func values(text: String, expected: [RESPValue]) throws {
    #expect(try Self.read(text) == expected)
  }

  @Test(
    "What is not the protocol, or too much, is a defect",
    arguments: [
      ("%1\r\n", .unknownKind(0x25)), (":1\n", .badEnd), (":+1\r\n", .badNumber),
      (":\r\n", .badNumber),
      ("$-2\r\n", .badNumber), ("$1\r\nab\r\n", .badEnd), ("$1\r\na\rx", .badEnd),
      ("$1048577\r\n", .tooBig), ("*65537\r\n", .tooBig),
      (String(repeating: "*1\r\n", count: 9), .tooBig),
      ("+" + String(repeating: "a", count: 5_000), .tooBig),
      ("$99999999999999999999\r\n", .badNumber),
    ] as [(String, RESPDefect)])
  func defects(text: String, expected: RESPDefect) {
    #expect(throws: expected) { try Self.read(text) }
  }

  @Test(
    "Wherever an answer of the store is cut in two, or in bytes, it reads the same",
    arguments: [
      "*7\r\n$2\r\nok\r\n:4096\r\n:20\r\n:0\r\n:0\r\n:1\r\n:1795965220963688\r\n",
      "*2\r\n$8\r\nconflict\r\n$12\r\n1 in 5 ns,\r\n\r\n", "*1\r\n$5\r\nstale\r\n",
      "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$23\r\npause g 5000 8 app|xapi\r\n",
      "*4\r\n$2\r\nok\r\n$8\r\napp|xapi\r\n$7\r\n1234567\r\n$1\r\n8\r\n",
      "-MOVED 3999 127.0.0.1:6381\r\n+PONG\r\n$-1\r\n*0\r\n$0\r\n\r\n",
      "*2\r\n*1\r\n*-1\r\n:-9\r\n",
    ])
  func cuts(text: String) throws {
    let bytes = Array(text.utf8)
    let whole = try Self.read([bytes])
    #expect(!whole.isEmpty)
    for place in 0...bytes.count {
      #expect(try Self.read([Array(bytes[..<place]), Array(bytes[place...])]) == whole)
      // An incomplete value is neither a value nor a defect.
      let early = try Self.read([Array(bytes[..<place])])
      #expect(early == Array(whole.prefix(early.count)) && (early != whole || place > 0))
    }
    #expect(try Self.read(bytes.map { [$0] }) == whole)
  }

  @Test("A command is an array of bulk strings, whatever bytes its words have")
  func commands() {
    var out = ByteBuffer()
    RESPCommand.put(["SET", "a b", "é\r\n"], into: &out)
    #expect(out.bytes.text == "*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$4\r\né\r\n\r\n")
  }

  @Test("Inputs kept from fuzzing keep every promise")
  func keptInputs() throws {
    let inputs = try KeptInput.all(of: "resp")
    #expect(inputs.count >= 10)
    for input in inputs { #expect(RESPPromises.broken(input.bytes) == nil, "\(input.path)") }
  }
}
