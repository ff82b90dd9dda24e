package import Histograms

extension Buckets {
  /// Buckets for times in nanoseconds: 1 ms to 60 s, with each decade divided at 1, 2.5 and 5.
  package static let durations = Buckets(
    milliseconds: [
      1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000,
    ])

  /// Buckets for sizes: 256 B to 256 MiB, each four times the previous one.
  package static let sizes = Buckets(bounds: (0...10).map { Int64(256) << (2 * $0) })
}
