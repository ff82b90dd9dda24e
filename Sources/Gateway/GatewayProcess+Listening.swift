internal import Configuration
internal import EventLoop
internal import GatewayServer
internal import Synchronization
internal import System

/// Opens the gateway's listeners: sockets that it was started with, and otherwise addresses that it binds.
extension GatewayProcess {
  static func openListeners(
    _ settings: Settings, _ inherited: InheritedSockets
  ) throws(StartError) -> [SharedListener?] {
    var listeners: [SharedListener?] = []
    for (index, listener) in settings.listeners.enumerated() {
      if let socket = inherited.take(.listener(index)) {
        listeners.append(SharedListener(socket))
      } else {
        listeners.append(SharedListener(try bind(listener, of: settings)))
      }
    }
    return listeners
  }

  static func openAdmin(
    _ settings: Settings, _ inherited: InheritedSockets
  ) throws(StartError) -> ListeningSocket? {
    if let socket = inherited.take(.admin) { return socket }
    guard let admin = settings.admin else { return nil }
    return try bind(
      admin.address, mode: UInt32(admin.socketMode), takesIPv4: settings.takesIPv4(admin.address))
  }
}

/// A socket descriptor that another object owns. It stays open here until ``letGo()``.
final class HeldDescriptor: Sendable {
  private let descriptor: Mutex<Descriptor?>
  let isShared: Bool

  init(_ socket: borrowing ListeningSocket) {
    descriptor = Mutex(socket.duplicate())
    isShared = socket.isShared
  }

  /// The descriptor's number; nil after ``letGo()``.
  var number: Int32? { descriptor.withLock { $0?.number } }

  func letGo() { descriptor.withLock { $0 = nil } }
}

/// Binds a configured listener.
func bind(_ listener: Listener, of settings: Settings) throws(StartError) -> ListeningSocket {
  try bind(
    listener.address, mode: UInt32(listener.socketMode),
    takesIPv4: settings.takesIPv4(listener.address))
}

/// Binds a configured address.
func bind(
  _ address: ListenAddress, mode: UInt32, takesIPv4: Bool = true
) throws(StartError) -> ListeningSocket {
  switch address {
  case .unix(let path):
    do { return try ListeningSocket(unixPath: path, mode: mode) } catch {
      throw StartError(error.description)
    }
  case .tcp(let host, let port):
    guard let numeric = SocketAddress(numericHost: host, port: port) else {
      throw StartError("cannot listen on \(address): it is not a numeric address")
    }
    do { return try ListeningSocket(tcp: numeric, takesIPv4: takesIPv4) } catch {
      throw StartError(error.description)
    }
  }
}
