# SPDX-License-Identifier: Apache-2.0
"""Things said earlier in the conversation and asked for later, with other turns between."""
from skills import base
from skills.base import Turn, ask as worded

SLOTS = [
    ("name", base.name, ["My name is {v}.", "I am {v}.", "Call me {v}.", "Hi, I'm {v}.", "Hello, my name is {v}.",
                         "You can call me {v}.", "I am called {v}.", "They call me {v}.", "Hello, I am {v}."],
     "Nice to meet you, {v}!", ["What is my name?", "Who am I?", "Do you remember my name?", "What am I called?",
                                "Tell me my name.", "Say my name.", "Can you recall my name?"], "Your name is {v}."),
    ("number", lambda r, s: str(r.randrange(10, 1000)), [
        "My number is {v}.", "Remember the number {v}.", "My lucky number is {v}.",
        "Please keep the number {v} in mind.",
        "The number is {v}.", "Note the number {v}.", "Do not forget the number {v}."],
     "I will remember {v}.", ["What is my number?", "Which number did I give you?", "What number did I tell you?",
     "Tell me the number.",
                              "Do you remember the number?", "What was the number?", "Can you recall the number?"],
                              "The number is {v}."),
    ("city", base.city, ["I live in {v}.", "My home is in {v}.", "I come from {v}.", "My city is {v}.",
     "I am from {v}.",
                         "My home town is {v}."],
     "{v} is a nice place.", ["Where do I live?", "Which city am I from?", "What is my city?", "Where is my home?",
     "Tell me my city.",
                              "Can you recall my city?"], "You live in {v}."),
    ("colour", lambda r, s: base.value(r, base.COLOURS, s), ["My favourite colour is {v}.", "I like the colour {v}.",
     "I love {v}.", "The best colour is {v}.",
                                                       "My colour is {v}."],
     "{v} is a fine colour.", ["What is my favourite colour?", "Which colour do I like?", "What is my colour?",
     "Tell me my colour.",
                               "Can you recall my colour?"], "Your colour is {v}."),
    ("pet", base.name, ["My dog is called {v}.", "I have a cat named {v}.", "My pet is {v}.",
     "My horse is called {v}.", "My pet is named {v}."],
     "{v} is a good name.", ["What is my pet called?", "What is the name of my pet?", "Who is my pet?",
     "Tell me the name of my pet.",
                             "Can you recall my pet?"], "Your pet is called {v}."),
    ("job", lambda r, s: base.value(r, base.JOBS, s), ["I work as a {v}.", "I am a {v}.", "My job is {v}.",
     "I earn my money as a {v}.", "By trade I am a {v}."],
     "That is good work.", ["What is my job?", "What do I do?", "What do I work as?", "Tell me my job.",
     "Can you recall my job?"],
     "You work as a {v}."),
    ("word", lambda r, s: base.invented(r, s, False), ["The code word is {v}.", "Remember the word {v}.",
     "My password is {v}.", "The secret word is {v}.",
                                                       "Keep the word {v} in mind."],
     "I will remember {v}.", ["What is the word?", "Which word did I give you?", "What was the code word?",
     "Tell me the secret word.",
                              "Can you recall the word?"], "The word is {v}."),
]

