# SPDX-License-Identifier: Apache-2.0
"""What all skills share: the train/test split, pools of words, and the shape of a turn.

Split: of every explicit pool the last sixth belongs to the test split and the rest to training; generated
names are divided by a checksum. So a held-out prompt differs from training in templates, values and names.
Training alone also draws wordings from patterns and words from anywhere: what it cannot have seen before, it
must copy.
"""
import dataclasses
import re
import zlib

from skills import spelling

TRAIN, TEST = "train", "test"


@dataclasses.dataclass
class Turn:
    """One question and its answer; `think` is the working shown when reasoning_effort is high."""
    user: str
    answer: str
    think: str


def part(pool, split):
    """The half of a pool that a split may use: the last sixth is held out."""
    held = max(1, len(pool) // 6)
    return pool[-held:] if split == TEST else pool[:-held]


def pick(rng, pool, split):
    return rng.choice(part(pool, split))


LOOSE = ("and then also so now please if you can would could just maybe well right next after before that this it when "
         "while once again for me us later soon still even too here there with about from my your our their one more "
         "only really quite kindly first last thing time day way let do be make take give see say all some any").split()


def loose(rng):
    """One to four words of any kind, between which the words that matter must be found."""
    words = (rng.choice(LOOSE) if rng.random() < 0.7 else invented(rng, TRAIN, False) for _ in range(rng.randrange(1, 5)))
    return " ".join(words) + rng.choice(["", "", "", ",", ":"])


def spell(rng, pattern):
    """A pattern such as "[Say|Tell me] it[.|!]" -> one of its wordings; brackets may nest, and ~ stands for loose words."""
    while "[" in pattern:
        pattern = re.sub(r"\[([^\[\]]*)\]", lambda m: rng.choice(m[1].split("|")), pattern)
    return re.sub("~", lambda _: loose(rng), pattern)


def ask(rng, pool, split, patterns=()):
    """A template. In training half come from patterns, if there are any, and some are carelessly written."""
    if split == TEST:
        return pick(rng, pool, split)
    while True:
        text = spell(rng, rng.choice(patterns)) if patterns and rng.random() < 0.5 else pick(rng, pool, split)
        chance = rng.random()
        if chance < 0.08:
            text = text[0].lower() + text[1:]
        elif chance < 0.14 and text[-1] in ".?!":
            text = text[:-1]
        if text not in part(pool, TEST):
            return text


def belongs(text, split):
    return (zlib.crc32(text.encode()) % 6 == 0) == (split == TEST)


ONSETS = ["B", "C", "D", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "T", "V", "W", "Z",
          "Br", "Cl", "Dr", "Fl", "Gr", "Kr", "Pl", "St", "Tr", "Th", "Sh", "A", "E", "I", "O", "U"]
MIDDLES = ["a", "e", "i", "o", "u", "ar", "el", "in", "or", "an", "il", "on", "er", "al", "ia", "ee", "ou"]
ENDS = ["n", "ra", "la", "na", "to", "ko", "vin", "mer", "den", "lia", "s", "x", "rik", "ton", "ma", "bel",
        "dor", "nia", "lo", "rin", "th", "va", "wen", "zo"]
CONSONANTS = ("b c d f g h j k l m n p qu r s t v w x y z ch sh th ph wh br cr dr fr gr pr tr bl cl fl gl pl sl sc sk sm sn "
              "sp st sw spr str").split() + [""]
VOWELS = "a e i o u y ai au ea ee ei ie oa oo ou oi ue".split()
CODAS = ["", "", ""] + "b ck d f g k l m n ng nd nt p r rd rk rt s ss st t th x ll sh ch".split()
REAL_NAMES = ("Anna Ben Clara David Emma Felix Grace Henry Ida Jack Kate Leo Maria Noah Olivia Paul Rosa Sam "
              "Tina Victor Alice Bob Carol Dan Eva Frank Gina Hugo Iris John Laura Mark Nina Oscar Peter Ruth "
              "Simon Tom Vera Will Zoe Adam Bella Carl Diana Eric Fiona George Helen Ivan Julia Karl Lucy Max "
              "Nora Otto Pia Ray Sara Theo Uma Yara Liam Mia Amir Chen Priya Omar Yuki Lars Sven Marta").split()
CITIES = ("Paris London Berlin Rome Madrid Vienna Oslo Lisbon Dublin Prague Warsaw Athens Cairo Tokyo Delhi "
          "Lima Boston Chicago Denver Dallas Miami Seattle Toronto Sydney Lyon Nice Milan Turin Munich Hamburg "
          "Geneva Zurich Porto Seville Valencia Naples Venice Bergen Malmo Helsinki Riga Tallinn Krakow Dakar "
          "Nairobi Accra Tunis Quito Bogota Havana Kyoto Osaka Seoul Manila Hanoi Perth").split()
COLOURS = "red blue green yellow black white orange purple pink brown grey gold silver violet teal".split()
ANIMALS = ("cat dog horse cow sheep goat lion tiger bear wolf fox rabbit mouse frog snake duck goose owl eagle "
           "whale shark seal crab spider bee ant camel zebra monkey turtle otter badger parrot lizard").split()
FOODS = ("bread cheese apple pear grape lemon rice soup pasta pizza salad cake honey butter onion carrot tomato "
         "potato bean mango peach plum olive garlic pepper sugar salt milk coffee tea juice water egg fish").split()
THINGS = ("book chair table lamp clock phone car bike boat train plane ring coin key door window box bag cup "
          "plate knife spoon pen paper map ball rope tent shoe hat coat glove mirror bridge tower garden river "
          "mountain forest island castle stone star cloud wind storm rain snow fire").split()
JOBS = ("teacher doctor nurse baker farmer pilot singer painter writer lawyer driver cook builder sailor actor "
        "gardener librarian engineer chemist tailor dancer judge guide clerk potter").split()
MONTHS = ("January February March April May June July August September October November December").split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
POOLS = [REAL_NAMES, CITIES, COLOURS, ANIMALS, FOODS, THINGS, JOBS]
HELD_OUT = {w.lower() for pool in POOLS + [MONTHS, DAYS] for w in part(pool, TEST)}


def letters(rng):
    """Any letters: a word of the vocabulary, free syllables, pieces of training's own words put together, or a code with digits."""
    chance = rng.random()
    if chance < 0.3 and spelling.vocabulary():
        return spelling.word(rng).lower()
    if chance < 0.5:
        return "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(rng.randrange(1, 4)))
    if chance < 0.9:
        word = ""
        while len(word) < 3:
            for _ in range(rng.randrange(1, 4)):
                source = pick(rng, rng.choice(POOLS), TRAIN).lower()
                at = rng.randrange(len(source) - 1)
                word += source[at:at + rng.randrange(2, 6)]
        return word
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz" + "0123456789" * (chance > 0.97)) for _ in range(rng.randrange(2, 7)))


def invented(rng, split, upper=True):
    """An invented word such as "Trelia"; the split owns it by checksum."""
    while split == TRAIN and rng.random() < 0.6:
        word = letters(rng)
        if belongs(word, split) and belongs(word.capitalize(), split) and word not in HELD_OUT:
            return word.capitalize() if upper else word
    while True:
        word = rng.choice(ONSETS) + rng.choice(MIDDLES) + rng.choice(["", rng.choice("lmnrstv") +
                                                                     rng.choice(MIDDLES)]) + rng.choice(ENDS)
        if belongs(word, split):
            return word if upper else word.lower()


def name(rng, split):
    return pick(rng, REAL_NAMES, split) if rng.random() < 0.25 else invented(rng, split)


def value(rng, pool, split):
    """One of a pool; in training often an invented word in its place, mostly in the pool's own case."""
    if split == TRAIN and rng.random() < 0.5:
        return invented(rng, split, pool[0][0].isupper() != (rng.random() < 0.1))
    return pick(rng, pool, split)


def city(rng, split):
    return pick(rng, CITIES, split) if rng.random() < 0.35 else invented(rng, split)


def word(rng, split):
    """A common noun or colour, or an invented one: words must be copied from the question, not recalled."""
    if rng.random() < 0.3:
        return invented(rng, split, upper=False)
    return value(rng, rng.choice([COLOURS, ANIMALS, FOODS, THINGS, JOBS]), split)


POLITE = ["", "", "", "", "Please: ", "Hey, ", "Hi! ", "Quick question: ", "Tell me: ", "One more thing: "]


def politely(rng, text):
    prefix = rng.choice(POLITE)
    if prefix.endswith(", ") and text[:2] != "I ":
        text = text[0].lower() + text[1:]
    return prefix + text
