internal import Intercept

/// Thinking blocks that another service left in the conversation: who signed them, and what becomes of them.
enum ForeignThinking {
    enum Fate {
        case kept, dropped
        /// The text goes on, the signature does not.
        case unsigned
    }

    static func fate(of block: JSON, _ rule: Quirks.Thinking) -> Fate {
        let isRedacted = block["type"]?.equals("redacted_thinking") ?? false
        let signer = isRedacted ? .anthropic : Signer(block["signature"])
        switch (rule, signer) {
        case (_, .unknown), (.signedOnly, .anthropic), (.ourEnvelopesDropped, .anthropic): return .kept
        case (.signedOnly, .nobody): return .dropped
        case (_, .nobody): return .kept
        case (.foreignUnsigned, _): return isRedacted ? .dropped : .unsigned
        default: return .dropped
        }
    }

    /// The block with an empty signature.
    static func unsigned(_ block: JSON) -> [UInt8] {
        var out = JSONWriter(capacity: block.range.count)
        out.beginObject()
        for (key, value) in block.members {
            out.value(key)
            out.verbatim(":")
            if key.equals("signature") { out.string("") } else { out.value(value) }
        }
        out.endObject()
        return out.bytes
    }

    /// Who signed a block, by the form of its signature.
    private enum Signer {
        case nobody, anthropic, unknown
        /// Our own envelope (`ccx1.…`), made from another service's reasoning.
        case us

        init(_ signature: JSON?) {
            guard let signature, signature.isString, !signature.isEmptyString else {
                self = .nobody
                return
            }
            let text = signature.raw.dropFirst().dropLast()
            if text.starts(with: ThinkingEnvelope.mark.utf8) {
                self = .us
            } else {
                self = Self.isAnthropic(text) ? .anthropic : .unknown
            }
        }

        /// Anthropic's are base64 of a message that begins with its field 1 or 2, and never short: of 53 in recorded
        /// answers the shortest has 252 letters.
        private static func isAnthropic(_ text: ArraySlice<UInt8>) -> Bool {
            guard text.count >= 200, let first = text.first else { return false }
            guard first == UInt8(ascii: "E") || first == UInt8(ascii: "C") else { return false }
            return text.allSatisfy { byte in
                (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || (0x2F...0x39).contains(byte)
                    || byte == 0x2B || byte == 0x3D
            }
        }
    }
}
