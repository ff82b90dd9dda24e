package import Configuration
internal import EventLoop
internal import Synchronization
package import System

/// Matches the sockets that this process was started with to listeners.
package enum SocketSeats {
  /// A listener, by its index in the configuration, or the admin address.
  package enum Seat: Hashable, Sendable {
    case listener(Int)
    case admin
  }

  /// A socket that a supervisor passes to this process.
  package struct Offer: Sendable {
    package var number: Int32
    /// The supervisor's name for it; nil if it has none.
    package var name: String?
    package var kind: InheritedDescriptor.Kind

    package init(number: Int32, name: String?, kind: InheritedDescriptor.Kind) {
      self.number = number
      self.name = name
      self.kind = kind
    }

    fileprivate var title: String {
      "descriptor \(number)" + (name.map { " (\($0))" } ?? "")
    }
  }

  /// Why the sockets cannot be used, one line each.
  package struct Mismatch: Error, Equatable, CustomStringConvertible {
    package let problems: [String]
    package var description: String { problems.joined(separator: "\n") }
  }

  /// The sockets passed by the variables of sd_listen_fds(3); none if the variables are meant for another process.
  ///
  /// - Parameter kind: returns what kind of descriptor a number is.
  package static func offers(
    process: String?, count: String?, names: String?, ownProcess: Int32,
    kind: (Int32) -> InheritedDescriptor.Kind
  ) throws(Mismatch) -> [Offer] {
    guard let count, let process, process == "\(ownProcess)" else { return [] }
    guard let number = Int32(count), (0...mostOffers).contains(number) else {
      throw Mismatch(problems: ["LISTEN_FDS=\(count): expected 0 to \(mostOffers) sockets"])
    }
    let list = names.map {
      $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }
    if let list, list.count != Int(number) {
      throw Mismatch(problems: [
        "LISTEN_FDS hands over \(number) sockets, and LISTEN_FDNAMES has \(list.count) names"
      ])
    }
    return (0..<number).map { index in
      let name = list?[Int(index)]
      return Offer(
        number: firstNumber + index, name: name?.isEmpty == false ? name : nil,
        kind: kind(firstNumber + index))
    }
  }

  private static let firstNumber: Int32 = 3
  private static let mostOffers: Int32 = 256

  /// Finds the listener of each offer: the one with its name (``Keys/adminSocketName`` for the admin address),
  /// otherwise the one with its address. The order never matters: if it did, reordering lines in a file would give
  /// callers of one listener the rights of another's.
  package static func assign(
    _ offers: [Offer], _ settings: Settings
  ) throws(Mismatch) -> [Seat: (offer: Offer, address: SocketAddress)] {
    var seats: [Seat: (offer: Offer, address: SocketAddress)] = [:]
    var problems: [String] = []
    for offer in offers {
      guard case .listening(let address) = offer.kind else {
        problems.append("\(offer.title) of LISTEN_FDS is not a stream socket that listens")
        continue
      }
      guard let seat = seat(of: offer, at: address, settings) else {
        problems.append(
          "\(offer.title) of LISTEN_FDS listens at \(address), and no listener has that name or address: "
            + names(settings))
        continue
      }
      if let problem = problem(of: address, in: seat, settings) {
        problems.append("\(offer.title) of LISTEN_FDS listens at \(address): \(problem)")
      } else if let other = seats[seat] {
        problems.append(
          "\(offer.title) of LISTEN_FDS is for the same listener as \(other.offer.title)")
      } else {
        seats[seat] = (offer, address)
      }
    }
    guard problems.isEmpty else { throw Mismatch(problems: problems) }
    return seats
  }

  private static func seat(
    of offer: Offer, at address: SocketAddress, _ settings: Settings
  ) -> Seat? {
    if let name = offer.name {
      if let index = settings.listeners.firstIndex(where: { $0.name == name }) {
        return .listener(index)
      }
      if name == adminName, settings.admin != nil { return .admin }
    }
    if let index = settings.listeners.firstIndex(where: { $0.address.isAt(address) }) {
      return .listener(index)
    }
    return settings.admin?.address.isAt(address) == true ? .admin : nil
  }

  /// The name of the admin address's socket.
  package static let adminName = "admin"

  private static func names(_ settings: Settings) -> String {
    let listeners = settings.listeners.map {
      $0.name == $0.address.description ? $0.name : "\($0.name) (\($0.address))"
    }
    let admin = settings.admin.map { ["\(adminName) (\($0.address))"] } ?? []
    return "there are " + (listeners + admin).joined(separator: ", ")
  }

  /// Callers may need no credentials, so a matching name alone does not admit a socket that the configuration does not
  /// describe.
  private static func problem(
    of address: SocketAddress, in seat: Seat, _ settings: Settings
  ) -> String? {
    let configured: ListenAddress
    let allowRemote: Bool
    switch seat {
    case .listener(let index):
      configured = settings.listeners[index].address
      allowRemote = settings.listeners[index].allowRemote
    case .admin:
      guard let admin = settings.admin else { return nil }
      configured = admin.address
      allowRemote = admin.allowRemote
    }
    let isUnix = if case .unix = configured { true } else { false }
    if isUnix != (address.unixPath != nil) {
      return "the configuration has \(configured) there, a socket of another kind"
    }
    if !address.isLocal, !allowRemote {
      return "other machines can reach it; set allowRemote: true if that is intended"
    }
    return nil
  }
}

extension ListenAddress {
  /// Whether a socket at `address` is a listener of this setting. Port 0 matches any port.
  func isAt(_ address: SocketAddress) -> Bool {
    switch self {
    case .unix(let path): return address.unixPath == path
    case .tcp(let host, let port):
      guard port != 0, let numeric = SocketAddress(numericHost: host, port: port) else {
        return false
      }
      return numeric.description == address.description
    }
  }
}

/// Listening sockets that the process was started with, until their listeners take them.
package final class InheritedSockets: Sendable {
  /// One inherited socket.
  package struct Socket: Sendable {
    package var number: Int32
    package var address: SocketAddress
    /// Whether the process that made it keeps listening with it.
    package var isShared: Bool
    /// The file of a Unix socket that this process owns from now on.
    var file: UnixSocketFile?

    init(number: Int32, address: SocketAddress, isShared: Bool, file: UnixSocketFile? = nil) {
      self.number = number
      self.address = address
      self.isShared = isShared
      self.file = file
    }
  }

  private let sockets: Mutex<[SocketSeats.Seat: Socket]>

  /// No inherited sockets.
  package static var none: InheritedSockets { InheritedSockets(sockets: [:]) }

  package init(sockets: [SocketSeats.Seat: Socket]) { self.sockets = Mutex(sockets) }

  /// The sockets of a supervisor, which keeps them open.
  package convenience init(
    _ seats: [SocketSeats.Seat: (offer: SocketSeats.Offer, address: SocketAddress)]
  ) {
    self.init(
      sockets: seats.mapValues {
        Socket(number: $0.offer.number, address: $0.address, isShared: true)
      })
  }

  /// The seats that have a socket.
  package var seats: Set<SocketSeats.Seat> { sockets.withLock { Set($0.keys) } }

  /// Takes the socket for `seat`; nil if there is none or it was already taken.
  func take(_ seat: SocketSeats.Seat) -> ListeningSocket? {
    guard let socket = sockets.withLock({ $0.removeValue(forKey: seat) }) else { return nil }
    return ListeningSocket(
      inherited: Descriptor(owning: socket.number), at: socket.address, isShared: socket.isShared,
      file: socket.file)
  }
}
