import Memory
import Telemetry
import Testing

@Suite("W3C Trace Context")
struct TraceContextTests {
  private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let parent = "00f067aa0ba902b7"

  private func read(_ text: String) -> TraceContext? {
    TraceContext(traceparent: text.utf8.span.bytesOfElements)
  }

  private func written(_ context: TraceContext, span: UInt64) -> String {
    var out = ByteBuffer()
    context.putTraceparent(span: span, into: &out)
    return out.bytes.text
  }

  @Test(
    "A valid traceparent is read, and its trace goes on",
    arguments: [
      ("00-\(trace)-\(parent)-01", true), ("00-\(trace)-\(parent)-00", false),
      ("00-\(trace)-\(parent)-ff", true), ("00-\(trace)-\(parent)-02", false),
      // A later version is read as far as it is known.
      ("01-\(trace)-\(parent)-01", true), ("cc-\(trace)-\(parent)-01-what-comes-next", true),
    ])
  func valid(text: String, isSampled: Bool) throws {
    let context = try #require(read(text))
    #expect(context.isSampled == isSampled)
    #expect(context.span == 0x00f0_67aa_0ba9_02b7)
    #expect(
      written(context, span: 0xAB)
        == "00-\(TraceContextTests.trace)-00000000000000ab-\(isSampled ? "01" : "00")")
  }

  @Test(
    "What is no traceparent is not taken for one",
    arguments: [
      "", "00", "00-\(trace)-\(parent)", "00-\(trace)-\(parent)-0", "00-\(trace)-\(parent)-01-",
      "00-\(trace)-\(parent)-01-more", "ff-\(trace)-\(parent)-01", "cc-\(trace)-\(parent)-01x",
      "00-00000000000000000000000000000000-\(parent)-01", "00-\(trace)-0000000000000000-01",
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-\(parent)-01", "00-\(trace)-00F067AA0BA902B7-01",
      "0x-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-0g", "00_\(trace)-\(parent)-01",
      "00-\(trace)_\(parent)-01", "00-\(trace)-\(parent)_01", " 00-\(trace)-\(parent)-01",
      "00-\(trace)-\(parent)-01, 00-\(trace)-\(parent)-01", "00-\(trace.dropLast())g-\(parent)-01",
    ])
  func invalid(text: String) { #expect(read(text) == nil) }

  @Test(
    "A sampler does what OpenTelemetry's of its name does",
    arguments: [
      ("always_on", nil, true, true, true), ("always_off", nil, false, false, false),
      ("parentbased_always_on", nil, true, true, false),
      ("parentbased_always_off", nil, false, true, false),
      ("traceidratio", "0", false, false, false), ("traceidratio", "1", true, true, true),
      ("parentbased_traceidratio", "0", false, true, false),
    ] as [(String, String?, Bool, Bool, Bool)])
  func samplers(
    name: String, argument: String?, alone: Bool, sampledParent: Bool, otherParent: Bool
  ) throws {
    let sampler = try #require(TraceSampler(name: name, argument: argument))
    for trace: UInt64 in [0, 1, .max, 0x8000_0000_0000_0000] {
      #expect(sampler.samples(traceLow: trace, parent: nil) == alone)
      #expect(sampler.samples(traceLow: trace, parent: true) == sampledParent)
      #expect(sampler.samples(traceLow: trace, parent: false) == otherParent)
    }
  }

  @Test("A ratio of a quarter takes about a quarter of the traces, the same ones each time")
  func ratio() throws {
    let sampler = try #require(TraceSampler(name: "traceidratio", argument: "0.25"))
    var ids = TraceIDs(seed: 7)
    var taken = 0
    for _ in 0..<4000 {
      let id = ids.next()
      let isTaken = sampler.samples(traceLow: id, parent: nil)
      #expect(sampler.samples(traceLow: id, parent: nil) == isTaken)
      if isTaken { taken += 1 }
    }
    #expect(850...1150 ~= taken)
  }

  @Test(
    "Names and ratios that are none are refused",
    arguments: [
      ("sometimes", nil), ("traceidratio", "2"), ("traceidratio", "-1"), ("traceidratio", "half"),
      ("traceidratio", "nan"),
    ] as [(String, String?)])
  func refused(name: String, argument: String?) {
    #expect(TraceSampler(name: name, argument: argument) == nil)
  }
}
