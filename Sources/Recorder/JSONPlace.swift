/// Where a value stands in a JSON text: the way down to it, as people and as JSON Pointer (RFC 6901) write it.
internal import Intercept

public struct JSONPlace: Sendable, Hashable, CustomStringConvertible {
    public enum Step: Sendable, Hashable {
        case member(String)
        case element(Int)
    }

    public var steps: [Step]

    /// The whole text, or the end of `steps`.
    public init(_ steps: [Step] = []) { self.steps = steps }

    public func member(_ name: String) -> JSONPlace { JSONPlace(steps + [.member(name)]) }

    public func element(_ index: Int) -> JSONPlace { JSONPlace(steps + [.element(index)]) }

    /// `tools[3].input_schema.additionalProperties`; a name that is no plain word stands in quotes. Empty for the whole.
    public var description: String {
        steps.reduce(into: "") { text, step in
            switch step {
            case .element(let index): text += "[\(index)]"
            case .member(let name) where Self.isPlain(name): text += text.isEmpty ? name : ".\(name)"
            case .member(let name):
                var quoted = JSONWriter()
                quoted.string(name)
                text += "[\(String(decoding: quoted.bytes, as: UTF8.self))]"
            }
        }
    }

    /// `/tools/3/input_schema`: `~` is `~0` and `/` is `~1`.
    public var pointer: String {
        steps.map { step in
            switch step {
            case .element(let index): "/\(index)"
            case .member(let name): "/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
            }
        }.joined()
    }

    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "$"):
                    true
                default: false
                }
            }
    }
}
