/// One request and its whole answer, for callers that need no stream: checks and small clients.
public struct FetchedAnswer: Sendable {
    public let head: UpstreamHead
    public let body: [UInt8]
    /// Nil when a connection was used again.
    public let connectMS: Double?
    public let tlsMS: Double?
}

/// Why there was no answer, or none that is whole.
public struct FetchFailure: Error, Sendable {
    /// What failed, in libcurl's words, with the host.
    public let message: String
    /// libcurl's number for it (`CURLE_…`); nil when the time was over.
    public let code: Int?
    /// Nothing was sent, because there are no keys to sign with.
    public let isUnsigned: Bool

    init(message: String, code: Int?, isUnsigned: Bool = false) {
        (self.message, self.code, self.isUnsigned) = (message, code, isUnsigned)
    }
}

extension UpstreamRequest {
    /// With the credentials that it names.
    func signed(at time: Timestamp, _ errands: Errands) async throws -> UpstreamRequest {
        var signed = self
        switch authorization {
        case .none: break
        case .header(let name, let value): signed.headers[name] = value
        case .signer(let signer): signed.headers = try await signer.sign(self, at: time, errands)
        }
        return signed
    }
}

extension Upstream {
    /// Sends a request and waits for the whole answer. Call it on the loop.
    public func fetch(_ request: UpstreamRequest) async throws(FetchFailure) -> FetchedAnswer {
        let signed: UpstreamRequest
        do { signed = try await request.signed(at: .now(), errands) } catch {
            let words = (error as? MessageError)?.message ?? "\(error)"
            throw FetchFailure(message: "nothing could be asked: \(words)", code: nil, isUnsigned: true)
        }
        do throws(TransferError) {
            let transfer = try start(signed)
            defer { transfer.release() }
            let head = try await transfer.readHead()
            let body = try await transfer.plainBody(head)
            return FetchedAnswer(head: head, body: body, connectMS: transfer.connectMS, tlsMS: transfer.tlsMS)
        } catch {
            throw FetchFailure(message: error.message, code: error.code)
        }
    }
}
