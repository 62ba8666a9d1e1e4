/// How many bytes the bodies of all open requests may hold together, and how many they hold. Belongs to the loop's thread.
final class BodyBudget: @unchecked Sendable {
    let limit: Int
    private(set) var held = 0

    init(limit: Int) { self.limit = limit }

    /// Whether there is room for more; if so it is taken.
    func take(_ bytes: Int) -> Bool {
        guard held + bytes <= limit else { return false }
        held += bytes
        return true
    }

    func give(_ bytes: Int) { held -= bytes }
}
