/// Times as AWS writes them: in header fields, in files, in signatures.
internal import Intercept

extension Timestamp {
    /// Reads `Sat, 21 Nov 2026 12:00:00 GMT`; nil for anything else.
    init?(httpDate text: String) {
        let words = text.split { $0 == " " || $0 == ":" || $0 == "," }
        guard words.count == 8, words[7] == "GMT", let day = Int(words[1]), let year = Int(words[3]),
            let hour = Int(words[4]), let minute = Int(words[5]), let second = Int(words[6]),
            let month = Self.months.firstIndex(of: String(words[2]))
        else { return nil }
        self.init(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Reads `2026-11-21T12:00:00Z`, with or without fractions of a second, and with an offset.
    init?(iso text: String) {
        let bytes = Array(text.utf8)
        func number(_ from: Int, _ count: Int) -> Int? {
            from + count <= bytes.count ? Int(String(decoding: bytes[from..<from + count], as: UTF8.self)) : nil
        }
        guard bytes.count >= 20, let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2)
        else { return nil }
        let zone = bytes[19...].drop { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
        var offset = 0
        if zone.first != UInt8(ascii: "Z"), zone.first != UInt8(ascii: "U") {
            let at = zone.startIndex
            guard zone.count >= 6, let hours = number(at + 1, 2), let minutes = number(at + 4, 2) else { return nil }
            offset = (hours * 3600 + minutes * 60) * (zone[at] == UInt8(ascii: "-") ? -1 : 1)
        }
        guard let plain = Timestamp(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { return nil }
        self.init(nanoseconds: plain.nanoseconds - Int64(offset) * 1_000_000_000)
    }

    /// What stands for all moments that are too far away for us.
    private static let never = Timestamp(nanoseconds: .max / 2)

    /// A moment in UTC, nil when there is no such time; far ones are ``never``. Civil date to days after Howard
    /// Hinnant's published algorithm.
    private init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour),
            (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        guard year < 2116 else {
            self = Self.never
            return
        }
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        self.init(nanoseconds: Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000)
    }
}

extension Timestamp {
    /// `20261121T120903Z`
    var compact: String {
        let time = civil
        return "\(compactDay)T\(Self.padded(time.hour))\(Self.padded(time.minute))\(Self.padded(time.second))Z"
    }

    /// `2026-11-21T12:09:03Z`
    var iso: String { String(rfc3339.prefix(19)) + "Z" }

    /// `20261121`
    var compactDay: String {
        let date = civil
        return "\(date.year)\(Self.padded(date.month))\(Self.padded(date.day))"
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
