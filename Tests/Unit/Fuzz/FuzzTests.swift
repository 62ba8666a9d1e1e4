#if !FUZZ
    import Foundation
    import Testing

    /// Samples, and what a repeatable chance makes of them.
    @Suite struct FuzzTests {
        /// Small and always the same: xorshift64*.
        private struct Chance {
            var state: UInt64

            mutating func below(_ limit: Int) -> Int {
                state ^= state >> 12
                state ^= state << 25
                state ^= state >> 27
                return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % max(1, limit)
            }
        }

        private static let fixtures = Chat.fixtures

        /// The samples of a target: files whose first bytes are enough, and inputs that once failed.
        private static func samples(_ target: FuzzTarget) throws -> [[UInt8]] {
            var found = try files(in: "fuzz/\(target.rawValue)").map(Chat.bytes)
            switch target {
            case .json: found += try files(in: "client-requests").map { Array(try Chat.bytes($0).prefix(4000)) }
            case .sse: found += try recordings().map { Array(try Chat.bytes($0).prefix(3000)) }
            case .messages: found += try recordings("anthropic").map { Array(try Chat.bytes($0).prefix(4000)) }
            case .chat: found += try recordings().map { [0] + (try Chat.bytes($0).prefix(6000)) }
            case .responses:
                let cases = try files(in: "openai_responses").map { $0.appendingPathComponent("upstream.bytes") }
                let answers = cases.filter { FileManager.default.fileExists(atPath: $0.path) }
                found += try answers.map { [0] + (try Chat.bytes($0).prefix(6000)) }
            case .head, .chunked, .frames, .converse: break
            }
            return found
        }

        private static func recordings(_ kind: String = "openai_chat") throws -> [URL] {
            let folder = fixtures.appendingPathComponent("recordings/\(kind)")
            let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
            let files = (all?.allObjects as? [URL] ?? []).filter { ["sse", "json", "txt"].contains($0.pathExtension) }
            return files.sorted { $0.path < $1.path }
        }

        private static func files(in folder: String) throws -> [URL] {
            let url = fixtures.appendingPathComponent(folder)
            let files = try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
            return files.filter { $0.pathExtension != "md" }.sorted { $0.path < $1.path }
        }

        private static let words = [
            "\r\n", "\n\n", "\"", "\\u0000", "\\ud83d", "null", "{}", "[]", "data: ", "data: [DONE]\n\n",
            "event: error\n",
            "\u{FEFF}", ": x\n", #""index":0,"#, #""content":"#, #""arguments":"#, "Content-Length: 5\r\n", "chunked",
            "0\r\n",
            #"{"choices":[{"delta":{"content":"x"}}]}"#, "é", "😀",
        ].map { Array($0.utf8) }

        private static func mutated(_ sample: [UInt8], _ other: [UInt8], _ chance: inout Chance) -> [UInt8] {
            var bytes = sample
            for _ in 0...chance.below(4) {
                let at = chance.below(bytes.count + 1)
                let end = min(bytes.count, at + chance.below(40))
                switch chance.below(6) {
                case 0 where at < bytes.count: bytes[at] ^= UInt8(1 << chance.below(8))
                case 1: bytes.removeSubrange(at..<end)
                case 2: bytes.insert(contentsOf: bytes[at..<end], at: at)
                case 3: bytes.insert(contentsOf: words[chance.below(words.count)], at: at)
                case 4: bytes.replaceSubrange(at..<end, with: words[chance.below(words.count)])
                default:
                    let from = chance.below(other.count + 1)
                    bytes = Array(bytes[..<at]) + other[from...]
                }
            }
            return bytes
        }

        @Test("what holds for every input holds for the samples", arguments: FuzzTarget.allCases)
        func samples(target: FuzzTarget) throws {
            for sample in try Self.samples(target) {
                #expect(target.fault(sample) == nil, "\(String(decoding: sample, as: UTF8.self))")
            }
        }

        @Test("and for a thousand mutations of them", arguments: FuzzTarget.allCases)
        func mutations(target: FuzzTarget) throws {
            let samples = try Self.samples(target)
            #expect(samples.count >= 3)
            var chance = Chance(state: 0x9E37_79B9_7F4A_7C15)
            for round in 0..<1000 {
                let sample = samples[round % samples.count]
                let input = Self.mutated(sample, samples[chance.below(samples.count)], &chance)
                if let fault = target.fault(input) {
                    Issue.record("round \(round): \(fault)\n\(Data(input).base64EncodedString())")
                    return
                }
            }
        }
    }
#endif
