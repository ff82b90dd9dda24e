package import Configuration
internal import HTTPMessages
internal import LocalServer
internal import Sandbox
package import System

/// A simulated SCORM Cloud that listens at an address of this machine.
package final class SandboxService: Sendable {
  private let service: LocalService
  private let sender: PostbackSender

  /// The base URL of its API.
  package var apiURL: String { "http://\(service.address)/api/v2" }
  /// The URL where tests control it.
  package var controlURL: String { "http://\(service.address)/sandbox/" }
  /// The URL of its record of calls.
  package var callsURL: String { "http://\(service.address)/sandbox/calls" }
  package var address: SocketAddress { service.address }

  /// The credentials that it accepts without configuration.
  package static let defaultApp = (id: "SANDBOX", secret: "sandbox-secret")

  package init(
    listen: ListenAddress, options: SandboxOptions = SandboxOptions(), clock: TimeSource = .system
  ) throws(StartError) {
    let socket = try bind(listen, mode: 0o660)
    var settings = LocalServerSettings(hosts: .any, refusesBrowserPages: false)
    settings.bodyFolder = options.folder
    let sender: PostbackSender
    do { sender = try PostbackSender() } catch { throw StartError("sandbox: \(error)") }
    self.sender = sender
    do {
      service = try LocalService.start(
        name: "sandbox", listeningOn: socket, settings: settings, clock: clock,
        makeResponder: {
          var settings = options.settings
          settings.postbacks = sender.port
          return SimulatedCloud(
            settings: settings, realTime: { Int(clock.wall / 1_000_000) })
        })
    } catch {
      sender.stop()
      throw StartError("sandbox: \(error)")
    }
    sender.tell { [service] in service.callAttention() }
  }

  package func stop() {
    service.stop(within: 2)
    sender.stop()
  }
}
