import Configuration
import Gateway
import Rules
import System
import Testing

/// Sockets that a supervisor passes, and the listeners that they are for.
@Suite struct SocketSeatsTests {
  private static func settings(_ listen: String, admin: String = "127.0.0.1:9901") throws
    -> Settings
  {
    let file = try TemporaryFile("listen:\n\(listen)\nadmin: {address: \(admin)}\n")
    return try ConfigurationSource.load(
      file: file.path,
      environment: Environment(["SCORM_APP_ID": "a", "SCORM_SECRET_KEY": "s"])
    ).settings
  }

  private static let three = """
      - {name: callers, address: "127.0.0.1:8080"}
      - {name: local, address: "unix:/run/gateway.sock"}
      - {address: "127.0.0.1:8081"}
    """

  private static func tcp(_ port: UInt16, host: String = "127.0.0.1") throws
    -> InheritedDescriptor.Kind
  {
    .listening(try #require(SocketAddress(numericHost: host, port: port)))
  }

  private static func unix(_ path: String) throws -> InheritedDescriptor.Kind {
    .listening(try #require(SocketAddress(unixPath: path)))
  }

  private static func offer(
    _ number: Int32, _ name: String?, _ kind: InheritedDescriptor.Kind
  ) -> SocketSeats.Offer { SocketSeats.Offer(number: number, name: name, kind: kind) }

  @Test("A name decides, else the address does, whatever the order")
  func match() throws {
    let settings = try SocketSeatsTests.settings(SocketSeatsTests.three)
    let seats = try SocketSeats.assign(
      [
        // systemd's own name for a socket without a name.
        SocketSeatsTests.offer(3, "scorm-gateway.socket", try SocketSeatsTests.tcp(8081)),
        SocketSeatsTests.offer(4, nil, try SocketSeatsTests.unix("/run/gateway.sock")),
        SocketSeatsTests.offer(5, "admin", try SocketSeatsTests.tcp(1234)),
        SocketSeatsTests.offer(6, "callers", try SocketSeatsTests.tcp(80)),
      ], settings)
    #expect(
      seats.mapValues(\.offer.number) == [
        .listener(2): 3, .listener(1): 4, .admin: 5, .listener(0): 6,
      ])
  }

  @Test("What fits no listener is told, all of it")
  func mismatches() throws {
    let settings = try SocketSeatsTests.settings(SocketSeatsTests.three)
    let cases: [(SocketSeats.Offer, String)] = [
      (
        SocketSeatsTests.offer(3, "public", try SocketSeatsTests.tcp(9000)),
        "descriptor 3 (public) of LISTEN_FDS listens at 127.0.0.1:9000, and no listener has that name or "
          + "address: there are callers (127.0.0.1:8080), local (unix:/run/gateway.sock), 127.0.0.1:8081, "
          + "admin (127.0.0.1:9901)"
      ),
      (
        SocketSeatsTests.offer(3, "callers", .otherSocket),
        "descriptor 3 (callers) of LISTEN_FDS is not a stream socket that listens"
      ),
      (
        SocketSeatsTests.offer(3, nil, .noSocket),
        "descriptor 3 of LISTEN_FDS is not a stream socket that listens"
      ),
      (
        SocketSeatsTests.offer(3, "local", try SocketSeatsTests.tcp(8080)),
        "descriptor 3 (local) of LISTEN_FDS listens at 127.0.0.1:8080: the configuration has "
          + "unix:/run/gateway.sock there, a socket of another kind"
      ),
      (
        SocketSeatsTests.offer(3, "callers", try SocketSeatsTests.tcp(8080, host: "0.0.0.0")),
        "descriptor 3 (callers) of LISTEN_FDS listens at 0.0.0.0:8080: other machines can reach it; "
          + "set allowRemote: true if that is intended"
      ),
    ]
    for (offer, problem) in cases {
      let thrown = #expect(throws: SocketSeats.Mismatch.self) {
        try SocketSeats.assign([offer], settings)
      }
      #expect(thrown?.problems == [problem])
    }
    let all = #expect(throws: SocketSeats.Mismatch.self) {
      try SocketSeats.assign(cases.map(\.0), settings)
    }
    #expect(all?.problems == cases.map(\.1))
    let twice = #expect(throws: SocketSeats.Mismatch.self) {
      try SocketSeats.assign(
        [
          SocketSeatsTests.offer(3, "callers", try SocketSeatsTests.tcp(80)),
          SocketSeatsTests.offer(4, nil, try SocketSeatsTests.tcp(8080)),
        ], settings)
    }
    #expect(
      twice?.problems == [
        "descriptor 4 of LISTEN_FDS is for the same listener as descriptor 3 (callers)"
      ])
  }

  @Test(
    "The variables count only for the process that they name, and must agree with each other",
    arguments: [
      ("7", "2", "a:b", 2, nil), ("7", "2", nil, 2, nil), ("7", "2", ":b", 2, nil),
      ("7", "0", nil, 0, nil),
      ("8", "2", "a:b", 0, nil), (nil, "2", "a:b", 0, nil), ("7", nil, nil, 0, nil),
      ("7", "2", "a", 0, "hands over 2 sockets, and LISTEN_FDNAMES has 1 names"),
      ("7", "1", "a:b", 0, "hands over 1 sockets, and LISTEN_FDNAMES has 2 names"),
      ("7", "-1", nil, 0, "LISTEN_FDS=-1: expected 0 to 256"),
      ("7", "999999", nil, 0, "expected 0 to 256"), ("7", "two", nil, 0, "expected 0 to 256"),
    ] as [(String?, String?, String?, Int, String?)])
  func variables(
    process: String?, count: String?, names: String?, offers: Int, problem: String?
  ) throws {
    let result = Result {
      try SocketSeats.offers(
        process: process, count: count, names: names, ownProcess: 7, kind: { _ in .noSocket })
    }
    switch result {
    case .success(let list):
      #expect(problem == nil && list.map(\.number) == (0..<Int32(offers)).map { 3 + $0 })
      if names == ":b" { #expect(list.map(\.name) == [nil, "b"]) }
    case .failure(let error):
      #expect(problem.map { "\(error)".contains($0) } == true)
    }
  }
}
