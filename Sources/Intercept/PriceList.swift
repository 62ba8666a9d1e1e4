/// All known prices: those of the user's file first, then the table.
public struct PriceList: Sendable {
    private let file: PriceFile?

    public init(_ file: PriceFile? = nil) { self.file = file }

    /// The lists in the order in which they are asked: `file prices.txt, table 2026-11-29`.
    public var sources: String { (file.map { "\($0.source), " } ?? "") + PriceTable.source }

    /// The price of a model under the name by which its service was asked; nil when no list knows it.
    public func price(of model: String) -> Price? {
        if let file, let prices = file.prices(of: model) {
            return Price(prices: prices, isFinal: true, source: file.source)
        }
        guard let name = PricedName(model), let row = PriceTable.row(name.name) else { return nil }
        var factor = 1.0
        if name.place != .own {
            guard let regional = row.regional else { return nil }
            factor = name.place == .regional ? regional : 1
        }
        let isOwn = name.place == .own
        return Price(
            prices: row.prices, long: row.long, longAbove: row.longAbove, factor: factor,
            fast: isOwn ? row.fast : nil, inUS: isOwn ? row.inUS : nil, webSearch: isOwn ? row.webSearch : nil,
            source: PriceTable.source)
    }

    /// What an answer cost; nil when there is nothing to pay for: no tokens and no searches.
    ///
    /// - Parameters:
    ///   - upstreamModel: The name by which the service was asked; nil when nothing was sent.
    ///   - model: The client's name, for traces that do not say more.
    public func charge(_ usage: Usage?, upstreamModel: String?, model: String?) -> Charge? {
        guard let usage, usage.isBillable, let name = upstreamModel ?? model else { return nil }
        guard let price = price(of: name) else { return .unknown(usage.isEstimate ? .estimate : .model) }
        return price.charge(usage, isSent: upstreamModel != nil)
    }
}

extension Usage {
    /// There is something that could have a price.
    public var isBillable: Bool { prompt + output + (webSearches ?? 0) > 0 }
}

/// A model's name without what does not change its price (version, date, size of the context window), and where it was
/// served.
struct PricedName: Equatable {
    enum Place: Equatable {
        /// The maker's own service.
        case own
        /// Amazon Bedrock: anywhere, or kept in one geography or region.
        case global, regional
    }

    let name: String
    let place: Place

    /// Nil for places whose prices are not in the table.
    init?(_ model: String) {
        var text = model.lowercased()[...]
        if text.hasPrefix("arn:"), let slash = text.lastIndex(of: "/") { text = text[text.index(after: slash)...] }
        if text.hasSuffix("[1m]") { text = text.dropLast(4) }
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        if parts.count > 1, parts[0] == "anthropic" {
            self.init(bedrock: text.dropFirst(parts[0].count + 1), .regional)
        } else if parts.count > 2, parts[1] == "anthropic" {
            // GovCloud has prices of its own.
            if parts[0] == "us-gov" { return nil }
            self.init(bedrock: parts[2], parts[0] == "global" ? .global : .regional)
        } else {
            if text.hasPrefix("claude"), text.hasSuffix("-latest") { text = text.dropLast(7) }
            self.init(name: String(Self.withoutDate(text)), place: .own)
        }
    }

    private init(name: String, place: Place) { (self.name, self.place) = (name, place) }

    private init(bedrock id: Substring, _ place: Place) {
        var name = id
        // `-v1:0`, `-v1`
        if let dash = name.lastIndex(of: "-"), name[dash...].dropFirst().first == "v",
            name[dash...].dropFirst(2).allSatisfy({ $0.isNumber || $0 == ":" })
        {
            name = name[..<dash]
        }
        self.init(name: String(Self.withoutDate(name)), place: place)
    }

    /// `-20251001`, `@20251001`, `-2026-03-05`
    private static func withoutDate(_ name: Substring) -> Substring {
        for (count, marks) in [(9, [0]), (11, [0, 5, 8])] where name.count > count {
            let tail = Array(name.utf8.suffix(count))
            let isDate = tail.indices.allSatisfy { at in
                marks.contains(at)
                    ? tail[at] == UInt8(ascii: "-") || at == 0 && tail[at] == UInt8(ascii: "@")
                    : (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(tail[at])
            }
            if isDate, tail[1] == UInt8(ascii: "2"), tail[2] == UInt8(ascii: "0") { return name.dropLast(count) }
        }
        return name
    }
}
