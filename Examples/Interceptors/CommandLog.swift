internal import Intercept

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Writes every Bash command that the model asks for into a file, one line each: `CommandLog(path: "commands.log")`.
struct CommandLog: Interceptor {
    private let file: LineFile
    var holdsToolCalls: Bool { true }
    var seesEvents: Bool { false }

    init(path: String) { file = LineFile(path: path) }

    mutating func toolCall(_ call: inout ToolCall, _ exchange: Exchange) async throws -> ToolVerdict {
        guard call.name == "Bash", let command = call.arguments?["command"]?.text else { return .pass }
        let escaped = String(decoding: command.escaped, as: UTF8.self)  // a line feed is written \n
        try await file.append("\(Timestamp.now().rfc3339) \(exchange.session ?? "-") \(escaped)\n")
        return .pass
    }
}

/// The edge: a file that lines are added to. An actor, so that exchanges take turns.
private actor LineFile {
    private let path: String

    init(path: String) { self.path = path }

    func append(_ line: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, write(descriptor, line, line.utf8.count) == line.utf8.count else {
            throw MessageError(500, nil, "\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
