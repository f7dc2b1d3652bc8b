#!/usr/bin/env python3
"""Writes the Unicode tables of the WordPiece tokeniser by asking Hugging Face's `tokenizers` about every code point.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install tokenizers
    /tmp/venv/bin/python scripts/unicode-tables.py Sources/DistilBERT/Tokenizer/UnicodeTables.generated.swift

Token ids must equal that library's on every input, and the library mixes Unicode versions (its idea of a combining mark
is older than its idea of a decomposition), so that no table of one Unicode version would do. Each stage of its
BertNormalizer and BertPreTokenizer is run alone on all 0x110000 code points, and what it answers is written down. That a
stage treats each code point by itself, apart from canonical reordering, is what makes the answers sufficient; the
assertions below check the rest of what the Swift code relies on. Needs only `tokenizers`; takes about 10 seconds.

With `--digests` it prints what `UnicodeStagesTests` expects, in about a minute.
"""
import functools
import sys

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

# Flags of one code point; the Swift type `UnicodeProperties.Flags` has the same bits.
REMOVED = 1 << 0  # clean_text removes it
SPACE = 1 << 1  # clean_text makes it a space
CHINESE = 1 << 2  # handle_chinese_chars puts spaces around it
WHITESPACE = 1 << 3  # the pre-tokeniser splits at it and drops it
PUNCTUATION = 1 << 4  # the pre-tokeniser makes it a word of its own
STRIPPED = 1 << 5  # strip_accents leaves nothing of it
DECOMPOSES = 1 << 6  # strip_accents makes it something else (a table, or arithmetic for Hangul syllables)
LOWERCASES = 1 << 7  # lowercase makes it something else
WORD = 1 << 8  # \w, for added tokens with single_word
ORDER_SHIFT = 9  # 3 bits: the place in canonical ordering, see `orders`

HANGUL = range(0xAC00, 0xAC00 + 11172)
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def stage(**only):
    """One stage of BertNormalizer, alone."""
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**off, **only}).normalize_str


clean, chinese = stage(clean_text=True), stage(handle_chinese_chars=True)
strip, lower = stage(strip_accents=True), stage(lowercase=True)
nfd = normalizers.NFD().normalize_str


def is_starter(character):
    """Whether nothing is reordered across it. U+0345 has the highest combining class there is, U+0334 the lowest."""
    return nfd("\u0345" + character)[0] == "\u0345" and nfd(character + "\u0334")[0] == character


def orders():
    """Place in canonical ordering by code point: absent = starter; 1 = reordered but always stripped; 2… = the rank among
    those that stay after stripping, the only ones whose order can be seen."""
    moving = [chr(c) for c in CODE_POINTS if nfd(chr(c)) == chr(c) and not is_starter(chr(c))]
    place = {m: 1 for m in moving}
    compare = lambda a, b: (nfd(a + b) == b + a and a != b) - (nfd(b + a) == a + b and a != b)
    staying = sorted((m for m in moving if strip(m) != ""), key=functools.cmp_to_key(compare))
    rank = 2
    for previous, current in zip([None] + staying, staying):
        if previous is not None and compare(previous, current) != 0:
            rank += 1
        place[current] = rank
        assert lower(current) == current, "reordered characters have no lower case"
    assert rank < 8, "three bits hold the rank"
    return place


def words():
    """What the regular expression \\w matches, seen through an added token with single_word."""
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.add_tokens([AddedToken("q", single_word=True, normalized=False)])
    q = tokenizer.token_to_id("q")
    return {c for c in CODE_POINTS if q not in tokenizer.encode(chr(c) + "q").ids}


def flags_by_code_point(place):
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    word = words()
    for c in CODE_POINTS:
        s = chr(c)
        flags = 0
        cleaned = clean(s)
        assert cleaned in (s, "", " ")
        if cleaned != s:
            flags |= SPACE if cleaned == " " else REMOVED
        if chinese(s) != s:
            assert chinese(s) == " " + s + " "
            flags |= CHINESE
        parts = [part for part, _ in split("a" + s + "b")]
        if parts == ["a", "b"]:
            flags |= WHITESPACE
        elif parts == ["a", s, "b"]:
            flags |= PUNCTUATION
        else:
            assert parts == ["a" + s + "b"]
        stripped, decomposed = strip(s), nfd(s)
        if stripped != s:
            flags |= DECOMPOSES if stripped else STRIPPED
            # The Swift code looks at the first code point's place only, and then appends what stays.
            assert stripped == "".join(map(strip, decomposed))
            for i, d in enumerate(decomposed):
                if d not in place and strip(d) == "":
                    assert not any(e in place and strip(e) for e in decomposed[:i])
        else:
            assert decomposed == s
        order = place.get(decomposed[0], 0)
        assert not (order and flags & (WHITESPACE | PUNCTUATION | CHINESE))
        if lower(s) != s:
            flags |= LOWERCASES
        if c in word:
            flags |= WORD
        yield c, flags | order << ORDER_SHIFT


