/// Finding and replacing text.
import Testing

@testable import Intercept

struct TextSearchTests {
    @Test(
        "every place is replaced, from left to right, none twice",
        arguments: [
            ("aXbX", "X", "--", "a--b--"), ("aaa", "aa", "b", "ba"), ("abc", "", "x", "abc"), ("", "a", "x", ""),
            ("ab", "abc", "x", "ab"), ("é — é", "—", "-", "é - é"), ("XX", "X", "", ""),
        ])
    func replacing(text: String, old: String, new: String, result: String) {
        #expect(text.replacing(old, with: new) == result)
    }

    @Test("the parts around a text, joined with it, are the whole again")
    func parts() {
        #expect("aXbX".parts(around: "X") == ["a", "b", ""])
        #expect("abc".dropFirst().parts(around: "X") == ["bc"])
        #expect("aXbX".parts(around: "X").joined(separator: "X") == "aXbX")
    }
}
