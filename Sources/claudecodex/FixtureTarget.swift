#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import Recorder

/// Where an exported fixture goes: its folder is there wholly, or not at all.
struct FixtureTarget {
    private let folder: FixtureFolder
    private let parent: String
    let path: String

    init(_ folder: FixtureFolder, in directory: String) {
        self.folder = folder
        parent = "\(directory)/\(folder.backend)"
        path = "\(parent)/\(folder.name)"
    }

    var exists: Bool { Files.exists(path) }

    func write() throws(Failure) {
        let draft = "\(parent)/.\(folder.name)-\(getpid())"
        Files.makeDirectory(draft)
        for file in folder.files where !Files.create("\(draft)/\(file.name)", file.bytes) {
            throw failure(file.name, draft)
        }
        if rename(draft, path) != 0 { throw failure("", draft) }
    }

    /// What went wrong last; nothing is left of the draft.
    private func failure(_ name: String, _ draft: String) -> Failure {
        let reason = Unreadable.system().reason
        for file in folder.files { unlink("\(draft)/\(file.name)") }
        rmdir(draft)
        return Failure(.cannotWrite, "cannot write \(path)\(name.isEmpty ? "" : "/\(name)"): \(reason)")
    }
}
