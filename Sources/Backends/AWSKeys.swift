internal import Intercept

/// An access key of AWS: who signs, with what, and until when.
struct AWSKeys: Sendable, Equatable {
    /// `AKIA…` for a user, `ASIA…` for a session.
    let id: String
    let secret: String
    /// Sent along with keys of a session.
    let token: String?
    /// When they end, where the source says so.
    let expires: Timestamp?

    init(id: String, secret: String, token: String? = nil, expires: Timestamp? = nil) {
        self.id = id
        self.secret = secret
        self.token = token
        self.expires = expires
    }
}
