// swift-tools-version: 6.2
import PackageDescription

/// The same strictness everywhere: Swift 6 mode, callers keep their executor, imports are explicit, warnings are errors.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// `scripts/fuzz` builds the fuzz targets in place of the tests that hold them.
let isFuzzing = Context.environment["CLAUDECODEX_FUZZ"] != nil

/// Programs that time parts of the others: `Benchmarks/measure`.
let isMeasuring = Context.environment["CLAUDECODEX_MEASURE"] != nil

let measure: [Target] = [
    .executableTarget(
        name: "Measure", dependencies: ["Intercept", "Backends"], path: "Benchmarks/measure",
        swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])])
]

let tests: [Target] = [
    .testTarget(
        name: "Unit", dependencies: ["Intercept", "Backends", "Recorder", "claudecodex"], swiftSettings: strict),
    .testTarget(
        name: "Integration", dependencies: ["Intercept", "Backends", "Recorder", "claudecodex"], swiftSettings: strict),
]

let fuzz: [Target] = [
    .executableTarget(
        name: "Fuzz", dependencies: ["Intercept", "Backends"], path: "Tests/Unit/Fuzz",
        swiftSettings: strict + [.define("FUZZ"), .unsafeFlags(["-parse-as-library"])])
]

let package = Package(
    name: "claudecodex",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "claudecodex", targets: ["claudecodex"])],
    targets: [
        .systemLibrary(name: "CSystem"),
        .target(name: "Intercept", dependencies: ["CSystem"], swiftSettings: strict),
        .target(name: "Backends", dependencies: ["Intercept"], swiftSettings: strict),
        .target(name: "Recorder", dependencies: ["Intercept", "CSystem"], swiftSettings: strict),
        .executableTarget(
            name: "claudecodex", dependencies: ["Intercept", "Backends", "Recorder", "CSystem"], swiftSettings: strict),
    ] + (isFuzzing ? fuzz : isMeasuring ? measure : tests)
)
