/// Why an upstream exchange failed below HTTP.
struct TransferError: Error, Sendable, CustomStringConvertible {
    /// How far it got.
    enum Stage: String, Sendable { case connect, noAnswer, firstByte, body, cancelled }
    let stage: Stage
    let message: String
    /// libcurl's number for it, where libcurl said so.
    var code: Int?

    var description: String { message }
}
