// swift-tools-version: 6.2
import PackageDescription

/// The gateway's own settings, but warnings are not errors: a newer compiler must not stop the fuzzing.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableExperimentalFeature("Lifetimes"),
]

/// A part of the gateway, compiled here again: the code that is fuzzed must be instrumented, and its members are
/// `package` or internal. `Gateway` is a link to `Sources`.
func area(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Gateway/\(name)", swiftSettings: strict)
}

let package = Package(
  name: "scorm-gateway-fuzzing",
  targets: [
    // One program for all formats, selected by its first argument. Run it with scripts/fuzz.
    .executableTarget(
      name: "GatewayFuzzer",
      dependencies: [
        "AccessTokens", "Configuration", "Fleet", "Forwarding", "HTTPMessages", "JSONText",
        "Memory",
        "SCORMCloudAPI", "TrafficLog",
      ],
      path: "Fuzzer",
      swiftSettings: strict),
    // Gateways that share limits, in virtual time, optimized. Run it with scripts/fleet-test.
    .executableTarget(
      name: "FleetSimulator", dependencies: ["Fleet", "RateLimiting"], path: "Simulator",
      swiftSettings: strict),

    area("Configuration", uses: ["HTTPMessages", "TextCoding", "Memory", "CLibYAML", "CLinux"]),
    area("TrafficLog", uses: ["System", "SCORMCloudAPI", "JSONText", "TextCoding", "Memory"]),
    area("System", uses: ["Memory", "CLinux"]),
    area(
      "Forwarding",
      uses: ["HTTPMessages", "SCORMCloudAPI", "AccessTokens", "JSONText", "TextCoding", "Memory"]),
    area("AccessTokens", uses: ["JSONText", "TextCoding", "Histograms", "Memory"]),
    area("Fleet", uses: ["RateLimiting", "Memory"]),
    area("RateLimiting", uses: ["Histograms", "Memory"]),
    area("HTTPMessages", uses: ["TextCoding", "Memory"]),
    area("SCORMCloudAPI", uses: ["TextCoding", "Memory"]),
    area("TextCoding", uses: ["Memory"]),
    area("Histograms"),
    area("JSONText", uses: ["Memory"]),
    area("Memory", uses: ["CVectors"]),
    .target(name: "CVectors", path: "Gateway/CVectors"),
    .target(name: "CLinux", path: "Gateway/CLinux", exclude: ["linking"]),
    .target(
      name: "CLibYAML", path: "Gateway/CLibYAML", linkerSettings: [.linkedLibrary("yaml")]),
  ]
)
