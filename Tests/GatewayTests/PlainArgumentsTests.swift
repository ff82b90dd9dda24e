import ArgumentParser
import Testing

@testable import scorm_gateway

@Suite("serve, started plainly")
struct PlainArgumentsTests {
  @Test(
    "Arguments that need no argument parser are read as it reads them",
    arguments: [
      ["serve"],
      ["serve", "-c", "gateway.yaml"],
      ["serve", "--config", "/etc/scorm-gateway/gateway.yaml"],
      ["serve", "--threads", "4"],
      ["serve", "-c", "a b.yaml", "--threads", "256"],
      ["serve", "--threads", "1", "--config", "x"],
    ])
  func same(_ arguments: [String]) throws {
    let plain = try #require(Serving(plainly: arguments[...]))
    let parsed = try #require(ScormGateway.parseAsRoot(arguments) as? ServeCommand)
    #expect(plain == Serving(file: parsed.file, threads: parsed.threads))
  }

  @Test(
    "Every question, mistake and unusual spelling is left to the argument parser",
    arguments: [
      [], ["demo"], ["serve", "--help"], ["--help"], ["serve", "-h"], ["serve", "extra"],
      ["serve", "-c"], ["serve", "-c", ""], ["serve", "-c", "--threads"], ["serve", "-cfile"],
      ["serve", "--config=file"], ["serve", "-c", "a", "-c", "b"], ["serve", "--threads", "0"],
      ["serve", "--threads", "257"], ["serve", "--threads", "two"], ["serve", "--threads", "-1"],
      ["serve", "--threads", "1", "--threads", "2"], ["serve", "--", "-c", "a"], ["help", "serve"],
    ])
  func other(_ arguments: [String]) {
    #expect(Serving(plainly: arguments[...]) == nil)
  }
}