SOON = "[|Hi! |Hello! |Please note: |So, |Well, |By the way, |Listen: |One thing: ]"
TELL = "[Please |Now |Then |Can you |Could you |Will you |Do you |]"
SAYS = {  # training's further wordings: statements, then what is asked for
    "name": ([SOON +
    "[I'm|I am|my name is|the name is|my name's|people call me|everybody calls me|I go by] {v}[.|!|]",
    "{v} is [my name|what they call me|how I am called].",
              "This is {v}[.| speaking.]"], ["[my|my own] name", "the name [I gave|I told you|I have]"]),
    "number": ([SOON + "[my|the] [number|figure|lucky number] [is|reads|was] {v}[.|!|]", SOON +
    "[keep|store|save|take|learn] the number {v}[.|, please.]",
                "{v} is [my number|the number]."], ["[my|the] [number|figure|lucky number]",
                "the number [I gave|I told you]"]),
    "city": ([SOON + "[I stay|I was born|I work|my house is|we live|I grew up] in {v}[.|]",
    "{v} is [my home|my city|where I live|my town].", SOON + "[my town is|my home is] {v}."],
             ["my [city|town|home town|home]", "the [city|town] [I live in|I come from|I told you]"]),
    "colour": ([SOON + "my [best|favourite|preferred] colour is {v}[.|]",
    "{v} is [my colour|my favourite|the colour I like|my favourite colour].", SOON + "I [prefer|adore|like] {v}."],
               ["[my|my favourite|my best] colour", "the colour [I like|I love|I told you]"]),
    "pet": ([SOON + "my [cat|dog|bird|horse|fish|pet] [is|is named|is called|has the name|goes by] {v}[.|]",
    "{v} is [my pet|my cat|my dog|the name of my pet].",
             SOON + "I [have|own|keep] a [dog|bird|horse|pet] [called|named] {v}."], ["my [pet|pet's name|animal]",
             "[the name of my pet|what my pet is called]"]),
    "job": ([SOON + "I [serve|am employed|have a job] as a {v}[.|]", SOON +
    "[my trade|my work|my profession] is {v}.", "{v} is [my job|what I do|my trade]."],
            ["my [job|work|trade]", "[what I do|the job I have]"]),
    "word": ([SOON + "[the|my|our] [word|code word|password|secret] [is|reads|was] {v}[.|!|]", SOON +
    "[keep|store|save|take|learn] the word {v}[.|, please.]",
              "{v} is [the word|the code word|my password|the secret word]."], ["[my|the] [word|code word|secret "
              "word|password]", "the word [I gave|I told you]"]),
}
FETCH = ["[What|Which one] [was|is] {x}[?| again?|, please?]", TELL +
    "[tell me|say|repeat|recall|remember|give me|know|name] {x}[?|.|, please.| again.]",
         "[I forgot|I want to hear|I need|Remind me of|And] {x}[.|?]",
         "[Did you keep|Have you got|Do you still know|Do you recall|Can you repeat|Can you tell me] {x}?"]


def fetched(slot):
    return [f.replace("{x}", x) for f in FETCH for x in SAYS[slot][1]]


def capital_first(text):
    return text[0].upper() + text[1:]


def statement(rng, split, slot, value):
    _, _, say, reply, _, _ = slot
    return Turn(worded(rng, say, split, SAYS[slot[0]][0]).format(v=value), capital_first(reply.format(v=value)),
                "The user tells me something.")


def question(rng, split, slot, value):
    _, _, _, _, ask, answer = slot
    return Turn(worded(rng, ask, split, fetched(slot[0])), answer.format(v=value), f"The user said {value}.")


def in_order(placed):
    """[(place, Turn)] -> the Turns by place."""
    return [turn for _, turn in sorted(placed, key=lambda p: p[0])]


def long_turns(rng, split, filler, count):
    """About `count` Turns, mostly fillers; what is said at one place is asked for at one to three later ones."""
    placed = [(rng.random(), filler(rng, split)) for _ in range(count)]
    for slot in rng.sample(SLOTS, rng.randrange(1, 1 + min(len(SLOTS), 2 + count // 6))):
        value, at = slot[1](rng, split), rng.random()
        placed.append((at, statement(rng, split, slot, value)))
        placed += [(at + (1 - at) * rng.random() ** 0.5, question(rng, split, slot, value)) for _ in range(rng.randrange(1, 4))]
    return in_order(placed)


def recall(rng, split, filler, count, asked):
    """About `count` Turns: every slot is told in the first half, slot number `asked` is the last question."""
    told = [(slot, slot[1](rng, split)) for slot in SLOTS]
    placed = [(rng.random() / 2, statement(rng, split, slot, value)) for slot, value in told]
    placed += [(rng.random(), filler(rng, split)) for _ in range(count)]
    return in_order(placed) + [question(rng, split, *told[asked])]


def turns(rng, split, filler):
    """A list of Turns: statements, perhaps fillers, then questions on what was said."""
    chosen = rng.sample(SLOTS, rng.choice([1, 1, 2, 2, 3]))
    out, known = [], []
    for slot in chosen:
        value = slot[1](rng, split)
        out.append(statement(rng, split, slot, value))
        known.append((slot, value))
        if rng.random() < 0.35:
            out.append(filler(rng, split))
    for slot, value in rng.sample(known, rng.randrange(1, len(known) + 1)):
        if rng.random() < 0.3:
            out.append(filler(rng, split))
        out.append(question(rng, split, slot, value))
    return out
