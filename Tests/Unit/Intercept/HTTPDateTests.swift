/// Times in `Date` fields.
import Testing

@testable import Intercept

struct HTTPDateTests {
    @Test(
        "the form of RFC 9110",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.000Z"),
            ("Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59.000Z"),
            ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00.000Z"),
            ("Wed, 31 Dec 2098 12:00:01 GMT", "2098-12-31T12:00:01.000Z"),
        ])
    func parse(text: String, expected: String) { #expect(HTTPDate.parse(text)?.rfc3339 == expected) }

    @Test(
        "anything else is no time",
        arguments: [
            "", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
        ])
    func refuse(text: String) { #expect(HTTPDate.parse(text) == nil) }
}
