/// A table for people: columns as wide as they need to be. Where the line is too short, one of them is cut, and those that
/// say least are left out.
struct Table {
    struct Column {
        let title: String
        var isRight = false
        /// Gives way when the table is wider than the terminal.
        var isFlexible = false
        /// Columns with a rank are left out where that is not enough, the highest first.
        var dropRank: Int?
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
        let layout = self.layout(terminal.columns)
        let titles = line(columns.map(\.title), layout)
        return [terminal.paint(titles, .dim)] + rows.map { line($0, layout) }
    }

    /// A column that is shown, and how wide.
    private typealias Place = (column: Int, width: Int)

    /// What a flexible column keeps before others are left out.
    private static let least = 12

    private func layout(_ limit: Int?) -> [Place] {
        var places: [Place] = columns.indices.map { column in
            let cells = [columns[column].title] + rows.map { $0[column] }
            return (column, cells.map { Text.width($0) }.max() ?? 0)
        }
        guard let limit else { return places }
        let dropped = places.filter { columns[$0.column].dropRank != nil }
            .sorted { columns[$0.column].dropRank ?? 0 > columns[$1.column].dropRank ?? 0 }
        for place in dropped where excess(places, limit) > slack(places) {
            places.removeAll { $0.column == place.column }
        }
        if let flexible = places.firstIndex(where: { columns[$0.column].isFlexible }) {
            let width = places[flexible].width
            places[flexible].width = min(width, max(8, width - excess(places, limit)))
        }
        return places
    }

    private func excess(_ places: [Place], _ limit: Int) -> Int {
        places.reduce(0) { $0 + $1.width } + Self.gap.count * (places.count - 1) - limit
    }

    /// How much the flexible column can give way.
    private func slack(_ places: [Place]) -> Int {
        let flexible = places.first { columns[$0.column].isFlexible }
        return flexible.map { max(0, $0.width - Self.least) } ?? 0
    }

    private func line(_ cells: [String], _ places: [Place]) -> String {
        let parts = places.map { place in
            let cell = Text.cut(cells[place.column], place.width)
            return columns[place.column].isRight ? Text.right(cell, place.width) : Text.left(cell, place.width)
        }
        return Text.trimEnd(parts.joined(separator: Self.gap))
    }
}
