# SPDX-License-Identifier: Apache-2.0
"""Random texts for comparing tokenizers: multilingual, hostile, and made to sit on the splitter's edges."""

import random

# Characters by the class that the splitting pattern sees, several scripts each.
UPPER = "ABCZÀÉÖŽΑΩБЯԱႠǅᾈ𝐀𐐀"
LOWER = "abczàéößžαωбяաა𝐚𐐨"
CASELESS = "ªºʰˈאبतกあア漢字한글ꙮ𠀀ـー々"
MARK = "\u0300\u0301\u0328\u0483\u05b0\u064b\u093e\u0e31\u3099\ufe0f\u20dd\U000e0100"
NUMBER = "0179²½Ⅷ٣五१①𝟘〇"
SPACE = " \t\v\f\x85\u00a0\u1680\u2003\u2028\u2029\u202f\u3000"
NEWLINE = "\r\n"
SYMBOL = (
    "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~¡§©«»€…—“”→≠😀🎉👍🏽🇫🇷\x00\x01\x1c\x1f\x7f\u200b\u200d\ufeff\ufffd\ue000\U0010ffff"
)
CLASSES = [UPPER, LOWER, CASELESS, MARK, NUMBER, SPACE, NEWLINE, SYMBOL]
MARKERS = [
    "[INST]",
    "[/INST]",
    "<s>",
    "</s>",
    "[TOOL_CALLS]",
    "[ARGS]",
    "[THINK]",
    "[IMG]",
    "<SPECIAL_20>",
    "<pad>",
]
WORDS = (
    "the quick Brown fox's don't WE'RE I'll naïve Straße über garçon niño coração Привет мир ΕΛΛΗΝΙΚΑ Ελλάδα "
    "שלום عالم مرحبا नमस्ते สวัสดี 日本語 東京都 中文字符 한국어 안녕하세요 việt İstanbul ıslak ǄABC x86_64 snake_case "
    "camelCase HTTPServer iPhone15 3.14159 1,000,000 https://example.org/a/b?c=d#e user@mail.com "
    "C++ #include "
    '<html> </div> {"k": [1, 2]} \\n \\t ``` -- => ... !!! ??? /* */ // \r\n\r\n \n\n \t\t '
).split(" ")


def random_text(rng: random.Random, pieces):
    """One random text; `pieces` are byte strings of vocabulary entries."""
    kind = rng.randrange(8)
    length = rng.choice([1, 2, 3, 5, 8, 13, 30, 80])
    if kind == 0:  # any code points
        return "".join(chr(random_code_point(rng)) for _ in range(length))
    if kind == 1:  # a few classes, mixed
        chosen = rng.sample(CLASSES, rng.randint(1, 4))
        return "".join(rng.choice(rng.choice(chosen)) for _ in range(length))
    if kind == 2:  # runs of single characters
        return "".join(rng.choice(rng.choice(CLASSES)) * rng.randint(1, 6) for _ in range(length))
    if kind == 3:  # words of many languages
        glue = rng.choice(["", " ", "  ", "\n", "-", "/"])
        return glue.join(rng.choice(WORDS) for _ in range(length))
    if kind == 4:  # vocabulary entries one behind the other
        return b"".join(rng.choice(pieces) for _ in range(length)).decode("utf-8", "replace")
    if kind == 5:  # one letter alphabet: long pieces with many equal merges
        letters = rng.choice(["ab", "aA", "a ", " \n", "ا", "日本", "e\u0301", "=-", "\u00e9e", "0a"])
        return "".join(rng.choice(letters) for _ in range(length * rng.randint(1, 12)))
    if kind == 6:  # repetition
        unit = random_text(rng, pieces)[:8]
        return unit * rng.randint(1, 40)
    return " ".join(rng.choice(MARKERS + WORDS) for _ in range(length))


def random_code_point(rng):
    while True:
        point = rng.randrange(rng.choice([0x80, 0x250, 0x3000, 0x10000, 0x20000, 0x110000]))
        if not 0xD800 <= point <= 0xDFFF:
            return point
