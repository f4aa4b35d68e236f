# SPDX-License-Identifier: Apache-2.0
"""JSON extraction: a sentence about somebody or something, and the fields wanted."""
import json

from skills import base
from skills.base import Turn, pick


def person(rng, split):
    f = {"name": base.name(rng, split), "age": rng.randrange(18, 90), "city": base.city(rng, split),
         "job": pick(rng, base.JOBS, split)}
    text = pick(rng, [
        "{name} is {age} years old, lives in {city} and works as a {job}.", "{name}, {age}, is a {job} from {city}.",
        "The {job} {name} is {age} and comes from {city}.", "In {city} lives {name}, a {job} of {age} years.",
        "My friend {name} is a {job} in {city}. {name} is {age}.", "Meet {name}: {age} years, {job}, {city}.",
        "A {job} named {name} moved to {city} at {age}.", "{name} from {city} is {age} and a {job}.",
        "At {age}, {name} works in {city} as a {job}."], split)
    return f, text.format(**f)


def order(rng, split):
    f = {"customer": base.name(rng, split), "item": pick(rng, base.THINGS + base.FOODS, split),
         "quantity": rng.randrange(1, 60), "price": rng.randrange(2, 99)}
    text = pick(rng, [
        "{customer} ordered {quantity} {item} for {price} euros.", "Order: {quantity} x {item}, {price} euros, by {customer}.",
        "{customer} buys {quantity} pieces of {item} and pays {price} euros.", "For {price} euros {customer} gets {quantity} {item}.",
        "We sold {quantity} {item} to {customer} at {price} euros.", "Please send {quantity} {item} to {customer}; price {price} euros.",
        "{quantity} {item} went to {customer} for {price} euros."], split)
    return f, text.format(**f)


def meeting(rng, split):
    f = {"topic": pick(rng, base.THINGS + base.ANIMALS, split), "day": pick(rng, base.DAYS, split),
         "hour": rng.randrange(7, 20), "place": base.city(rng, split), "host": base.name(rng, split)}
    text = pick(rng, [
        "{host} invites you to a talk on the {topic} in {place} on {day} at {hour}.", "On {day} at {hour} we meet in {place} about the {topic}; {host} leads.",
        "{day}, {hour} o'clock, {place}: {host} speaks about the {topic}.", "The {topic} meeting with {host} is on {day} at {hour} in {place}.",
        "Come to {place} on {day} at {hour}: the {topic} by {host}.", "{host} holds a {topic} meeting at {hour} on {day} in {place}."], split)
    return f, text.format(**f)


def invented(rng, split):
    """Labelled values under field names that may be invented."""
    pool = ["id", "code", "level", "title", "owner", "room", "status", "brand", "weight", "speed", "colour", "year",
            "model", "size", "team", "score", "floor", "unit", "region", "label", "rank", "author", "length", "grade"]
    names = rng.sample(base.part(pool, split), min(rng.randrange(2, 5), len(base.part(pool, split))))
    if rng.random() < 0.5:
        names[0] = base.invented(rng, split, False)
    f = {}
    for n in names:
        f[n] = rng.choice([rng.randrange(1, 1000), base.invented(rng, split), base.word(rng, split), base.word(rng, split)])
    style = rng.choice(["The {k} is {v}. ", "{k}: {v}; ", "{k} = {v}, ", "Its {k} is {v}. "])
    return f, "".join(style.format(k=k, v=v) for k, v in f.items()).strip(" ,;")


ASK_FIELDS = ["Extract {k} as JSON: {t}", "Give me {k} as JSON. {t}", "Return JSON with the fields {k}. Text: {t}",
              "{t} Extract {k} as JSON.", "From this text, extract {k} as JSON: {t}", "JSON with {k}, please: {t}",
              "Fields: {k}. Text: {t} Answer in JSON.", "Read the text and return {k} as JSON: {t}",
              "Please extract {k} as JSON from: {t}"]
ASK_SCHEMA = ["Extract JSON for this schema: {s}\nText: {t}", "Schema: {s}\n{t}", "{t}\nReturn JSON for the schema {s}",
              "Fill this schema: {s}\nText: {t}", "Use the schema {s} for: {t}", "Answer with JSON that fits {s}. Text: {t}",
              "Return JSON that fits this schema: {s}\nText: {t}"]


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
        user = pick(rng, ASK_SCHEMA, split).format(s=json.dumps(schema), t=text)
    else:
        user = pick(rng, ASK_FIELDS, split).format(k=listed(keys), t=text)
    return Turn(user, answer, f"I need {listed(keys)}.")
