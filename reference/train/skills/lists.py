# SPDX-License-Identifier: Apache-2.0
"""Copy, reverse, count and sort short lists of words or numbers."""
from skills import base
from skills.base import Turn, ask

COPY = ["Repeat: {l}", "Copy this list: {l}", "Say exactly: {l}", "Repeat after me: {l}", "Write this again: {l}",
        "Echo: {l}", "Please repeat {l}", "Copy: {l}", "Repeat this list: {l}"]
REVERSE = ["Reverse: {l}", "Reverse this list: {l}", "Write in reverse order: {l}", "Turn the list around: {l}",
           "Say it backwards: {l}", "List in reverse: {l}", "Please reverse {l}", "Reverse the list {l}"]
COUNT = ["How many items: {l}?", "Count the items: {l}", "How many words are in this list: {l}?", "Count: {l}",
         "How long is this list: {l}?", "How many things do I name: {l}?", "Please count {l}", "Count this list: {l}"]
SORT = ["Sort: {l}", "Sort from small to large: {l}", "Sort these numbers: {l}", "Put in order: {l}",
        "Order these numbers: {l}", "Sort ascending: {l}", "Please sort {l}", "Sort this list: {l}"]
LARGEST = ["Which is the largest: {l}?", "Find the largest of {l}", "What is the maximum of {l}?",
    "Largest number: {l}",
           "Which number is largest in {l}?", "What is the largest number in {l}?"]

TO = "[Please |Now |Can you |Could you |Will you |I want you to |Kindly |]"
WHAT = "[these words|the words|these items|the items|this|my list|the list|the following list|the following|these]"
PATTERNS = {  # training's further wordings
    "copy": [TO + "[repeat|copy|echo|say|write|give back|write out] " + WHAT + "[:| again:| exactly:] {l}", TO +
        "[echo|copy|say|write] {l}",
             "{l}[. Repeat this.|. Copy it.|: say it again.]", "~ [repeat|copy|echo] {l}", "[Repeat|Copy|Echo] ~: {l}"],
    "reverse": [TO + "[reverse|turn around|invert|flip|reverse the order of] " + WHAT + "[:|, please:] {l}",
        "[Backwards|Reversed|In reverse]: {l}",
                TO + "[say|write|list|give|read] " + WHAT +
                " [backwards|in reverse|from the end|from last to first]: {l}",
                TO + "[reverse|turn around|flip|invert] [the items |the words |these ||]{l}",
                "~ [reverse|turn around|flip] [the row |the line |the series ||]{l}", "[Reverse|Flip|Turn around] ~: {l}"],
    "count": [TO + "[count|number|tell me how many are in] " + WHAT + "[:|, please:] {l}",
        "How many [words|items|things|entries] are [there in|in|here]: {l}?",
              "[What is the length of|What is the number of items in|How long is] " + WHAT + ": {l}?",
              "{l}: how many [words|items|things]?", "~ [count|number] {l}", "[Count|How many] ~: {l}[?|]"],
    "sort": [TO + "[sort|order|put in order|arrange|rank] [these numbers|the numbers|these|the following|my list|"
        "the following list]: {l}",
             TO + "[sort|order|arrange|rank] [the numbers |these numbers ||]{l}",
             "[Sorted|Ascending|In order|From small to large]: {l}", "~ [sort|order] ~ {l}", "[Sort|Order] ~ {l}"],
    "largest": ["[What|Which] is the [largest|biggest|maximum|highest] [of|among|in]: {l}?", TO +
        "[find|give|say|tell me|name] the [largest|biggest|highest] [of|among|in] {l}",
                "[Which|What] number is [the largest|the biggest|the highest] [of|among] {l}?",
                "[Largest|Biggest|Maximum] [of|in|among]: {l}", "~ [largest|biggest|highest] ~ {l}[?|]"],
}


def words(rng, split, low=2, high=6):
    count = rng.randrange(low, high + 1)
    out = []
    while len(out) < count:
        w = base.invented(rng, split, rng.random() < 0.5) if rng.random() < 0.25 else base.word(rng, split)
        if w not in out:
            out.append(w)
    return out


def turn(rng, split):
    kind = rng.choice(["copy", "reverse", "count", "sort", "largest"])
    if kind in ("sort", "largest"):
        items = [str(n) for n in rng.sample(range(100), rng.randrange(2, 6))]
    else:
        items = words(rng, split)
        if rng.random() < 0.2:
            items = [str(rng.randrange(100)) for _ in items]
    text = ", ".join(items)
    table = {"copy": COPY, "reverse": REVERSE, "count": COUNT, "sort": SORT, "largest": LARGEST}
    user = ask(rng, table[kind], split, PATTERNS[kind]).format(l=text)
    if kind == "copy":
        return Turn(user, text, "I copy the list.")
    if kind == "reverse":
        return Turn(user, ", ".join(items[::-1]), f"The last is {items[-1]}. I go backwards.")
    if kind == "count":
        steps = ", ".join(f"{i} {w}" for i, w in enumerate(items, 1))
        return Turn(user, str(len(items)), f"I count: {steps}.")
    numbers = sorted(int(n) for n in items)
    if kind == "largest":
        return Turn(user, str(numbers[-1]), f"The largest is {numbers[-1]}.")
    return Turn(user, ", ".join(map(str, numbers)), f"The smallest is {numbers[0]}.")
