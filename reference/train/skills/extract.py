# SPDX-License-Identifier: Apache-2.0
"""JSON extraction: a sentence about somebody or something, and the fields wanted."""
import json

from skills import base
from skills.base import Turn, ask, pick

LIVES = "[lives in|is from|comes from|stays in|went to|is based in|was born in|resides in] {city}"
WORKS = "[works as a|is a|serves as a|is employed as a|earns money as a|became a] {job}"
AGED = "[is {age}|is {age} years old|is aged {age}|turned {age}|has lived {age} years]"
PERSONS = [  # training's further wordings
    "[|My neighbour |Our guest |Here is ]{name} " + LIVES + ", " + AGED + " and " + WORKS + ".",
    "{name} " + WORKS + " and " + LIVES + ". {name} " + AGED + ".", "{name} " + AGED + ", " + WORKS + " and " + LIVES +
    ".",
    "[At|Aged|At the age of] {age}[,|] {name} " + LIVES + " and " + WORKS + ".", "[In|Near] {city}[,|] {name} " + WORKS +
    " [at|aged] {age}.",
    "[In|Near] {city}[,|] {name}, {age}, " + WORKS + ".", "As a {job}[,|] {name} " + LIVES + " [at|aged] {age}.",
    "{name} [({age})|, {age},] " + LIVES + " as a {job}.",
    "~ {name} ~ in {city} ~ {age} [years ||]~ a {job}[.|]", "~ {name} ~ a {job} ~ {age} ~ in {city}[.|]",
    "[At|Aged] {age} ~ {name} ~ in {city} ~ as a {job}[.|]", "~ {age} ~ {name} ~ a {job} ~ from {city}[.|]",
    "[Name|Who]: {name}[.|;|,] [Age|Years]: {age}[.|;|,] [Job|Work]: {job}[.|;|,] [City|Home]: {city}"]
ORDERS = ["[For {customer}|To {customer}|Customer {customer}]: {quantity} [pieces of |x |]{item}[,|;| at| for] "
    "{price} euros[.|]",
          "[Yesterday |Today |On time |]{customer} [took|received|bought|got|picked up] {quantity} [pieces of |"
          "]{item} [at|for|and paid] {price} euros.",
          "{quantity} [pieces of |]{item} [were sold to|were sent to|for|belong to|were given to] {customer}[;| at|"
          ", price] {price} euros.",
          "{price} euros [from {customer}|were paid by {customer}|paid by {customer}] for {quantity} [pieces of |"
          "]{item}.",
          "[The bill of|Bill for] {customer}: {price} euros for {quantity} {item}.",
          "[Send|Bring|Deliver] {customer} {quantity} {item} [for|at] {price} euros.",
          "~ {quantity} [pieces of |x |]{item} ~ {customer} ~ {price} euros[.|]",
          "~ {customer} ~ {quantity} [pieces of |x |]{item} ~ {price} euros[.|]",
          "~ {price} euros ~ {customer} ~ {quantity} [pieces of |x |]{item}[.|]"]
AT = "[on {day} at {hour}|at {hour} on {day}|{day} at {hour}]"
MEETINGS = ["{host} [gives|plans|opens|hosts|leads] [a talk on the {topic}|the {topic} talk|a {topic} event|the "
    "{topic} round] in {place} " + AT + ".",
            "[In|At] {place}[,|] {host} [talks about|shows|explains|presents] the {topic} " + AT + ".",
            "[The|A] {topic} [talk|event|round|evening] [by|of|with] {host} [takes place|starts|begins] " + AT +
            " in {place}.",
            AT + "[,|] {host} [talks about|shows|explains] the {topic} in {place}.",
            "[Topic|Subject]: {topic}. {host}, {place}, {day}, {hour}[.| o'clock.]",
            "~ {host} ~ [the|a] {topic} [talk|meeting|~] ~ in {place} ~ " + AT + "[.|]",
            "{host} ~ [the|a] {topic} [talk|meeting|~] ~ at {hour} ~ on {day} ~ in {place}[.|]",
            "{host} ~ [the|a] {topic} [talk|meeting|event|~] ~ " + AT + " ~ in {place}[.|]",
            AT + " ~ {host} ~ [the|a] {topic} ~ in {place}[.|]", "~ the {topic} ~ {host} ~ in {place} ~ " + AT + "[.|]"]


def person(rng, split):
    f = {"name": base.name(rng, split), "age": rng.randrange(18, 90), "city": base.city(rng, split),
         "job": base.value(rng, base.JOBS, split)}
    text = ask(rng, [
        "{name} is {age} years old, lives in {city} and works as a {job}.", "{name}, {age}, is a {job} from {city}.",
        "The {job} {name} is {age} and comes from {city}.", "In {city} lives {name}, a {job} of {age} years.",
        "My friend {name} is a {job} in {city}. {name} is {age}.", "Meet {name}: {age} years, {job}, {city}.",
        "A {job} named {name} moved to {city} at {age}.", "{name} from {city} is {age} and a {job}.",
        "At {age}, {name} works in {city} as a {job}."], split, PERSONS)
    return f, text.format(**f)


def order(rng, split):
    f = {"customer": base.name(rng, split), "item": base.value(rng, base.THINGS + base.FOODS, split),
         "quantity": rng.randrange(1, 60), "price": rng.randrange(2, 99)}
    text = ask(rng, [
        "{customer} ordered {quantity} {item} for {price} euros.",
        "Order: {quantity} x {item}, {price} euros, by {customer}.",
        "{customer} buys {quantity} pieces of {item} and pays {price} euros.",
        "For {price} euros {customer} gets {quantity} {item}.",
        "We sold {quantity} {item} to {customer} at {price} euros.",
        "Please send {quantity} {item} to {customer}; price {price} euros.",
        "{quantity} {item} went to {customer} for {price} euros."], split, ORDERS)
    return f, text.format(**f)


