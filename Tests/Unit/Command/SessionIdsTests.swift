/// Ids as `sessions` prints them.
import Testing

@testable import claudecodex

struct SessionIdsTests {
    @Test(
        "as much of an id is shown as tells it from the others",
        arguments: [
            ([], 8), (["5f0c1111-2222"], 8), (["01a22830-1a", "01a22830-1b", "5f0c"], 11), (["demo", "demo"], 8),
            (["abcdefgh1", "abcdefgh"], 9),
        ])
    func length(_ ids: [String], _ length: Int) { #expect(Sessions.shownLength(of: ids) == length) }
}
