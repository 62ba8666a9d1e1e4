/// A table for people: columns as wide as they need to be, one of them cut where the line is too short.
struct Table {
    struct Column {
        let title: String
        var isRight = false
        /// Gives way when the table is wider than the terminal.
        var isFlexible = false
    }

    private let columns: [Column]
    private var rows: [[String]] = []
    private static let gap = "  "

    init(_ columns: [Column]) { self.columns = columns }

    /// One cell for each column; control characters become visible.
    mutating func add(_ cells: [String]) {
        rows.append(columns.indices.map { $0 < cells.count ? Text.printable(cells[$0]) : "" })
    }

    /// The lines, titles first, without spaces at their ends.
    func lines(_ terminal: Terminal) -> [String] {
        let widths = self.widths(terminal.columns)
        let titles = line(columns.map(\.title), widths)
        return [terminal.paint(titles, .dim)] + rows.map { line($0, widths) }
    }

    private func widths(_ limit: Int?) -> [Int] {
        var widths = columns.indices.map { column in
            ([columns[column].title] + rows.map { $0[column] }).map { Text.width($0) }.max() ?? 0
        }
        guard let limit, let flexible = columns.firstIndex(where: \.isFlexible) else { return widths }
        let total = widths.reduce(0, +) + Self.gap.count * (widths.count - 1)
        widths[flexible] = min(widths[flexible], max(8, widths[flexible] - (total - limit)))
        return widths
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let parts = columns.indices.map { column in
            let cell = Text.cut(cells[column], widths[column])
            return columns[column].isRight ? Text.right(cell, widths[column]) : Text.left(cell, widths[column])
        }
        return Text.trimEnd(parts.joined(separator: Self.gap))
    }
}
