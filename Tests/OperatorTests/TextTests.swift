import Operator
import Testing

@Suite("Texts for operators")
struct TextTests {
  @Test(
    "Nanoseconds are told as seconds with three digits, rounded to the nearest",
    arguments: [
      (0, "0.000"), (499_999, "0.000"), (500_000, "0.001"), (999_499_999, "0.999"),
      (999_500_000, "1.000"), (61_042_000_000, "61.042"), (-1_000_000_000, "0.000"),
    ] as [(Int64, String)])
  func seconds(nanoseconds: Int64, text: String) {
    #expect(Seconds.text(nanoseconds) == text)
  }
}
