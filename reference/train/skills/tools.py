# SPDX-License-Identifier: Apache-2.0
"""Tool calls: choosing among unseen tools, exact arguments, two calls, results, and not calling."""
import json

from skills import arithmetic, base, facts, unknown
from skills.base import TRAIN, ask, pick

VERBS = {  # -> how somebody says it
    "get": ["Get", "Show me", "Give me", "I need"], "find": ["Find", "Look for", "Search"],
    "book": ["Book", "Reserve", "Please book"], "send": ["Send", "Please send", "Deliver"],
    "create": ["Create", "Make", "Add"], "delete": ["Delete", "Remove", "Erase"], "open": ["Open", "Please open"],
    "close": ["Close", "Shut"], "play": ["Play", "Start"], "order": ["Order", "Buy"],
    "count": ["Count", "How many are in"], "print": ["Print", "Please print"], "check": ["Check", "Test", "Look at"],
    "move": ["Move", "Shift"], "set": ["Set", "Change"], "read": ["Read", "Read me"],
    "save": ["Save", "Store", "Keep"], "translate": ["Translate", "Please translate"],
    "list": ["List", "Show all of"], "rent": ["Rent", "I want to rent"], "fetch": ["Fetch", "Bring me"],
    "update": ["Update", "Renew"], "cancel": ["Cancel", "Call off"], "lock": ["Lock", "Please lock"],
}
NOUNS = (
    "weather table room ticket message letter file song light door order price taxi flight hotel note alarm event "
    "task report user photo video route map invoice parcel recipe book word meeting timer device account card bill "
    "lesson game score lamp heater camera contact address forecast playlist printer garage balance station schedule"
).split()


def small(rng, split):
    return rng.randrange(1, 100)


def free_text(rng, split):
    return " ".join(base.word(rng, split) for _ in range(rng.randrange(1, 4)))


PARAMS = [  # name, type, maker, natural phrases
    ("city", "string", base.city, ["in {v}", "for {v}"]),
    ("name", "string", base.name, ["for {v}", "named {v}"]),
    ("day", "string", lambda r, s: base.value(r, base.DAYS, s), ["on {v}", "for {v}"]),
    ("count", "integer", small, ["{v} times", "with count {v}"]),
    ("month", "string", lambda r, s: base.value(r, base.MONTHS, s), ["in {v}", "for {v}"]),
    ("colour", "string", lambda r, s: base.value(r, base.COLOURS, s), ["in {v}"]),
    ("people", "integer", small, ["for {v} people"]),
    ("text", "string", free_text, ["saying {v}", "with the text {v}"]),
    ("item", "string", lambda r, s: base.value(r, base.THINGS, s), ["of the {v}"]),
    ("hour", "integer", lambda r, s: r.randrange(24), ["at {v}"]),
    ("food", "string", lambda r, s: base.value(r, base.FOODS, s), ["with {v}"]),
    ("person", "string", base.name, ["to {v}", "with {v}"]),
    ("minutes", "integer", small, ["for {v} minutes"]),
    ("price", "integer", small, ["for {v} euros"]),
    ("id", "integer", lambda r, s: r.randrange(1000), ["number {v}"]),
    ("level", "integer", small, []),
    ("size", "integer", small, []),
    ("title", "string", free_text, []),
    ("code", "string", lambda r, s: base.invented(r, s, False), []),
    ("room", "string", lambda r, s: base.invented(r, s), []),
    ("start", "string", base.city, ["from {v}"]),
    ("target", "string", base.city, ["to {v}"]),
    ("user_id", "integer", lambda r, s: r.randrange(1000), []),
    ("file_name", "string", lambda r, s: base.invented(r, s, False), []),
    ("max_price", "integer", small, []),
    ("team", "string", base.name, []),
    ("speed", "integer", small, []),
    ("language", "string", base.name, []),
    ("page", "integer", small, ["from page {v}"]),
    ("days", "integer", small, ["for {v} days"]),
]
GENERIC = ["with {p} {v}", "{p} {v}", "{p}: {v}", "using {p} {v}", "where the {p} is {v}", "and {p} = {v}"]
ASKING = ("get", "find", "check", "read", "fetch")
SORRY = "I have no tool for that."
DESCRIPTIONS = ["{v} [the|a] {n} [in|for|of|at] [a|the|one] {p}[.|]", "[Lets you|Use this to|Tool to] {v} [the|a] {n}[.|]",
                "~ {n} ~[.|]"]
