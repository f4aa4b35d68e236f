# SPDX-License-Identifier: Apache-2.0
"""Copy, reverse, count and sort short lists of words or numbers."""
from skills import base
from skills.base import Turn, pick

COPY = ["Repeat: {l}", "Copy this list: {l}", "Say exactly: {l}", "Repeat after me: {l}", "Write this again: {l}",
        "Echo: {l}", "Please repeat {l}", "Copy: {l}", "Repeat this list: {l}"]
REVERSE = ["Reverse: {l}", "Reverse this list: {l}", "Write in reverse order: {l}", "Turn the list around: {l}",
           "Say it backwards: {l}", "List in reverse: {l}", "Please reverse {l}", "Reverse the list {l}"]
COUNT = ["How many items: {l}?", "Count the items: {l}", "How many words are in this list: {l}?", "Count: {l}",
         "How long is this list: {l}?", "How many things do I name: {l}?", "Please count {l}", "Count this list: {l}"]
SORT = ["Sort: {l}", "Sort from small to large: {l}", "Sort these numbers: {l}", "Put in order: {l}",
        "Order these numbers: {l}", "Sort ascending: {l}", "Please sort {l}", "Sort this list: {l}"]
LARGEST = ["Which is the largest: {l}?", "Find the largest of {l}", "What is the maximum of {l}?", "Largest number: {l}",
           "Which number is largest in {l}?", "What is the largest number in {l}?"]


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
    user = pick(rng, table[kind], split).format(l=text)
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
