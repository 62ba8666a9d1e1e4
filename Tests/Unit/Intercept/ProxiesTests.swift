/// Which proxy stands before which service.
import Testing

@testable import Intercept

struct ProxiesTests {
    private static let both = ["HTTPS_PROXY": "http://s:1", "HTTP_PROXY": "http://p:2", "NO_PROXY": "a.example,.b"]

    @Test(
        "P128: this machine is never reached through a proxy",
        arguments: [
            "http://127.0.0.1:80/x", "http://127.9.9.9", "https://localhost/", "http://LOCALHOST:1", "http://[::1]:80/",
            "http://x.localhost",
        ])
    func loopback(url: String) {
        let route = Proxies(Environment(Self.both)).proxy(for: url)
        #expect(route.proxy == "" && route.except == "*")
        #expect(Proxies.isLoopback(url))
    }

    @Test(
        "other hosts are, whatever they look like",
        arguments: [
            "http://127.example.com", "http://localhost.example.com", "http://example.com/?x=://localhost",
            "http://127.0.0.1@example.com/",
        ])
    func others(url: String) {
        #expect(!Proxies.isLoopback(url))
        #expect(Proxies(Environment(Self.both)).proxy(for: url).proxy == "http://p:2")
    }

    @Test("each scheme has its variable, the common one stands in, the hosts that need none are told")
    func schemes() {
        let both = Proxies(Environment(Self.both))
        #expect(both.proxy(for: "https://a.example") == ("http://s:1", "a.example,.b"))
        #expect(both.proxy(for: "http://a.example") == ("http://p:2", "a.example,.b"))
        let all = Proxies(Environment(["all_proxy": "socks5://q:3", "https_proxy": "http://s:1"]))
        #expect(all.proxy(for: "https://a.example") == ("http://s:1", ""))
        #expect(all.proxy(for: "http://a.example") == ("socks5://q:3", ""))
        #expect(Proxies(Environment()).proxy(for: "https://a.example") == ("", ""))
    }

    @Test(
        "the host of a URL",
        arguments: [
            ("https://Example.com:443/a?b", "example.com"), ("http://u:p@h/", "h"),
            ("http://[FE80::1]:8/x", "[fe80::1]"),
            ("localhost:80", "localhost"), ("http://h#f", "h"), ("http://h?x@y", "h"), ("", ""),
        ])
    func host(url: String, host: String) { #expect(Proxies.host(of: url) == host) }
}
