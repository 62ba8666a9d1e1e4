/// The examples compile where people put them, as they are: interceptors among the files of the program, the backend among
/// the backends, each with its line in the list.
import Foundation
import Testing

struct ExamplesInPlaceTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Where the modules lie that these tests were built with.
    private static let modules: String? = {
        let arguments = CommandLine.arguments.flatMap { [$0, URL(fileURLWithPath: $0).resolvingSymlinksInPath().path] }
        let places = arguments.flatMap { path in
            sequence(first: URL(fileURLWithPath: path)) { $0.path == "/" ? nil : $0.deletingLastPathComponent() }
                .map { $0.appendingPathComponent("Modules").path }
        }
        return places.first { FileManager.default.fileExists(atPath: "\($0)/Intercept.swiftmodule") }
    }()

    private static func files(_ folder: String) throws -> [String] {
        let folder = root.appendingPathComponent(folder)
        return try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
            .sorted()
            .map { folder.appendingPathComponent($0).path }
    }

    /// Type-checks the files as one module, with the settings of Package.swift; gives what the compiler complains about.
    private static func complaints(_ module: String, _ files: [String]) throws -> String {
        let manifest = try String(contentsOf: root.appendingPathComponent("Package.swift"), encoding: .utf8)
        let features = manifest.components(separatedBy: "enableUpcomingFeature(\"").dropFirst().flatMap {
            ["-enable-upcoming-feature", String($0.prefix { $0 != "\"" })]
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["swiftc", "-typecheck", "-parse-as-library", "-swift-version", "6", "-warnings-as-errors"] + features + [
                "-module-name", module, "-I", try #require(modules), "-Xcc",
                "-fmodule-map-file=\(root.path)/Sources/CSystem/module.modulemap",
            ] + files
        let output = Pipe()
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return process.terminationStatus == 0 ? "" : "exit \(process.terminationStatus): \(text)"
    }

    /// A file of the sources with a line in front of another one, in a folder of its own.
    private static func list(_ path: String, adding line: String, before mark: String, in folder: URL) throws -> String
    {
        let text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
        let place = try #require(text.range(of: mark))
        let copy = folder.appendingPathComponent(URL(fileURLWithPath: path).lastPathComponent)
        try text.replacingCharacters(in: place, with: line + mark).write(to: copy, atomically: true, encoding: .utf8)
        return copy.path
    }

    private static func check(_ module: String, _ list: String, _ line: String, _ mark: String, _ added: [String])
        throws
        -> String
    {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let changed = try Self.list("Sources/\(module)/\(list)", adding: line, before: mark, in: folder)
        let sources = try files("Sources/\(module)").filter { !$0.hasSuffix("/\(list)") }
        return try complaints(module, sources + added + [changed])
    }

    @Test("interceptors: a file in Sources/claudecodex and a line in Interceptors.swift")
    func interceptors() throws {
        let lines = """
            BashTimeout(most: 60_000), Budget(most: 200_000), CannedAnswer(prompt: "ping", answer: "pong"),
            CommandLog(path: "commands.log"), CutNotice(), Leash(), ProjectFence(folder: "/srv/project"),
            SecretMask(secrets: ["hunter2"]), SystemReminder(text: "Answer in French."), TokenCap(most: 8192),
            ToolStrip(names: ["WebFetch"]), Wording(word: "utilize", by: "use"), Minder5(),

            """
        let added = try Self.files("Examples/Interceptors") + Self.files("Examples/Tutorial")
        #expect(added.count == 17)
        let complaints = try Self.check("claudecodex", "Interceptors.swift", lines, "ToolGuard(settings.denied)", added)
        #expect(complaints == "")
    }

    @Test("backends: a file in Sources/Backends and an element of Registry.all")
    func backends() throws {
        let added = try Self.files("Examples/Backends")
        #expect(added.count == 1)
        #expect(
            try Self.check("Backends", "Registry.swift", "OllamaNative.self, ", "OpenAICompatible.self", added) == "")
    }

    @Test("a mistake is noticed")
    func mistake() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).swift")
        defer { try? FileManager.default.removeItem(at: file) }
        let text = "internal import Intercept\n\nstruct Hasty: Interceptor { let sink = Nothing() }\n"
        try text.write(to: file, atomically: true, encoding: .utf8)
        #expect(try Self.complaints("Hasty", [file.path]).contains("cannot find 'Nothing' in scope"))
    }
}
