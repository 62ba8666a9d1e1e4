/// Addresses to listen on.
import Testing

@testable import Intercept

struct ListenAddressTests {
    static let validForms: [(String, ListenAddress, String, Bool)] = [
        ("127.0.0.1:8082", .tcp(host: "127.0.0.1", port: 8082), "http://127.0.0.1:8082", true),
        ("[::1]:8082", .tcp(host: "::1", port: 8082), "http://[::1]:8082", true),
        (":0", .tcp(host: "127.0.0.1", port: 0), "http://127.0.0.1:0", true),
        ("8082", .tcp(host: "127.0.0.1", port: 8082), "http://127.0.0.1:8082", true),
        ("localhost:1", .tcp(host: "localhost", port: 1), "http://localhost:1", true),
        ("0.0.0.0:65535", .tcp(host: "0.0.0.0", port: 65_535), "http://0.0.0.0:65535", false),
        ("[::]:80", .tcp(host: "::", port: 80), "http://[::]:80", false),
        ("127.example.com:80", .tcp(host: "127.example.com", port: 80), "http://127.example.com:80", false),
        ("unix:/tmp/x.sock", .unix(path: "/tmp/x.sock"), "unix:/tmp/x.sock", true),
    ]

    @Test("each form is understood", arguments: validForms)
    func valid(text: String, address: ListenAddress, url: String, isLoopback: Bool) throws {
        let parsed = try ListenAddress(parsing: text)
        #expect(parsed == address && parsed.url == url && parsed.isLoopback == isLoopback)
        #expect(try ListenAddress(parsing: parsed.description) == parsed)
    }

    @Test(
        "what is no address is refused by name",
        arguments: [
            "", "127.0.0.1", "host:", ":65536", ":-1", "host:port", "[::1]", "unix:",
            "unix:/\(String(repeating: "x", count: 120))",
        ])
    func invalid(text: String) {
        let error = #expect(throws: ConfigError.self) { try ListenAddress(parsing: text) }
        #expect(error?.description.contains("listen address \(text):") ?? false)
    }

    @Test("an address in use says what to do")
    func inUse() {
        let error = ListenError(address: .tcp(host: "127.0.0.1", port: 80), code: 98)
        #if os(Linux)
            #expect(error.isInUse && error.description.contains("--port"))
        #endif
        #expect(!ListenError(address: .unix(path: "/x"), code: 13).isInUse)
    }
}
