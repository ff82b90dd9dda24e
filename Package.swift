// swift-tools-version: 6.2
import Glibc
import PackageDescription

/// The settings of our Swift targets: the strictest checks of the compiler, and warnings are errors.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableExperimentalFeature("Lifetimes"),
]

func area(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(of name: String, uses dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, swiftSettings: strict)
}

/// How the release binary is linked. The C++ library that the Swift runtime uses is linked in (`Sources/CLinux/linking`
/// makes `-lstdc++` find the archive). The 45,000 relative relocations are packed into 9 KB, instead of one megabyte
/// that is read at the start and stays resident. Packed relocations need glibc 2.36, so older systems do without.
let releaseLinking: [String] = {
  var name = [CChar](repeating: 0, count: 64)  // "glibc 2.36"
  confstr(Int32(_CS_GNU_LIBC_VERSION), &name, name.count)
  let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  let version = text.drop { !$0.isNumber }.split(separator: ".").compactMap { Int($0) }
  let packs = version.count > 1 && (version[0], version[1]) >= (2, 36)
  return ["-use-ld=lld", "-L", "\(Context.packageDirectory)/Sources/CLinux/linking"]
    + (packs ? ["-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"] : [])
}()

let package = Package(
  name: "scorm-gateway",
  products: [.executable(name: "scorm-gateway", targets: ["scorm-gateway"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    // The command line, with one file per subcommand.
    .executableTarget(
      name: "scorm-gateway",
      dependencies: [
        "Diagnosis", "Gateway", "Operator", "Policy", "Rules", "Configuration", "CurlTransport",
        "System",
        "Memory", "SCORMCloudAPI", "TextCoding", "TrafficJournal", "TrafficLog",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict,
      linkerSettings: [.unsafeFlags(releaseLinking, .when(configuration: .release))]),
    // The checks of `doctor`: everything that a gateway needs, before it serves.
    area(
      "Diagnosis",
      uses: [
        "Gateway", "Rules", "Configuration", "CurlTransport", "TokenFetching", "AccessTokens",
        "FleetStore", "RateLimiting",
        "System", "Forwarding", "HTTPMessages", "SCORMCloudAPI", "JSONText", "Memory",
      ]),
    // The composition root: starts parts in dependency order, runs and drains them.
    area(
      "Gateway",
      uses: [
        "Admin", "Operator", "Rules", "Configuration", "CurlTransport", "GatewayServer", "Sandbox",
        "Telemetry", "TokenFetching", "TrafficJournal", "TrafficLog", "AccessTokens", "EventLoop",
        "Fleet", "FleetStore", "System", "Forwarding", "HTTPMessages", "LocalServer", "Memory",
        "RateLimiting",
        "SCORMCloudAPI", "TextCoding", "CRevision",
      ]),
    // Information for operators: explanations, listings, metrics, replays of a log against limits. It works on a
    // running gateway or on settings alone, and starts nothing.
    area(
      "Operator",
      uses: [
        "Rules", "Configuration", "GatewayServer", "Telemetry", "TrafficJournal", "TrafficLog",
        "FleetStore", "Fleet", "System", "Forwarding", "AccessTokens", "RateLimiting",
        "HTTPMessages",
        "SCORMCloudAPI", "JSONText", "TextCoding", "Histograms", "Memory",
      ]),
    // Callers' rights: the least that the recorded calls need, and past calls under new rules.
    area(
      "Policy",
      uses: [
        "Rules", "Configuration", "TrafficLog", "System", "Forwarding", "HTTPMessages",
        "SCORMCloudAPI", "JSONText", "TextCoding", "Memory",
      ]),
    // Compiles settings, once, into what a request looks up.
    area(
      "Rules",
      uses: [
        "Configuration", "Forwarding", "RateLimiting", "AccessTokens", "HTTPMessages",
        "SCORMCloudAPI",
      ]),

    // I/O: sockets, files, clocks, threads.
    area(
      "GatewayServer",
      uses: [
        "EventLoop", "System", "Telemetry", "TrafficLog", "Forwarding", "RateLimiting",
        "AccessTokens",
        "SCORMCloudAPI",
        "HTTPMessages", "TextCoding", "Memory",
      ]),
    // The thread that runs the token manager: its requests, and the state that it publishes.
    area(
      "TokenFetching",
      uses: [
        "CurlTransport", "System", "Fleet", "AccessTokens", "TextCoding", "Memory", "COpenSSL",
      ]),
    // The thread that shares limits, pauses, modes and tokens with other gateways: its connections to the store, and
    // its reports.
    area("FleetStore", uses: ["EventLoop", "System", "Fleet", "RateLimiting", "Memory"]),
    // libcurl: a single request, many requests on one thread, and two simple uses.
    area("CurlTransport", uses: ["EventLoop", "Memory", "CLibcurl", "CZlib"]),
    area("TrafficLog", uses: ["System", "SCORMCloudAPI", "JSONText", "TextCoding", "Memory"]),
    // The searchable record of calls, in SQLite.
    area(
      "TrafficJournal",
      uses: [
        "System", "TrafficLog", "JSONText", "TextCoding", "Histograms", "Memory", "CSQLite",
        "CZstd",
      ]),
    // Counters, histograms, trace contexts and spans.
    area("Telemetry", uses: ["JSONText", "TextCoding", "Histograms", "Memory"]),
    .target(
      name: "Admin", dependencies: ["LocalServer", "JSONText", "TextCoding", "Memory", "CPage"],
      exclude: ["Page"],
      swiftSettings: strict),
    area(
      "Sandbox",
      uses: [
        "CourseContent", "EventLoop", "System", "LocalServer", "SCORMCloudAPI", "COpenSSL",
        "JSONText", "TextCoding", "Memory",
      ]),
    // The contents of a course's zip: manifests of the learning standards, files.
    area("CourseContent", uses: ["TextCoding", "Memory", "CExpat", "CMinizip"]),
    area("LocalServer", uses: ["EventLoop", "System", "HTTPMessages", "JSONText", "Memory"]),
    area("Configuration", uses: ["HTTPMessages", "TextCoding", "Memory", "CLibYAML", "CLinux"]),
    area("EventLoop", uses: ["System", "Memory", "CLinux", "COpenSSL"]),
    // Files, threads, signals, clocks, names, and what the system reports about this process.
    area("System", uses: ["Memory", "CLinux"]),

    // The exchange: values, and decisions over bytes. No sockets, clocks, files or locks here.
    area(
      "Forwarding",
      uses: ["HTTPMessages", "SCORMCloudAPI", "AccessTokens", "JSONText", "TextCoding", "Memory"]),
    area("AccessTokens", uses: ["JSONText", "TextCoding", "Histograms", "Memory"]),
    area("RateLimiting", uses: ["Histograms", "Memory"]),
    // Several gateways that share limits: the store's protocol, its script, leases.
    area("Fleet", uses: ["RateLimiting", "Memory"]),
    area("HTTPMessages", uses: ["TextCoding", "Memory"]),
    area("SCORMCloudAPI", uses: ["TextCoding", "Memory"]),
    // Text formats that several areas read or write: dates, percent escapes, base 64, and similar spellings.
    area("TextCoding", uses: ["Memory"]),
    // Counts in buckets: few fixed ones for metrics, fine ones for percentiles.
    area("Histograms"),
    // JSON: read in pieces of any size, escaped and written.
    area("JSONText", uses: ["Memory"]),
    // Byte buffers, slabs and secrets. Apart from the C wrappers, only this area touches raw memory.
    area("Memory", uses: ["CVectors"]),

    // C, through header-only shims. `linkedLibrary` makes pkg-config optional. Libraries that only read files are
    // linked statically, because each shared library adds to start time and resident memory.
    .target(name: "CLinux", exclude: ["linking"]),
    // Processor features that Swift does not expose.
    .target(name: "CVectors"),
    // Holds the commit that a build was made from.
    .target(name: "CRevision"),
    // The files of the admin page (`Sources/Admin/Page`), as constants.
    .target(name: "CPage"),
    .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    .target(name: "CLibcurl", linkerSettings: [.linkedLibrary("curl")]),
    .target(name: "CLibYAML", linkerSettings: [.linkedLibrary(":libyaml.a")]),
    .target(name: "CSQLite", linkerSettings: [.linkedLibrary(":libsqlite3.a")]),
    .target(name: "CExpat", linkerSettings: [.linkedLibrary(":libexpat.a")]),
    // libz is loaded anyway, because libcurl needs it.
    .target(
      name: "CMinizip", linkerSettings: [.linkedLibrary(":libminizip.a"), .linkedLibrary("z")]),
    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
    // Shared, because libcurl has already loaded it when the gateway starts.
    .target(name: "CZstd", linkerSettings: [.linkedLibrary("zstd")]),

    tests(of: "Memory"),
    tests(of: "Histograms"),
    tests(of: "TextCoding", uses: ["Memory"]),
    tests(of: "JSONText", uses: ["Memory"]),
    tests(of: "HTTPMessages", uses: ["Memory"]),
    tests(of: "SCORMCloudAPI", uses: ["Memory"]),
    tests(of: "AccessTokens", uses: ["JSONText", "Memory"]),
    tests(of: "RateLimiting", uses: ["Histograms", "Memory"]),
    tests(of: "Fleet", uses: ["RateLimiting", "System", "Memory"]),
    tests(
      of: "Forwarding",
      uses: ["HTTPMessages", "SCORMCloudAPI", "AccessTokens", "JSONText", "Memory"]),
    tests(of: "System", uses: ["Memory"]),
    tests(of: "EventLoop", uses: ["System", "Memory", "CLinux"]),
    tests(of: "LocalServer", uses: ["EventLoop", "System", "HTTPMessages", "Memory"]),
    tests(of: "Admin", uses: ["LocalServer"]),
    tests(
      of: "GatewayServer",
      uses: [
        "EventLoop", "System", "TrafficLog", "Forwarding", "RateLimiting", "AccessTokens",
        "SCORMCloudAPI", "HTTPMessages", "Memory",
      ]),
    tests(of: "CurlTransport", uses: ["Memory"]),
    tests(
      of: "TokenFetching", uses: ["System", "Fleet", "AccessTokens", "TextCoding", "Memory"]),
    tests(of: "Configuration", uses: ["Memory"]),
    tests(of: "TrafficLog", uses: ["System", "JSONText", "Memory"]),
    tests(
      of: "TrafficJournal",
      uses: ["JSONText", "TextCoding", "Histograms", "TrafficLog", "System", "Memory"]),
    tests(of: "CourseContent", uses: ["Memory"]),
    tests(of: "Telemetry", uses: ["Histograms", "Memory"]),
    tests(
      of: "Sandbox",
      uses: [
        "EventLoop", "System", "LocalServer", "SCORMCloudAPI", "JSONText", "TextCoding", "Memory",
      ]),
    tests(
      of: "Rules", uses: ["Memory", "Configuration", "AccessTokens", "Forwarding", "RateLimiting"]),
    tests(of: "Operator", uses: ["Rules", "Configuration", "System"]),
    tests(
      of: "Policy",
      uses: [
        "Rules", "Configuration", "TrafficLog", "System", "Forwarding", "HTTPMessages",
        "SCORMCloudAPI", "Memory",
      ]),
    tests(
      of: "Gateway",
      uses: [
        "Diagnosis", "Rules", "Configuration", "GatewayServer", "Sandbox", "SCORMCloudAPI",
        "EventLoop",
        "System", "LocalServer",
        "HTTPMessages", "Memory", "CLinux", "scorm-gateway", "AccessTokens", "Forwarding",
        "RateLimiting", "Telemetry", "TrafficJournal", "TrafficLog",
      ]),
    .testTarget(
      name: "DocumentationTests",
      dependencies: [
        "Admin", "Diagnosis", "Operator", "Rules", "Configuration", "Gateway", "GatewayServer",
        "LocalServer",
        "Forwarding", "Memory", "System", "Telemetry", "TrafficJournal", "TrafficLog",
        "scorm-gateway",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
  ]
)
