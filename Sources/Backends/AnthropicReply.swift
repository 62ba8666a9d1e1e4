public import Intercept

/// Nothing to decode: the pipeline relays the bytes and reads them on the side.
public struct AnthropicReply: ReplyDecoder {
    /// A refusal may be mended, so it is read before the client sees it.
    let canMend: Bool
    public let mendsStream: Bool

    public func passesThrough(_ head: UpstreamHead) -> Bool { !(canMend && [400, 422].contains(head.status)) }

    public mutating func head(_ head: UpstreamHead, emit: (MessageEvent) -> Void) throws(TranslationError) {}
    public mutating func feed(_ bytes: Span<UInt8>, emit: (MessageEvent) -> Void) throws(TranslationError) {}
    public mutating func finish(emit: (MessageEvent) -> Void) throws(TranslationError) {}

    /// The words of the service, for the trace.
    public func failure(_ head: UpstreamHead, body: [UInt8]) -> MessageError {
        let message = (try? JSON.parse(body)).flatMap(VendorRefusal.message)
        return MessageError(head.status, nil, message ?? String(decoding: body.prefix(500), as: UTF8.self))
    }
}
