internal import CSystem

/// What this program is and what it is built on.
enum Version {
    static let number = "0.1.0"
    /// When this version was made, for the manual page.
    static let date = "2026-11-29"

    static var text: String {
        """
        claudecodex \(number)
        \(Text.wrap(String(cString: curl_version()), 78))
        zlib/\(String(cString: zlibVersion()))

        """
    }
}
