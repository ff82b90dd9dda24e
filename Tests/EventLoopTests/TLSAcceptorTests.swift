import EventLoop
import Foundation
import Glibc
import Memory
import Synchronization
import System
import Testing

/// The authority and files of a test server.
struct ServerMaterial {
  let authority: TestAuthority
  let server: TestAuthority.Issued

  init() throws {
    authority = try TestAuthority()
    server = try authority.issue([.dns("localhost")])
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  func material(
    clients: TestAuthority? = nil, revocations: String? = nil,
    client: TLSAcceptor.ClientCertificates = .none, minimum: TLSAcceptor.Version = .tls12
  ) throws -> TLSAcceptor.Material {
    var key = try ServerMaterial.bytes(server.key)
    return TLSAcceptor.Material(
      certificate: try ServerMaterial.bytes(server.certificate), key: SecretBytes(taking: &key),
      clientCA: try clients.map { try ServerMaterial.bytes($0.certificate) },
      clientCRL: try revocations.map { try ServerMaterial.bytes($0) }, client: client,
      minimum: minimum)
  }

  func client() throws -> TLSClient {
    try TLSClient(host: "localhost", caFile: authority.certificate)
  }
}

/// Forwards the bytes between two peers in pieces of a given size.
final class Courier: Sendable {
  let port: UInt16
  private let listener: Int32

  init(to target: UInt16, pieces: Int) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(listener, $0, length) == 0 && listen(listener, 1) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard status else { throw SystemError(number: errno) }
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread {
      let number = accept(listener, nil, nil)
      guard number >= 0, let server = try? RawPeer(port: target) else { return }
      let client = RawPeer(owning: number)
      for peer in [client, server] {
        var one: Int32 = 1
        _ = unsafe setsockopt(peer.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
      }
      Thread.detachNewThread { Courier.carry(from: server, to: client, pieces) }
      Courier.carry(from: client, to: server, pieces)
    }
  }

  deinit { close(listener) }

  private static func carry(from: RawPeer, to: RawPeer, _ pieces: Int) {
    while let bytes = try? from.receive(1), !bytes.isEmpty {
      var piece = bytes
      if pieces > 1, let more = try? from.receive(pieces - 1) { piece += more }
      guard to.send(piece) else { return }
    }
    _ = shutdown(to.descriptor, Int32(SHUT_WR))
  }
}

@Suite("TLS of a server", .timeLimit(.minutes(5)))
struct TLSAcceptorTests {
  private static let tag = SocketTag(kind: 2, record: .none)

  private static func connect(_ client: LoopRig, _ trust: TLSClient, port: UInt16) throws {
    let target = try loopback(port: port)
    client.post { loop in
      do { _ = try loop.connect(to: target, tls: trust, tag: tag) } catch {
        Issue.record("\(error)")
      }
    }
  }

  private static func connected(_ rig: LoopRig) throws -> SocketID {
    try rig.journal.wait(for: "connection") { events in
      for case .connected(let socket) in events { return socket }
      return nil
    }
  }

  private static func failure(_ rig: LoopRig) throws -> SocketFailure {
    try rig.journal.wait(for: "failure") { events in
      for case .failed(_, let failure) in events { return failure }
      return nil
    }
  }

  @Test("Bytes go in both directions, and a proper end is told as one", arguments: [1, 3])
  func conversation(pieces: Int) async throws {
    try await onOwnThread {
      let material = try ServerMaterial()
      let server = try LoopRig(tls: TLSAcceptor(try material.material()))
      let courier = try Courier(to: server.port, pieces: 1)
      let client = try LoopRig(listens: false)
      try Self.connect(
        client, try material.client(), port: pieces == 1 ? courier.port : server.port)
      let near = try Self.connected(client)
      let far = try Self.connected(server)
      client.send(Array("GET /".utf8), to: near)
      try server.journal.wait(for: "request") { _ in
        server.journal.bytes(from: far) == Array("GET /".utf8) ? () : nil
      }
      let long = (0..<20_000).map { UInt8(truncatingIfNeeded: $0) }
      server.send(long, to: far)
      try client.journal.wait(for: "answer") { _ in
        client.journal.bytes(from: near) == long ? () : nil
      }
      server.post { loop in loop.finish(far) }
      try client.journal.wait(for: .ended(near, cleanly: true))
    }
  }

  @Test("A client that begins with HTTP is told of, and what it is sent is not encrypted")
  func plainText() async throws {
    try await onOwnThread {
      let material = try ServerMaterial()
      let server = try LoopRig(tls: TLSAcceptor(try material.material()))
      for request in [
        "GET / HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1\r\n\r\n", "DELETE /x HTTP/1.1\r\n",
      ] {
        let peer = try RawPeer(port: server.port)
        #expect(peer.send(Array(request.utf8)))
        #expect(try peer.text(5) == "plain")
        #expect(try peer.hasEnded())
      }
    }
  }

