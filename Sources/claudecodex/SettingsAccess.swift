internal import Intercept

/// Who may connect, among the settings.
extension Settings {
    /// What clients must show.
    enum Token: Equatable {
        case given(AccessToken)
        /// A new one for each proxy.
        case made

        /// The token of one proxy.
        func token() -> AccessToken {
            switch self {
            case .given(let token): token
            case .made: .random()
            }
        }
    }

    static func token(_ lookup: Lookup) throws(Failure) -> Token? {
        guard let setting = try lookup(.token) else { return nil }
        if setting.text == "auto" { return .made }
        guard let token = AccessToken(setting.text) else {
            // The text may be a real secret with a mistake in it: it is not repeated.
            throw Failure(
                setting.strength == .flag ? .usage : .configuration,
                "\(setting.source): expected auto, or \(AccessToken.leastLength) to 200 letters, digits and -._~",
                hints: ["openssl rand -hex 32 makes a good one"])
        }
        return .given(token)
    }

    static func hosts(_ lookup: Lookup) throws(Failure) -> [String] {
        var hosts: [String] = []
        for setting in try lookup.list(.allowHost, separators: [",", "\n"]) {
            let isName = setting.text.allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-")
            }
            guard isName, !setting.text.isEmpty else {
                throw setting.failure("expected a host's name without a port, for example host.docker.internal")
            }
            hosts.append(setting.text.lowercased())
        }
        return hosts
    }

    /// An address that other machines reach needs a token, and the user's own word: a folder's `.env` does not count.
    static func checked(
        _ address: ListenAddress, _ setting: Setting, _ lookup: Lookup
    ) throws(Failure) -> ListenAddress {
        if address.isOfThisMachine { return address }
        let problem = "\(setting.source) \(address): other machines could use your keys through this address"
        if setting.strength == .dotEnv {
            throw .configuration(problem, "a folder's .env may not open it; if the file is yours: --env-file .env")
        }
        if try token(lookup) != nil { return address }
        throw .configuration(
            problem, "set an access token, which clients must show: CLAUDECODEX_TOKEN=..., or --token auto",
            "or reach a loopback address from elsewhere: ssh -L 8082:127.0.0.1:8082 HOST")
    }
}