def property_runs(place):
    """`length.flags` of each run of equal flags, from U+0000 on, hexadecimal."""
    runs = []  # [first, flags]
    for c, flags in flags_by_code_point(place):
        if not runs or runs[-1][1] != flags:
            runs.append([c, flags])
    ends = [first for first, _ in runs[1:]] + [0x110000]
    return [f"{end - first:x}.{flags:x}" for (first, flags), end in zip(runs, ends)]


def decompositions():
    """`step.code.points`: what strip_accents makes of a code point, which is `step` after the one before it."""
    out, previous = [], 0
    for c in CODE_POINTS:
        stripped = strip(chr(c))
        if c in HANGUL:
            i = c - 0xAC00
            jamo = [0x1100 + i // 588, 0x1161 + i % 588 // 28] + ([0x11A7 + i % 28] if i % 28 else [])
            assert stripped == "".join(map(chr, jamo)), "Hangul decomposes by arithmetic"
        elif stripped not in ("", chr(c)):
            out.append(".".join(f"{n:x}" for n in [c - previous] + list(map(ord, stripped))))
            previous = c
    return out


def lowercase_runs():
    """`step.count.stride.difference`: `count` code points, `stride` apart, the first of them `step` after the last of the
    run before; each becomes itself plus `difference`."""
    mapping = {c: lower(chr(c)) for c in CODE_POINTS if lower(chr(c)) != chr(c)}
    assert mapping.pop(0x130) == "i\u0307", "the one that the Swift code knows"
    assert all(len(v) == 1 for v in mapping.values()), "no other becomes several"
    runs = []  # [first, count, stride, difference]
    for c, v in mapping.items():
        difference = ord(v) - c
        if runs:
            first, count, stride, d = runs[-1]
            last = first + (count - 1) * stride
            if d == difference and c - last <= 2 and (count == 1 or stride == c - last):
                runs[-1] = [first, count + 1, c - last, d]
                continue
        runs.append([c, 1, 1, difference])
    out, previous = [], 0
    for first, count, stride, difference in runs:
        sign = "-" if difference < 0 else ""
        out.append(f"{first - previous:x}.{count:x}.{stride:x}.{sign}{abs(difference):x}")
        previous = first + (count - 1) * stride
    return out


def literal(name, doc, records):
    lines, line = [], ""
    for record in records:
        if len(line) + len(record) > 118:
            lines.append(line)
            line = ""
        line += record + " "
    lines.append(line)
    body = "\n".join("    " + l.rstrip() for l in lines)
    return f'  /// {doc}\n  static let {name}: StaticString = """\n{body}\n    """\n'


def digest(text, normalizer):
    """FNV-1a of the words that the library makes of a text, each followed by a line feed."""
    words = pre_tokenizers.BertPreTokenizer().pre_tokenize_str(normalizer.normalize_str(text))
    value = 0xCBF29CE484222325
    for byte in "".join(word + "\n" for word, _ in words).encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"0x{value:016X}"


def digests(place):
    everything = "".join("a" + chr(c) for c in CODE_POINTS)
    print("clean_text, handle_chinese_chars, strip_accents, lowercase: digest of every code point")
    for options in [(1, 1, 1, 1), (1, 1, 0, 1), (1, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 0)]:
        print(options, digest(everything, normalizers.BertNormalizer(*map(bool, options))))
    marks = sorted(mark for mark, order in place.items() if order >= 2)
    between = ["", "\u0301", "\ufe0f", "\u0001", "b"]
    swaps = "".join("a" + x + between[i % len(between)] + y for x in marks for i, y in enumerate(marks))
    print("every two marks", digest(swaps, normalizers.BertNormalizer(True, True, True, True)))


def main():
    place = orders()
    if sys.argv[1] == "--digests":
        return digests(place)
    tables = [
        literal("propertyRuns", "`length.flags` of each run of code points of equal flags, from U+0000 on.", property_runs(place)),
        literal("decompositions", "`step.code.points`: what is left of a code point when accents are stripped.", decompositions()),
        literal("lowercaseRuns", "`step.count.stride.difference` of each run of code points with a lower case.", lowercase_runs()),
    ]
    with open(sys.argv[1], "w", encoding="ascii") as f:
        f.write(
            "// Generated by scripts/unicode-tables.py; do not edit. It says what each number means.\n"
            f"// Answers of Hugging Face `tokenizers` {tokenizers.__version__} for every code point, in hexadecimal.\n\n"
            "/// What the reference tokeniser does with each code point; `UnicodeProperties` reads it.\n"
            "enum UnicodeTables {\n" + "\n".join(tables) + "}\n"
        )


main()