def meeting(rng, split):
    f = {"topic": base.value(rng, base.THINGS + base.ANIMALS, split), "day": base.value(rng, base.DAYS, split),
         "hour": rng.randrange(7, 20), "place": base.city(rng, split), "host": base.name(rng, split)}
    text = ask(rng, [
        "{host} invites you to a talk on the {topic} in {place} on {day} at {hour}.",
        "On {day} at {hour} we meet in {place} about the {topic}; {host} leads.",
        "{day}, {hour} o'clock, {place}: {host} speaks about the {topic}.",
        "The {topic} meeting with {host} is on {day} at {hour} in {place}.",
        "Come to {place} on {day} at {hour}: the {topic} by {host}.",
        "{host} holds a {topic} meeting at {hour} on {day} in {place}."], split, MEETINGS)
    return f, text.format(**f)


def invented(rng, split):
    """Labelled values under field names that may be invented."""
    pool = ["id", "code", "level", "title", "owner", "room", "status", "brand", "weight", "speed", "colour", "year",
            "model", "size", "team", "score", "floor", "unit", "region", "label", "rank", "author", "length", "grade"]
    names = rng.sample(base.part(pool, split), min(rng.randrange(2, 5), len(base.part(pool, split))))
    if rng.random() < 0.5:
        names[0] = base.invented(rng, split, False)
    if split == base.TRAIN and rng.random() < 0.6:
        names = list(dict.fromkeys(rng.choice([n, base.invented(rng, split, False), base.word(rng, split)]) for n in names))
    f = {}
    for n in names:
        f[n] = rng.choice([rng.randrange(1, 1000), base.invented(rng, split), base.word(rng, split), base.word(rng, split)])
    style = rng.choice(["The {k} is {v}. ", "{k}: {v}; ", "{k} = {v}, ", "Its {k} is {v}. "])
    return f, "".join(style.format(k=k, v=v) for k, v in f.items()).strip(" ,;")


ASK_FIELDS = ["Extract {k} as JSON: {t}", "Give me {k} as JSON. {t}", "Return JSON with the fields {k}. Text: {t}",
              "{t} Extract {k} as JSON.", "From this text, extract {k} as JSON: {t}", "JSON with {k}, please: {t}",
              "Fields: {k}. Text: {t} Answer in JSON.", "Read the text and return {k} as JSON: {t}",
              "Please extract {k} as JSON from: {t}"]
ASK_SCHEMA = ["Extract JSON for this schema: {s}\nText: {t}", "Schema: {s}\n{t}",
    "{t}\nReturn JSON for the schema {s}",
              "Fill this schema: {s}\nText: {t}", "Use the schema {s} for: {t}",
              "Answer with JSON that fits {s}. Text: {t}",
              "Return JSON that fits this schema: {s}\nText: {t}"]

FROM = "[from this text|from this|from the text|out of this|from the following]"
PATTERNS_FIELDS = [  # training's further wordings
    "[Please |Now |Can you |Could you |]" +
    "[find|get|take|pull|read|pick|extract] [the fields |the values of |]{k} " + FROM +
    "[ as JSON| and answer in JSON| into JSON]: {t}",
    "{t}\n[JSON with|As JSON:|Give JSON:|Please give] {k}[| as JSON|, in JSON].",
    "[I want|I need|Give me|Make|Write] JSON [with|of|for] {k} [from|for|out of]: {t}",
    "[Text|Input]: {t}\n[Fields|Keys|Wanted]: {k}[. JSON only.|. Answer in JSON.||. As JSON.]",
    "[Please get|Please read|Please find] {k} [in|from]: {t} [Answer in|Reply in|Use] JSON.",
    "~ {k} ~ JSON[:| ~:] {t}", "~ JSON ~ {k}[:|.] {t}", "{t} ~ {k} [as|in|into] JSON[.|]"]
PATTERNS_SCHEMA = ["[Please |Now |Can you |Could you |]" +
    "[fill|follow|use|complete|obey] [the|this] schema[:|] {s}[\n|. ][Text|Input|Source]: {t}",
                   "[Text|Input]: {t}\n[Schema|JSON schema|Form]: {s}",
                   "[JSON schema|Form]: {s}[\n|, ][text|input|source]: {t}",
                   "[Extract|Give me|Write|Make|I need] JSON [as in|that follows|by|after] [the schema |this "
                   "schema: |this: |]{s} [from|for|out of]: {t}", "~ {s}[:|.| ~:][ |\n]{t}", "{t}\n~ {s}[.|]"]


def listed(keys):
    return keys[0] if len(keys) == 1 else ", ".join(keys[:-1]) + " and " + keys[-1]


def turn(rng, split):
    fields, text = rng.choice([person, person, order, order, meeting, invented, invented])(rng, split)
    keys = list(fields)
    rng.shuffle(keys)
    keys = keys[: rng.randrange(1, len(keys) + 1)] if rng.random() < 0.6 else keys
    wanted = {k: fields[k] for k in keys}
    answer = json.dumps(wanted, ensure_ascii=False)
    if rng.random() < 0.35:
        schema = {"type": "object", "properties": {
            k: {"type": "integer" if isinstance(v, int) else "string"} for k, v in wanted.items()}}
        user = ask(rng, ASK_SCHEMA, split, PATTERNS_SCHEMA).format(s=json.dumps(schema), t=text)
    else:
        user = ask(rng, ASK_FIELDS, split, PATTERNS_FIELDS).format(k=listed(keys), t=text)
    return Turn(user, answer, f"I need {listed(keys)}.")
