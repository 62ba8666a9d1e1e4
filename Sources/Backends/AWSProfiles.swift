internal import Intercept

/// The files `~/.aws/config` and `~/.aws/credentials`, read as AWS's own tools read them.
/// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
struct AWSProfiles: Sendable, Equatable {
    /// Sections by their name, properties by their name in lower case.
    typealias Sections = [String: [String: String]]

    /// Both files together; where they disagree, the credentials file wins.
    private(set) var profiles: Sections = [:]
    /// `[sso-session NAME]`
    private(set) var sessions: Sections = [:]
    /// `[services NAME]`
    private(set) var services: Sections = [:]

    /// What is wrong with a file, and where.
    struct Problem: Error, Equatable, CustomStringConvertible {
        let line: Int
        let words: String

        var description: String { "line \(line): \(words)" }
    }

    init() {}

    init(config: String, credentials: String) throws(Problem) {
        let settings = try AWSFileReader(config, isConfig: true)
        profiles = settings.sections[.profile] ?? [:]
        sessions = settings.sections[.session] ?? [:]
        services = settings.sections[.services] ?? [:]
        let keys = try AWSFileReader(credentials, isConfig: false)
        for (name, properties) in keys.sections[.profile] ?? [:] {
            profiles[name, default: [:]].merge(properties) { $1 }
        }
    }

    /// The indented properties of a property: `s3 =` and lines behind it.
    static func nested(_ value: String) -> [String: String] {
        let pairs = value.split(separator: "\n").compactMap { line -> (String, String)? in
            guard let equals = line.firstIndex(of: "=") else { return nil }
            return (HTTPFields.trim(line[..<equals]).lowercased(), HTTPFields.trim(line[line.index(after: equals)...]))
        }
        return Dictionary(pairs) { $1 }
    }
}

/// Reads one of the two files, line by line.
private struct AWSFileReader {
    enum Kind: Hashable { case profile, session, services }

    /// Where properties go.
    private enum Place {
        /// Before the first section.
        case nowhere
        case section(Kind, String)
        /// Inside a section whose name is none.
        case ignored
    }

    private(set) var sections: [Kind: AWSProfiles.Sections] = [:]
    private let isConfig: Bool
    private var place = Place.nowhere
    /// The property that indented lines continue; "" for one whose name is none.
    private var property: String?
    /// The property has no value of its own: indented lines are properties below it.
    private var isNested = false
    private var isDefaultPrefixed = false
    private var number = 0

    init(_ text: String, isConfig: Bool) throws(AWSProfiles.Problem) {
        self.isConfig = isConfig
        for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            let line = line.last == 0x0D ? line.dropLast() : line
            try read(String(decoding: line, as: UTF8.self))
        }
    }

    private mutating func read(_ line: String) throws(AWSProfiles.Problem) {
        guard let first = line.utf8.first, line.utf8.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { return }
        switch first {
        case UInt8(ascii: "#"), UInt8(ascii: ";"): return
        case UInt8(ascii: "["): try begin(line)
        case 0x20, 0x09: try readOn(HTTPFields.trim(line))
        default: try readProperty(line)
        }
    }

    private func problem(_ words: String) -> AWSProfiles.Problem { AWSProfiles.Problem(line: number, words: words) }

    // MARK: Sections

    private mutating func begin(_ line: String) throws(AWSProfiles.Problem) {
        let text = HTTPFields.trim(line.prefix { $0 != "#" && $0 != ";" })
        guard text.hasSuffix("]") else { throw problem("Profile definition must end with ']'") }
        property = nil
        place = section(HTTPFields.trim(text.dropFirst().dropLast()))
        if case .section(let kind, let name) = place {
            sections[kind, default: [:]][name, default: [:]].merge([:]) { $1 }
        }
    }

    private mutating func section(_ title: String) -> Place {
        guard isConfig else { return Self.isName(title) ? .section(.profile, title) : .ignored }
        if title == "default" { return isDefaultPrefixed ? .ignored : .section(.profile, title) }
        let word = title.prefix { $0 != " " && $0 != "\t" }
        let name = HTTPFields.trim(title.dropFirst(word.count))
        guard Self.isName(name) else { return .ignored }
        switch word {
        case "profile":
            if name == "default", !isDefaultPrefixed {
                isDefaultPrefixed = true
                sections[.profile]?["default"] = nil
            }
            return .section(.profile, name)
        case "sso-session": return .section(.session, name)
        case "services": return .section(.services, name)
        default: return .ignored
        }
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { ToolNames.isLegal($0) || "/.%@:+".utf8.contains($0) }
    }

    // MARK: Properties

    private mutating func readProperty(_ line: String) throws(AWSProfiles.Problem) {
        if case .nowhere = place { throw problem("Expected a profile definition") }
        guard let equals = line.firstIndex(of: "=") else { throw problem("Expected an '=' sign defining a property") }
        let name = HTTPFields.trim(line[..<equals]).lowercased()
        guard !name.isEmpty else { throw problem("Property did not have a name") }
        let value = Self.withoutComment(line[line.index(after: equals)...])
        property = name.utf8.allSatisfy(ToolNames.isLegal) ? name : ""
        isNested = value.isEmpty
        set(value)
    }

    /// An indented line.
    private mutating func readOn(_ text: String) throws(AWSProfiles.Problem) {
        if case .nowhere = place { throw problem("Expected a profile definition, found continuation") }
        guard let property else { throw problem("Expected a property definition, found continuation") }
        if isNested {
            guard let equals = text.firstIndex(of: "=") else {
                throw problem("Expected an '=' sign defining a sub-property")
            }
            guard equals > text.startIndex else { throw problem("Sub-property did not have a name") }
        }
        guard case .section(let kind, let name) = place else { return }
        set((sections[kind]?[name]?[property] ?? "") + "\n" + text)
    }

    private mutating func set(_ value: String) {
        guard case .section(let kind, let name) = place, let property, !property.isEmpty else { return }
        sections[kind, default: [:]][name, default: [:]][property] = value
    }

    /// A comment begins with `#` or `;` behind a blank.
    private static func withoutComment(_ text: Substring) -> String {
        var isBlank = true
        for index in text.indices {
            if isBlank, text[index] == "#" || text[index] == ";" { return HTTPFields.trim(text[..<index]) }
            isBlank = text[index] == " " || text[index] == "\t"
        }
        return HTTPFields.trim(text)
    }
}
