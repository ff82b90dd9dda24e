internal import EventLoop
internal import Memory
internal import Synchronization
internal import System

/// Where the upstream can be reached, as last resolved.
struct UpstreamAddresses {
  private var addresses: [SocketAddress] = []
  /// Why there are no addresses.
  private(set) var failure: String?
  private var version: UInt64 = 0
  private var position = 0

  var count: Int { addresses.count }

  /// Whether an exchange that asks for an address gets one, or a failure.
  var areKnown: Bool { !addresses.isEmpty || failure != nil }

  /// The address to connect to; nil while there is none.
  var next: SocketAddress? {
    addresses.isEmpty ? nil : addresses[position % addresses.count]
  }

  /// Makes ``next`` return another address.
  mutating func skip() { position &+= 1 }

  mutating func refresh(from resolver: NameResolver) {
    let version = resolver.version.load(ordering: .acquiring)
    guard version != self.version else { return }
    let resolution = resolver.resolution
    self.version = version
    addresses = resolution.addresses
    failure = resolution.failure
  }
}

/// The upstream that new connections lead to.
struct UpstreamDestination: ~Copyable {
  /// ``Generation/upstream``.
  let number: UInt32
  /// Its name in the log.
  var name = ByteBuffer(capacity: 64)
  var addresses = UpstreamAddresses()

  init(_ generation: Generation) {
    number = generation.upstream
    name.put(text: generation.settings.upstreamName)
  }
}