ASKED_DESCRIPTIONS = ["[Current|Latest|Any] {n} [in|for|of] [a|the] {p}[.|]", *DESCRIPTIONS]
REASONS = ["not found", "no access", "too late", "timeout", "bad value", "out of stock", "server busy"]
RESULTS = (
    "temperature wind price seats status distance total rain gate floor time colour speed owner level winner size number "
    "place weight"
).split()
GENERIC_PATTERNS = [
    "[given|having|by|taking|on] {p} {v}",
    "{p} [is|equal to|set to|being] {v}",
    "[the|whose|its] {p} [is|being|must be] {v}",
    "[with|for|given] [a|the] {p} of {v}",
]
QUESTION_PATTERNS = [
    "[What was|Which is|How was|How about|I want to know|I ask for|Find out|Can you say|Can you tell me|Let me know|I would like to see|"
    "Do you have|Is there news on] the",
    "[Name|Report|State|Tell|Let me hear|Let me see|Please say] [me |][how|what|which] [is|was|are] the",
]
REQUEST_PATTERNS = [
    "[Can you|Will you|I want you to|I would like you to|Now|Kindly|Then|Next|May I ask you to|You should] [please |]{u}[.|?|]",
    "{t}[.|!| now.| for me.| at once.]",
    "[Hello,|Hi,|So,|OK,|Hey,] {u}[.|]",
    "[My wish|A task|To do|Next]: {u}[.|]",
    "[Might|Shall|Should|Could|Won't|Can't] [you|we] [please |kindly |now |]{u}[?|.|]",
    "[If you would, |I'd like you to |I wish you to |You may |You can |Help me: |Are you able to |Let us |Be so kind to |"
    "Would it be possible to |Do me a favour: |I ask you to |Try to ]{u}[.|?|]",
    "~ {u}[.|?|]",
    "{t} ~[.|?|]",
]
EVERYDAY = {  # of training's open questions, those that a tool answers -> its verb, noun and parameter
    "What is the weather in {city}?": ("get", "weather", "city"), "What is the news in {city}?": ("get", "news", "city"),
    "What is the population of {city}?": ("get", "population", "city"),
    "How many people live in {city}?": ("count", "people", "city"),
    "Can you book a flight to {city}?": ("book", "flight", "target"),
    "Who is the president of {city}?": ("find", "president", "city")}
assert EVERYDAY.keys() <= set(base.part(unknown.QUESTIONS, TRAIN)), "held-out wording in training"
JOINT_PATTERNS = [
    "{a}[,|;|.] [and after it|and next|followed by this: |then also|besides,|plus|moreover,|later] {c}[.|]",
    "[Two things|Please do both|Both of these]: {d}[,|;| and] {c}[.|]",
    "[Start with|Begin:] {d}[, next|; second,|. After that] {c}[.|]",
    "{a}[,|;|.|] [and when that is done|and as soon as it is done|once done|and afterwards|and right after|after which|and as the second thing|"
    "and finally|and at the end|when done|next to that|in addition|and on top of that|before you go|further|then,|and with that done|"
    "and when you have it] {c}[.|]",
    "[Here are two wishes|Twice, please|Both now]: {d}[;|,|.| and] {c}[.|]",
    "{a}[,|;|.|] ~ {c}[.|]",
    "{a}[,|;| and] ~ {c}[.|]",
    "~ {d}[,|;|.| and] ~ {c}[.|]",
]


