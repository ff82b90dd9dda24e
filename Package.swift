// swift-tools-version: 6.2
import Glibc
import PackageDescription

/// Settings of every Swift target of ours: the compiler's strictest checks, and no warning left standing.
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

/// How the release binary is linked: with the C++ library that the Swift runtime uses inside
/// (`Sources/CLinux/linking` leads `-lstdc++` to the archive), and its 45,000 relative relocations packed into
/// 9 KB, instead of one megabyte that is read at the start and stays. Packed ones need glibc 2.36, so an older
/// system links them plainly.
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
    // The command line, one file a subcommand.
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
    // What `doctor` looks at: everything that a gateway needs, before it serves.
    area(
      "Diagnosis",
      uses: [
        "Gateway", "Rules", "Configuration", "CurlTransport", "TokenFetching", "AccessTokens",
        "FleetStore", "RateLimiting",
        "System", "Forwarding", "HTTPMessages", "SCORMCloudAPI", "JSONText", "Memory",
      ]),
    // The composition root: parts in dependency order, run, drain.
    area(
      "Gateway",
      uses: [
        "Admin", "Operator", "Rules", "Configuration", "CurlTransport", "GatewayServer", "Sandbox",
        "Telemetry", "TokenFetching", "TrafficJournal", "TrafficLog", "AccessTokens", "EventLoop",
        "Fleet", "FleetStore", "System", "Forwarding", "HTTPMessages", "LocalServer", "Memory",
        "RateLimiting",
        "SCORMCloudAPI", "TextCoding", "CRevision",
      ]),
    // What an operator asks: explanations, listings, figures, a log replayed against limits. They look at a gateway
    // that runs, or at settings alone, and start nothing.
    area(
      "Operator",
      uses: [
        "Rules", "Configuration", "GatewayServer", "Telemetry", "TrafficJournal", "TrafficLog",
        "FleetStore", "Fleet", "System", "Forwarding", "AccessTokens", "RateLimiting",
        "HTTPMessages",
        "SCORMCloudAPI", "JSONText", "TextCoding", "Histograms", "Memory",
      ]),
    // Callers' rights: the least that the calls on record need, and calls of the past under new rules.
    area(
      "Policy",
      uses: [
        "Rules", "Configuration", "TrafficLog", "System", "Forwarding", "HTTPMessages",
        "SCORMCloudAPI", "JSONText", "TextCoding", "Memory",
      ]),
    // Settings compiled into what a request looks up, once.
    area(
      "Rules",
      uses: [
        "Configuration", "Forwarding", "RateLimiting", "AccessTokens", "HTTPMessages",
        "SCORMCloudAPI",
      ]),

    // The world: sockets, files, clocks, threads.
    area(
      "GatewayServer",
      uses: [
        "EventLoop", "System", "Telemetry", "TrafficLog", "Forwarding", "RateLimiting",
        "AccessTokens",
        "SCORMCloudAPI",
        "HTTPMessages", "TextCoding", "Memory",
      ]),
    // The thread that runs the token manager: its requests, and what it shows of them.
    area(
      "TokenFetching",
      uses: [
        "CurlTransport", "System", "Fleet", "AccessTokens", "TextCoding", "Memory", "COpenSSL",
      ]),
    // The thread that shares limits, pauses, modes and tokens with other gateways: its connections to the store, what it tells.
    area("FleetStore", uses: ["EventLoop", "System", "Fleet", "RateLimiting", "Memory"]),
    // libcurl: a request, many of them on one thread, and two simple uses.
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
    // What a course's zip says of it: manifests of the learning standards, files.
    area("CourseContent", uses: ["TextCoding", "Memory", "CExpat", "CMinizip"]),
    area("LocalServer", uses: ["EventLoop", "System", "HTTPMessages", "JSONText", "Memory"]),
    area("Configuration", uses: ["HTTPMessages", "TextCoding", "Memory", "CLibYAML", "CLinux"]),
    area("EventLoop", uses: ["System", "Memory", "CLinux", "COpenSSL"]),
    // Files, threads, signals, clocks, names, and what the system says of this process.
    area("System", uses: ["Memory", "CLinux"]),

    // The exchange: values and decisions over bytes. No socket, clock, file or lock in here.
    area(
      "Forwarding",
      uses: ["HTTPMessages", "SCORMCloudAPI", "AccessTokens", "JSONText", "TextCoding", "Memory"]),
    area("AccessTokens", uses: ["JSONText", "TextCoding", "Histograms", "Memory"]),
    area("RateLimiting", uses: ["Histograms", "Memory"]),
    // Several gateways with one budget: the store's protocol, its script, leases.
    area("Fleet", uses: ["RateLimiting", "Memory"]),
    area("HTTPMessages", uses: ["TextCoding", "Memory"]),
    area("SCORMCloudAPI", uses: ["TextCoding", "Memory"]),
    // Forms of text that several areas read or write: dates, percent escapes, base 64, and spellings that are close.
    area("TextCoding", uses: ["Memory"]),
    // Counts in buckets: few and fixed for metrics, fine ones for percentiles.
    area("Histograms"),
    // JSON read in pieces of any size, escaped and written.
    area("JSONText", uses: ["Memory"]),
    // Byte buffers, slabs and secrets: besides the C wrappers the only place that touches raw memory.
    area("Memory", uses: ["CVectors"]),

    // C, through header-only shims. `linkedLibrary` makes pkg-config optional. What faces files only is linked
    // into the binary: each shared library costs the start and the resident memory something.
    .target(name: "CLinux", exclude: ["linking"]),
    // What the processor can do and Swift does not say.
    .target(name: "CVectors"),
    // Room for the commit that a build was made of.
    .target(name: "CRevision"),
    // The files of the admin page (`Sources/Admin/Page`), as constants.
    .target(name: "CPage"),
    .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    .target(name: "CLibcurl", linkerSettings: [.linkedLibrary("curl")]),
    .target(name: "CLibYAML", linkerSettings: [.linkedLibrary(":libyaml.a")]),
    .target(name: "CSQLite", linkerSettings: [.linkedLibrary(":libsqlite3.a")]),
    .target(name: "CExpat", linkerSettings: [.linkedLibrary(":libexpat.a")]),
    // libz is there already: libcurl needs it.
    .target(
      name: "CMinizip", linkerSettings: [.linkedLibrary(":libminizip.a"), .linkedLibrary("z")]),
    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
    // Shared, for libcurl has loaded it by the time the gateway starts.
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
