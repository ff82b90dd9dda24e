import Dispatch
import Glibc
import Synchronization

/// Runs the simulation of a fleet: `FleetSimulator RUNS [FIRST]`, one seed after the other from FIRST on, on all
/// processors.
@main enum SimulatorMain {
  static func main() {
    let numbers = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
    guard let runs = numbers.first, numbers.count == CommandLine.arguments.count - 1 else {
      print("usage: FleetSimulator RUNS [FIRST SEED]")
      exit(2)
    }
    let first = numbers.dropFirst().first ?? 0
    let clock = ContinuousClock()
    let began = clock.now
    let next = Atomic<UInt64>(first)
    let done = Atomic<UInt64>(0)
    let failures = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) { _ in
      while true {
        let seed = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard seed < first + runs else { return }
        if let broken = FleetPromises.broken(seed) {
          failures.add(1, ordering: .relaxed)
          print("seed \(seed): \(broken)\n  \(FleetPromises.replay(seed))")
          fflush(nil)
        }
        let count = done.wrappingAdd(1, ordering: .relaxed).newValue
        if count % 10_000 == 0 {
          print("\(count) runs, \(failures.load(ordering: .relaxed)) failed")
          fflush(nil)
        }
      }
    }
    let broken = failures.load(ordering: .relaxed)
    let seconds = Double((clock.now - began) / .milliseconds(1)) / 1000
    print("\(runs) runs from seed \(first) in \(seconds) s: \(broken) failed")
    exit(broken == 0 ? 0 : 1)
  }
}
