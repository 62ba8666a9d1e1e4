internal import Intercept
internal import Recorder

/// The answer of `claudecodex context --json`.
extension ContextReport {
    func json(_ damage: TraceScan.Damage) -> [UInt8] {
        var out = JSONWriter()
        out.object { out in
            writeRequest(&out)
            out.array("parts", of: window.parts) { out, part in
                out.object { out in
                    out.field("kind", part.kind.rawValue)
                    out.field("group", ifPresent: part.group)
                    out.field("blocks", part.blocks)
                    out.field("bytes", part.bytes)
                    out.field("tokens", part.tokens)
                    out.field("estimated_tokens", Int(part.estimate.rounded()))
                }
            }
            out.array("heaviest", of: window.heaviest) { out, block in
                out.object { out in
                    out.field("kind", block.kind.rawValue)
                    out.field("path", block.path)
                    out.field("tool", ifPresent: block.tool)
                    out.field("bytes", block.bytes)
                    out.field("tokens", block.tokens)
                    out.field("estimated_tokens", Int(block.estimate.rounded()))
                    out.field("preview", block.preview)
                }
            }
            out.array("growth", of: found.growth.turns) { out, turn in Self.write(turn, &out) }
            out.array("compactions", of: found.growth.compactions) { out, one in
                out.object { out in
                    out.key("before")
                    Self.write(one.before, &out)
                    out.key("after")
                    Self.write(one.after, &out)
                    out.field("asked", one.isAsked)
                }
            }
            out.array("set_aside", of: found.setAside) { out, number in out.int(number) }
            out.field("partial", found.isPartial)
            damage.write(&out)
        }
        out.newline()
        return out.bytes
    }

    private func writeRequest(_ out: inout JSONWriter) {
        let exchange = found.exchange
        out.field("number", ifPresent: exchange.number)
        out.field("id", exchange.id)
        out.field("session", ifPresent: exchange.session)
        out.field("agent", exchange.agent)
        out.field("kind", exchange.kind)
        out.field("ts", exchange.time)
        out.field("model", ifPresent: exchange.model)
        out.field("prompt_tokens", ifPresent: window.counted)
        out.field("estimated_tokens", window.estimate)
        out.field("blocks", window.blocks)
    }

    private static func write(_ turn: ContextGrowth.Turn, _ out: inout JSONWriter) {
        out.object { out in
            out.field("number", turn.number)
            out.field("ts", turn.time)
            out.field("prompt_tokens", turn.prompt)
            out.field("messages", turn.messages)
        }
    }
}