class Tool:
    """A random tool: its JSON for the prompt and a way to phrase a request for it."""

    def __init__(self, rng, split, taken):
        while True:
            self.verb = rng.choice(list(VERBS)) if split == base.TEST else rng.choice(base.part(list(VERBS), split))
            if rng.random() < (0.25 if split == base.TEST else 0.6):
                self.noun = base.invented(rng, split, False)
            else:
                self.noun = pick(rng, NOUNS, split)
            if split == TRAIN and rng.random() < 0.3:
                self.verb = base.invented(rng, split, False)
            if split == TRAIN and taken and rng.random() < 0.4:  # among the few held-out nouns, tools often share one
                verb, noun = rng.choice(sorted(taken))
                self.verb, self.noun = (self.verb, noun) if rng.random() < 0.7 else (verb, self.noun)
            if (self.verb, self.noun) not in taken:
                break
        style = rng.random()
        self.name = (f"{self.verb}_{self.noun}" if style < 0.7 else f"{self.verb}{self.noun.capitalize()}" if style < 0.85
                     else f"{self.noun}_{self.verb}")
        self.params = rng.sample(PARAMS, rng.choice([0, 1, 1, 1, 1, 2, 2, 3]))
        verb = self.verb.capitalize()
        self.description = rng.choice([f"{verb} the {self.noun}.", f"{verb} a {self.noun}.", f"{verb} a {self.noun}",
                                       f"{verb}s the {self.noun}", self.about()])
        if split == TRAIN and rng.random() < 0.2:
            pattern = base.spell(rng, rng.choice(ASKED_DESCRIPTIONS if self.verb in ASKING else DESCRIPTIONS))
            self.description = pattern.format(v=verb, n=self.noun, p=self.params[0][0] if self.params else "thing")
        if rng.random() < 0.2:
            self.params = self.params[:2] + [(base.invented(rng, split, False), *rng.choice(
                [("string", base.city), ("string", base.word), ("integer", small)]), [])]
        if split == TRAIN and rng.random() < 0.3:  # values of any kind under any name
            self.params = [(base.invented(rng, split, False), p[1], p[2], []) for p in self.params]
        rng.shuffle(self.params)
        self.required = [p[0] for p in self.params if rng.random() < 0.8]
        self.question = None
        if split == TRAIN and rng.random() < 0.15:
            question, (verb, noun, param) = rng.choice(list(EVERYDAY.items()))
            if (verb, noun) not in taken:
                self.become(question, verb, noun, param, rng.random() < 0.5)
        taken.add((self.verb, self.noun))

    def become(self, question, verb, noun, param, with_verb):
        """An everyday tool, asked for in the very words that are refused where no tool is given."""
        self.verb, self.noun, self.question = verb, noun, question
        self.name = f"{verb}_{noun}" if with_verb else noun
        self.params = [p for p in PARAMS if p[0] == param]
        self.required = [param]
        self.description = self.about()

    def about(self):
        """A description such as "Current weather in a city" or "Play a song by its title"."""
        if self.verb in ASKING:
            return f"Current {self.noun}" + (f" by {self.params[0][0]}" if self.params else "")
        return f"{self.verb.capitalize()} a {self.noun}" + (f" by its {self.params[0][0]}" if self.params else "")

    def order(self, rng):
        """The verb as somebody says it, e.g. "Look for"; an invented one is said as it is."""
        return rng.choice(VERBS.get(self.verb) or [self.verb.capitalize()])

    def json(self):
        schema = {"type": "object", "properties": {p[0]: {"type": p[1]} for p in self.params}}
        if self.required:
            schema["required"] = self.required
        return {"type": "function", "function": {"name": self.name, "description": self.description, "parameters": schema}}

    def values(self, rng, split):
        return {n: make(rng, split) for n, _, make, _ in self.params if n in self.required or rng.random() < 0.5}

    def phrase(self, rng, split, values):
        """The parameters as words, in random order, e.g. "in Paris, days 3"."""
        parts = []
        for n, _, _, natural in self.params:
            if n in values:
                forms = natural if natural and rng.random() < 0.6 else GENERIC if split == base.TEST else GENERIC[:-1] + GENERIC_PATTERNS
                parts.append(base.spell(rng, rng.choice(forms)).format(p=n.replace("_", " "), v=values[n]))
        rng.shuffle(parts)
        return (", " if rng.random() < 0.3 else " ").join(parts)

    def request(self, rng, split, values):
        article = rng.choice(["the", "the", "a"])
        if self.question and rng.random() < 0.6:
            return base.politely(rng, self.question.format(city=next(iter(values.values()))))
        if self.verb in ASKING and rng.random() < 0.5:
            start = ask(rng, ["What is the", "Tell me the", "How is the", "Do you know the", "I wonder what is the",
            "Say what is the"], split, QUESTION_PATTERNS)
            return f"{start} {self.noun} {self.phrase(rng, split, values)}".strip() + "?"
        text = f"{self.order(rng)} {article} {self.noun} {self.phrase(rng, split, values)}".strip()
        return ask(rng, ["{t}.", "{t}", "Please {u}.", "{t}, please.", "I want this: {u}.", "Can you {u}?",
        "Could you please {u}?", "Would you {u}?"],
                    split, REQUEST_PATTERNS).format(t=text, u=text[0].lower() + text[1:])


def call(tool, values):
    # Arguments come in the order of the schema.
    return {"type": "function", "function": {"name": tool.name, "arguments": json.dumps(values, ensure_ascii=False)}}


