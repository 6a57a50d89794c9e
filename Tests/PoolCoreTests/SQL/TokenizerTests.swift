import PoolCore
import Testing

@Suite struct `The SQL tokenizer` {
    private func tokens(_ text: String) -> [String] {
        let bytes = text.utf8.span
        var tokenizer = SQLTokenizer()
        var found: [String] = []
        let all = Array(text.utf8)
        while let token = tokenizer.next(in: bytes) {
            found.append("\(token.kind):\(String(decoding: all[token.content], as: UTF8.self))")
        }
        return found
    }

    @Test(arguments: [
        ("SELECT 1", ["word:SELECT", "number:1"]),
        ("a.b", ["word:a", "sign:.", "word:b"]),
        ("", []),
        ("  \t\n\u{C}\r", []),
        ("straße$1 été", ["word:straße$1", "word:été"]),
        ("\"Ab\"\"c\" x", ["quotedName:Ab\"\"c", "word:x"]),
        ("U&\"d\\0061t\" y", ["quotedName:d\\0061t", "word:y"]),
        ("u&x", ["word:u", "sign:&", "word:x"]),
    ])
    func `finds words and names`(text: String, expected: [String]) {
        #expect(tokens(text) == expected)
    }

    @Test(arguments: [
        ("'a''b' c", ["string:a''b", "word:c"]),
        (#"'a\' b"#, [#"string:a\"#, "word:b"]),
        (#"E'a\' b' c"#, [#"string:a\' b"#, "word:c"]),
        (#"e'\\' c"#, [#"string:\\"#, "word:c"]),
        ("N'x' B'01' X'ff' U&'\\0041'", ["string:x", "string:01", "string:ff", "string:\\0041"]),
        ("like'x'", ["word:like", "string:x"]),
        ("'a'\n 'b' c", ["string:a'\n 'b", "word:c"]),
        ("'a' 'b'", ["string:a", "string:b"]),
        ("'a' -- why\n 'b'", ["string:a' -- why\n 'b"]),
        (#"E'a'"# + "\n" + #"'\' b' c"#, ["string:a'\n'\\' b", "word:c"]),
        ("'never", ["string:never"]),
        (#"E'never\"#, [#"string:never\"#]),
    ])
    func `finds strings`(text: String, expected: [String]) {
        #expect(tokens(text) == expected)
    }

    @Test(arguments: [
        ("$$ SET x; $$ y", ["dollarString: SET x; ", "word:y"]),
        ("$a$ $$ $b$ $a$", ["dollarString: $$ $b$ "]),
        ("$a$ $A$ $a$", ["dollarString: $A$ "]),
        ("$été$x$été$", ["dollarString:x"]),
        ("$1 $23", ["parameter:$1", "parameter:$23"]),
        ("$1$$a$$", ["parameter:$1", "dollarString:a"]),
        ("a$$b", ["word:a$$b"]),
        ("$a b", ["sign:$", "word:a", "word:b"]),
        ("$ $", ["sign:$", "sign:$"]),
        ("$$never", ["dollarString:never"]),
        ("$a$x$a", ["dollarString:x$a"]),
    ])
    func `finds parameters and strings in dollars`(text: String, expected: [String]) {
        #expect(tokens(text) == expected)
    }

    @Test(arguments: [
        ("1.5e-10", ["number:1.5e-10"]),
        (".5 5.", ["number:.5", "number:5."]),
        ("1..10", ["number:1", "sign:..", "number:10"]),
        ("0xFF 0b1_0 1_000", ["number:0xFF", "number:0b1_0", "number:1_000"]),
        ("1e", ["number:1", "word:e"]),
        ("1E'a\\'b'", ["number:1", "string:a\\'b"]),
    ])
    func `finds numbers`(text: String, expected: [String]) {
        #expect(tokens(text) == expected)
    }

    @Test(arguments: [
        ("a -- ' b\nc", ["word:a", "word:c"]),
        ("a -- b\rc", ["word:a", "word:c"]),
        ("a /* b /* c */ ' */ d", ["word:a", "word:d"]),
        ("a /* b", ["word:a"]),
        ("a /*/ b */ c", ["word:a", "word:c"]),
        ("1-1", ["number:1", "sign:-", "number:1"]),
        ("1--1\n2", ["number:1", "number:2"]),
        ("a*/**/b", ["word:a", "sign:*", "word:b"]),
        ("'/*' x", ["string:/*", "word:x"]),
    ])
    func `leaves comments out`(text: String, expected: [String]) {
        #expect(tokens(text) == expected)
    }
}
