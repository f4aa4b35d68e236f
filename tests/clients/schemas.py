# SPDX-License-Identifier: Apache-2.0
"""Random JSON schemas at high temperatures: every answer that ends by itself parses and is valid.

usage: schemas.py PROGRAM MODEL [--count N] [--seed N]

The judge is the jsonschema package. A schema may be refused (400) where its bounds contradict one another. An object
may hold a name twice, which a parser then merges: too few properties are forgiven there, and counted.
"""

import collections
import json
import random

import jsonschema
from serving import Server, parser_of

PATTERNS = ["^[a-z]{1,5}$", "^x+y?$", "[0-9]{3}-[A-Z]", "^(ab|cd)*$", "\\d+\\.\\w", "^.{2,4}$", "^[^a-z]$"]
FORMATS = ["date", "date-time", "email", "uuid", "ipv4", "time"]
VALUES = ["a", "b c", 1, 2.5, None, True, {"q": [1]}, [1, "x"], 'é"\\', "\n"]
NAMES = ["a", "b", "long name", "x_y", "é", "0", "space"]
LEAVES = ["string", "integer", "number", "boolean", "null", "enum", "const"]


class Schemas:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def make(self, depth=3):
        kind = self.random.choice(LEAVES + ["object", "object", "array", "any_of", "anything"] * (depth > 0))
        return getattr(self, kind)(depth - 1)

    def string(self, _):
        r = self.random
        least = r.randrange(4)
        rule = r.choice(
            [
                {},
                {},
                {"pattern": r.choice(PATTERNS)},
                {"format": r.choice(FORMATS)},
                {"minLength": least, "maxLength": least + r.randrange(6)},
            ]
        )
        return {"type": "string"} | rule

    def integer(self, _):
        r = self.random
        least = r.randrange(-200, 200)
        low = {r.choice(["minimum", "exclusiveMinimum"]): least}
        high = {r.choice(["maximum", "exclusiveMaximum"]): least + r.randrange(2, 300)}
        return {"type": "integer"} | r.choice([{}, low, high, low | high])

    def number(self, _):
        least = round(self.random.uniform(-50, 50), 2)
        most = round(least + self.random.uniform(0.5, 40), 2)
        return {"type": "number"} | self.random.choice([{}, {"minimum": least, "maximum": most}])

    def boolean(self, _):
        return {"type": "boolean"}

    def null(self, _):
        return {"type": "null"}

    def enum(self, _):
        return {"enum": self.random.sample(VALUES, self.random.randrange(1, 5))}

    def const(self, _):
        return {"const": self.random.choice(VALUES)}

    def anything(self, _):
        return {}

    def any_of(self, depth):
        return {"anyOf": [self.make(depth) for _ in range(self.random.randrange(1, 4))]}

    def array(self, depth):
        r = self.random
        out = {"type": "array"}
        if r.random() < 0.8:
            out["items"] = self.make(depth)
        if r.random() < 0.3:
            out["minItems"] = r.randrange(3)
        if r.random() < 0.4:
            out["maxItems"] = out.get("minItems", 0) + r.randrange(1, 3)
        if r.random() < 0.15:
            out["prefixItems"] = [self.make(depth) for _ in range(2)]
        return out

    def object(self, depth):
        r = self.random
        out = {"type": "object", "properties": {n: self.make(depth) for n in r.sample(NAMES, r.randrange(5))}}
        if r.random() < 0.7:
            out["required"] = [n for n in out["properties"] if r.random() < 0.5]
        if r.random() < 0.4:
            out["additionalProperties"] = r.choice([False, True, {"type": "integer"}])
        if r.random() < 0.1:
            out["minProperties"] = r.randrange(1, 3)
        if r.random() < 0.1:
            out["patternProperties"] = {"^p[0-9]$": {"type": "boolean"}}
        return out


def ask(server, schema, rng):
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    text = rng.choice(["Give me JSON.", "Hello!", "Extract name as JSON: Bob is here."])
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": 500, "response_format": form}
    return server.post(
        "/v1/chat/completions", body | {"temperature": rng.choice([0.7, 1.5, 3]), "seed": rng.randrange(1 << 30)}
    )


def parse(text):
    """-> value, whether one of its objects holds a name twice"""
    twice = []

    def make(pairs):
        twice.append(len(dict(pairs)) < len(pairs))
        return dict(pairs)

    return json.loads(text, object_pairs_hook=make), any(twice)


def judge(schema, status, reply):
    """How an answer ended: refused, length, valid or repeated. Anything else is an AssertionError that shows it."""
    if status == 400:
        return "refused"
    assert status == 200, f"{status}: {reply}"
    choice = reply["choices"][0]
    if choice["finish_reason"] == "length":
        return "length"
    twice = False
    try:
        value, twice = parse(choice["message"]["content"])
        jsonschema.Draft202012Validator(schema).validate(value)
    except (ValueError, jsonschema.ValidationError) as error:
        if twice and "minProperties" in json.dumps(schema):
            return "repeated"
        raise AssertionError(f"{json.dumps(schema)}\n{choice['message']['content']}\n{error}") from None
    return "valid"


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    schemas, ends = Schemas(args.seed), collections.Counter()
    with Server(args.program, args.model) as server:
        for _ in range(args.count):
            schema = schemas.make()
            ends[judge(schema, *ask(server, schema, schemas.random))] += 1
    assert ends["repeated"] < args.count / 100, f"too many names came twice: {dict(ends)}"
    assert ends["valid"] > args.count / 2 and ends["refused"] < args.count / 20, f"too few answers: {dict(ends)}"
    print(f"{args.count} schemas: {dict(ends)}")


if __name__ == "__main__":
    main()
