internal import CSystem

/// What this program is and what it is built on.
enum Version {
    static let number = "0.1.0"

    static var text: String {
        """
        claudecodex \(number)
        \(String(cString: curl_version()))
        zlib/\(String(cString: zlibVersion()))

        """
    }
}
