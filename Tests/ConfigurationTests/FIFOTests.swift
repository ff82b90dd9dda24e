import Foundation
import Glibc
import Testing

@testable import Configuration

/// FIFOs in place of files: reading them may never end, or never begin.
@Suite("Nothing waits for a FIFO", .timeLimit(.minutes(1)))
struct FIFOTests {
  @Test(
    "A FIFO in place of a file is a problem at once, whichever file it is",
    arguments: [
      "apps: [{name: main, id: APP, secret: {file: fifo}}]\n",
      LoadingRig.app + "upstream: {caFile: fifo}\n",
    ])
  func problem(yaml: String) throws {
    let rig = try LoadingRig()
    let path = rig.folder.appendingPathComponent("fifo").path
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let problems = try rig.problems(yaml)
    #expect(problems.count == 1 && problems[0].message.contains("not a regular file"))
  }

  @Test("A FIFO in place of the system's certificates is a problem at once; a device is none")
  func systemCertificates() throws {
    let rig = try LoadingRig()
    let path = rig.folder.appendingPathComponent("fifo").path
    #expect(unsafe mkfifo(path, 0o600) == 0)
    rig.variables["SSL_CERT_FILE"] = path
    let problems = try rig.problems(LoadingRig.app)
    #expect(problems.count == 1 && problems[0].message.contains("not a regular file"))
    rig.variables["SSL_CERT_FILE"] = "/dev/null"
    #expect(try rig.problems(LoadingRig.app).isEmpty)
  }

  @Test("A FIFO in place of the configuration is a problem at once")
  func configuration() throws {
    let rig = try LoadingRig()
    let path = rig.folder.appendingPathComponent("gateway.yaml").path
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let error = #expect(throws: ConfigurationError.self) { _ = try rig.load(file: path) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("not a regular file"))
  }

  @Test("The scopes in use are not written into a FIFO, and nobody waits for its reader")
  func stateFile() throws {
    let rig = try LoadingRig()
    let path = rig.folder.appendingPathComponent("state").path
    #expect(unsafe mkfifo(path + ".new", 0o600) == 0)
    #expect(!StateFile.write("a", to: path))
    #expect(StateFile.read(path) == nil)
  }
}