  @Test("Garbage fails the handshake, and the connection ends")
  func garbage() async throws {
    try await onOwnThread {
      let material = try ServerMaterial()
      let server = try LoopRig(tls: TLSAcceptor(try material.material()))
      let peer = try RawPeer(port: server.port)
      #expect(peer.send([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]))
      guard case .tls = try Self.failure(server) else {
        Issue.record("\(server.journal.all)")
        return
      }
      #expect(try peer.hasEnded())
    }
  }

  @Test("A peer that sends nothing is no connection yet, and its owner's deadline counts")
  func silence() async throws {
    try await onOwnThread {
      let material = try ServerMaterial()
      let server = try LoopRig(tls: TLSAcceptor(try material.material()))
      let peer = try RawPeer(port: server.port)
      let socket = try server.journal.waitForAccepted()
      server.post { loop in loop.setDeadline(socket, at: loop.now + 1) }
      try server.journal.wait(for: "deadline") { events in
        events.contains { if case .deadline(socket, _) = $0 { true } else { false } } ? () : nil
      }
      #expect(!server.journal.all.contains(.connected(socket)))
      server.post { loop in loop.close(socket) }
      #expect(try peer.hasEnded())
    }
  }

  @Test(
    "Clients are let in by the authorities and demands that a listener has, and those have one number"
  )
  func trust() throws {
    let material = try ServerMaterial()
    let (clients, others) = (try TestAuthority("clients"), try TestAuthority("others"))
    func trust(
      _ authority: TestAuthority?, _ client: TLSAcceptor.ClientCertificates, _ lists: String? = nil
    ) throws -> UInt64 {
      try TLSAcceptor(
        material.material(clients: authority, revocations: lists, client: client)
      ).trust
    }
    let required = try trust(clients, .required)
    #expect(try trust(clients, .required) == required)
    #expect(try trust(clients, .optional) != required)
    #expect(try trust(others, .required) != required)
    #expect(try trust(clients, .required, clients.revocations([])) != required)
  }

  /// An invalid file, and the message about it.
  struct Defect: CustomTestStringConvertible, Sendable {
    let part: TLSAcceptor.Part
    let text: String
    let says: String
    var testDescription: String { says }
  }

  @Test(
    "Each file that is no good is told with the fix",
    arguments: [
      Defect(part: .certificate, text: "", says: "there is no certificate in the file"),
      Defect(
        part: .certificate,
        text: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        says: "the certificate cannot be read"),
      Defect(part: .key, text: "", says: "there is no private key in the file"),
      Defect(
        part: .key, text: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        says: "the key cannot be read"),
      Defect(part: .clientCA, text: "none", says: "there is no certificate in the file"),
      Defect(part: .clientCRL, text: "none", says: "there is no revocation list in the file"),
      Defect(
        part: .clientCRL, text: "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
        says: "the file cannot be read"),
    ])
  func defect(_ defect: Defect) throws {
    let material = try ServerMaterial()
    var files = try material.material(
      clients: material.authority, revocations: material.authority.revocations([]),
      client: .required)
    let text = Array(defect.text.utf8)
    switch defect.part {
    case .certificate: files.certificate = text
    case .key: files.key = SecretBytes(copying: text.span.bytesOfElements)
    case .clientCA: files.clientCA = text
    case .clientCRL: files.clientCRL = text
    }
    let problem = #expect(throws: TLSAcceptor.Problem.self) { _ = try TLSAcceptor(files) }
    #expect(problem?.part == defect.part)
    #expect(problem?.description.hasPrefix(defect.says) == true, "\(problem?.description ?? "")")
    #expect(problem?.hint.isEmpty == false)
  }

  @Test("A key of another certificate, and one that is encrypted, are told as such")
  func keys() throws {
    let material = try ServerMaterial()
    var files = try material.material()
    var other = try ServerMaterial.bytes(try material.authority.issue().key)
    files.key = SecretBytes(taking: &other)
    let mismatch = #expect(throws: TLSAcceptor.Problem.self) { _ = try TLSAcceptor(files) }
    #expect(mismatch?.description == "the key does not belong to the certificate")
    let path = material.authority.path("encrypted.key")
    try TestAuthority.openssl([
      "pkey", "-in", material.server.key, "-aes128", "-passout", "pass:secret", "-out", path,
    ])
    var encrypted = try ServerMaterial.bytes(path)
    files.key = SecretBytes(taking: &encrypted)
    let problem = #expect(throws: TLSAcceptor.Problem.self) { _ = try TLSAcceptor(files) }
    #expect(problem?.description.hasPrefix("the key is encrypted") == true)
  }

  @Test("An acceptor tells when its certificate and its first revocation list end")
  func ends() throws {
    let material = try ServerMaterial()
    let day: Int64 = 86_400_000_000_000
    let now = SystemClock.wall
    let plain = try TLSAcceptor(material.material())
    #expect(plain.nextRevocations == .max)
    #expect((now + day...now + 3 * day).contains(plain.notAfter))
    let lists = try material.authority.revocations([], days: 5)
    let strict = try TLSAcceptor(
      material.material(clients: material.authority, revocations: lists, client: .required))
    #expect((now + 4 * day...now + 6 * day).contains(strict.nextRevocations))
  }
}
