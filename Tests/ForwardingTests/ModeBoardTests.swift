import Testing

@testable import Forwarding

@Suite("Modes that an operator sets meanwhile")
struct ModeBoardTests {
  @Test("the strictest of those that apply holds")
  func strictest() {
    var board = ModeBoard()
    #expect(board.mode(of: .all, .caller(1)) == .normal)
    board.set(.readOnly, for: .all, at: 0)
    board.set(.frozen, for: .caller(1), at: 0)
    board.set(.dryRun, for: .caller(2), at: 0)
    #expect(board.mode(of: .all, .caller(1)) == .frozen)
    #expect(board.mode(of: .all, .caller(2)) == .readOnly)
    #expect(board.mode(of: .all, .caller(3)) == .readOnly)
    #expect(board.mode(of: .app(0)) == .normal)
    #expect(OperatingMode.allCases.map(\.name) == ["normal", "dry-run", "read-only", "frozen"])
    #expect(OperatingMode.allCases == OperatingMode.allCases.sorted())
  }

  @Test("one target has one mode, and normal takes it away")
  func replaces() {
    var board = ModeBoard()
    #expect(board.set(.frozen, for: .app(2), at: 5, until: 9) == true)
    #expect(board.set(.readOnly, for: .app(2), at: 6) == true)
    #expect(board.entries == [.init(target: .app(2), mode: .readOnly, since: 6, until: nil)])
    #expect(board.nextEnd == nil)
    #expect(board.set(.normal, for: .app(2), at: 7) == true)
    #expect(board.set(.normal, for: .app(2), at: 7) == false)
    #expect(board.isEmpty)
  }

  @Test("a mode ends at its time, not before, and the others stay")
  func ends() {
    var board = ModeBoard()
    board.set(.frozen, for: .caller(0), at: 0, until: 100)
    board.set(.readOnly, for: .caller(1), at: 0, until: 200)
    board.set(.dryRun, for: .all, at: 0)
    #expect(board.nextEnd == 100)
    #expect(board.expire(at: 99).isEmpty)
    #expect(board.expire(at: 100).map(\.target) == [.caller(0)])
    #expect(board.nextEnd == 200)
    #expect(board.mode(of: .caller(0)) == .normal)
    #expect(board.entries.count == 2)
  }
}