def result(rng, split):
    """-> tool content, the answer it should lead to."""
    kind = rng.random()
    if kind < 0.12:
        why = pick(rng, REASONS, split)
        if split == TRAIN and rng.random() < 0.5:
            why = " ".join(base.word(rng, split) for _ in range(rng.randrange(1, 4)))
        return json.dumps({"error": why}), f"The tool failed: {why}."
    if kind < 0.25:
        return rng.choice(["done", "ok", '{"status": "done"}', '{"ok": true}', '{"status": "ok"}']), "Done."
    keys = rng.sample(base.part(RESULTS, split), rng.choice([1, 1, 2]) if split == TRAIN else 1)
    if split == TRAIN and rng.random() < 0.5:
        keys = list(dict.fromkeys(base.invented(rng, split, False) for _ in keys))
    values = {k: rng.choice([rng.randrange(100), rng.randrange(1000), base.word(rng, split), base.name(rng, split)]) for k in keys}
    return json.dumps(values), capital("the ") + " and the ".join(f"{k} is {v}" for k, v in values.items()) + "."


def capital(text):
    return text[0].upper() + text[1:]


def request(rng, split, tools):
    """-> user text, calls (may be empty), answer if no call, kind."""
    kind = rng.random()
    if kind < (0.45 if split == TRAIN else 0.55):
        tool = rng.choice(tools)
        values = tool.values(rng, split)
        return tool.request(rng, split, values), [call(tool, values)], None
    if kind < 0.7:
        first, second = (rng.choice(tools), rng.choice(tools))
        a, b = first.values(rng, split), second.values(rng, split)
        if first is second and a == b:
            second_values = second.values(rng, split)
            b = second_values
        joint = ask(rng, ["{a}. {b}.", "{a} and {c}.", "{a}, then {c}.", "First {d}, then {c}.", "{a} and also {c}.",
        "{a}; {c}.", "{a}, and after that {c}."], split, JOINT_PATTERNS)
        x, y = (f"{t.order(rng)} the {t.noun} {t.phrase(rng, split, v)}".strip() for t, v in ((first, a), (second, b)))
        return joint.format(a=x, b=y, c=y[0].lower() + y[1:], d=x[0].lower() + x[1:]), [call(first, a), call(second, b)], None
    if kind < 0.88:  # a request for a tool that is not there
        taken = {(t.verb, t.noun) for t in tools}
        other = Tool(rng, split, taken)
        while other.noun in {t.noun for t in tools}:
            other = Tool(rng, split, taken)
        return other.request(rng, split, other.values(rng, split)), [], SORRY
    t = rng.choice([facts.identity, facts.turn, arithmetic.turn, unknown.turn])(rng, split)
    while t.answer == unknown.ANSWER and any(answers(tool, t.user) for tool in tools):
        t = unknown.turn(rng, split)
    if t.answer == unknown.ANSWER:
        return t.user, [], SORRY
    return t.user, [], t.answer


def answers(tool, question):
    """Whether an everyday tool is what such a question asks for."""
    return tool.question is not None and tool.noun in question.lower()


def conversation(rng, split, rounds=None, thinking=False, results=None):
    """-> request dict in OpenAI form with the assistant's turns in place."""
    taken = set()
    tools = [Tool(rng, split, taken) for _ in range(rng.choice([1, 2, 2, 2, 3, 3]))]
    messages = []
    rounds = rounds or rng.choice([1, 2, 3, 4, 6, 8])  # many share the cost of reading the tools
    for index in range(rounds):
        user, calls, answer = request(rng, split, tools)
        messages.append({"role": "user", "content": user})
        names = " and ".join(c["function"]["name"] for c in calls)
        think = f"I call {names}." if calls else "No tool fits."
        if answer is not None:
            messages.append(said(answer, think, thinking))
            continue
        messages.append(said(None, think, thinking, calls))
        if results is False or (index == rounds - 1 and results is None and rng.random() < 0.4):
            break
        answers = []
        for c in calls:
            content, text = result(rng, split)
            messages.append({"role": "tool", "content": content})
            answers.append(text)
        if len(answers) == 2 and answers[0] == answers[1] == "Done.":
            answers = answers[:1]
        messages.append(said(" ".join(answers), "I have the result.", thinking))
    return {"messages": messages, "tools": [t.json() for t in tools], "reasoning_effort": "high" if thinking else
    "none"}


def said(answer, think, thinking, calls=None):
    """An assistant message; with thinking the thought comes first."""
    message = {"role": "assistant"}
    if answer is not None:
        message["content"] = answer
    if thinking:
        message["think"] = think
    if calls:
        message["tool_calls"] = calls
    return message
