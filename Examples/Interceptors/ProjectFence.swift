internal import Intercept

/// Lets the file tools write inside one folder only: `ProjectFence(folder: "/srv/project")`. Shell commands and symbolic
/// links can still lead elsewhere; `--deny-tool` holds back the former.
struct ProjectFence: Interceptor {
    let folder: String
    var isRequired: Bool { true }
    var holdsToolCalls: Bool { true }
    var seesEvents: Bool { false }

    mutating func toolCall(_ call: inout ToolCall, _ exchange: Exchange) async throws -> ToolVerdict {
        guard ["Write", "Edit", "MultiEdit", "NotebookEdit"].contains(call.name) else { return .pass }
        // All of them: a member that occurs twice is read differently by different readers.
        let paths =
            call.arguments?.members.filter { $0.key.equals("file_path") || $0.key.equals("notebook_path") } ?? []
        if !paths.isEmpty, paths.allSatisfy({ isInside($0.value.string ?? "") }) { return .pass }
        return .deny("\(call.name) was not run: files may be written in \(folder) only.")
    }

    /// Whether a path leads into the folder once `.` and `..` are followed.
    private func isInside(_ path: String) -> Bool {
        guard path.hasPrefix("/") else { return false }
        var steps: [Substring] = []
        for step in path.split(separator: "/") where step != "." {
            if step == ".." { _ = steps.popLast() } else { steps.append(step) }
        }
        return steps.starts(with: folder.split(separator: "/"))
    }
}
