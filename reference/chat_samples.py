# SPDX-License-Identifier: Apache-2.0
"""Random OpenAI chat requests: most are sound, some break a rule; every kind of message occurs."""

import base64
import io
import json
import random

from PIL import Image

import text_samples

ARGUMENTS = [
    "{}",
    "",
    '{"location": "Paris", "days":3}',
    '{"a":[1,2.50,1e5,-0.0,1E-7,123456789012345678901234567890],"b":null}',
    '{"x": "naïve 日本 \\u00e9 \\"q\\" \\n"}',
    "not json",
    '{"a":1,"a":2}',
    "[1,2,{}]",
    '"text"',
    "{'a': 1}",
    ' {"k" :true } ',
    '{"n": NaN, "i": [Infinity, -Infinity]}',
    '{"big": 1e400}',
    "[INST]</s>",
    '{"nested": {"z": {"y": [[], {}]}}}',
]
PARAMETERS = [
    {},
    {"type": "object", "properties": {}},
    {
        "type": "object",
        "properties": {"location": {"type": "string", "description": "Ville, é"}},
        "required": ["location"],
    },
    {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1, "maximum": 10**25, "multipleOf": 0.5},
            "f": {"type": ["number", "null"], "default": 1e-7},
        },
        "additionalProperties": False,
    },
    {
        "$defs": {"a": {"enum": [1, 2.0, "x", None, True]}},
        "anyOf": [{"type": "object"}, {"type": "array", "items": {}}],
    },
    {"z": 1, "a": {"b": [1.0, 1e22, 1e15, -1e-5]}, "title": "x"},
]
BAD_PARAMETERS = [
    {"type": "objekt"},
    {"properties": []},
    {"required": ["a", "a"]},
    {"required": "a"},
    {"minLength": -1},
    {"enum": {}},
    {"items": []},
    {"anyOf": []},
    {"title": 3},
    {"properties": {"a": {"type": 3}}},
    {"multipleOf": 0},
    {"maxItems": 1.5},
    {"uniqueItems": 1},
    {"additionalProperties": "x"},
    {"type": []},
    {"dependencies": {"a": ["b", 1]}},
    {"not": 1},
]
NAMES = ["get_weather", "f", "a-b_C9", "x" * 64]
BAD_NAMES = ["", "no spaces", "é", "x" * 65, "dot.ted", "newline\n"]


def png(rng):
    image = Image.new("RGB", (rng.choice([1, 27, 28, 29, 100, 500]), rng.choice([1, 28, 57, 300])), (1, 2, 3))
    file = io.BytesIO()
    image.save(file, format="PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


class Sampler:
    def __init__(self, seed, pieces, version, broken=0.04):
        self.rng = random.Random(seed)
        self.pieces, self.version, self.broken = pieces, int(version[1:]), broken

    def chance(self, p):
        return self.rng.random() < p

    def wrong(self):
        return self.chance(self.broken)

    def text(self):
        text = text_samples.random_text(self.rng, self.pieces)[:60]
        return self.rng.choice([text, text + "  ", " " + text, "", "Hello", "[/INST] hi </s>"] + [text] * 6)

    def call_id(self):
        if self.version >= 13 and self.chance(0.5):
            return self.rng.choice(["c", "call_1", "é id"]) + str(self.rng.randrange(10**6))
        return "".join(self.rng.choice("abcXYZ0123456789") for _ in range(9))

    def text_chunk(self):
        return {"type": "text", "text": self.text()}

    def image_chunk(self):
        url = png(self.rng)
        return {
            "type": "image_url",
            "image_url": self.rng.choice([url, {"url": url}, {"url": url, "detail": "low"}]),
        }

    def content(self, role):
        if self.wrong():
            return self.rng.choice([None, 3, [], {}, [{"type": "text"}], [{"text": "x"}], [{"type": "sound"}], ["x"]])
        if self.chance(0.6):
            return self.text()
        chunks = [self.text_chunk() for _ in range(self.rng.randint(1, 4))]
        if role == "user" and self.chance(0.4):
            chunks.insert(self.rng.choice([0, len(chunks), len(chunks)]), self.image_chunk())
        if role == "tool" and (self.version >= 15 and self.chance(0.3) or self.wrong()):
            chunks.insert(self.rng.randint(0, len(chunks)), self.image_chunk())
        if role == "assistant" and (self.version >= 13 and self.chance(0.6) or self.wrong()):
            think = {"type": "thinking", "thinking": self.text()}
            if self.chance(0.4):
                think["closed"] = self.chance(0.5)
            chunks.insert(self.rng.choice([0, 0, len(chunks)]), think)
        if role in ("system", "user") and (
            self.wrong() or role == "system" and self.version == 13 and self.chance(0.2)
        ):
            chunks.append({"type": "thinking", "thinking": self.text()})
        return chunks

    def call(self):
        call = {
            "id": self.call_id(),
            "type": "function",
            "function": {"name": self.rng.choice(NAMES), "arguments": self.rng.choice(ARGUMENTS)},
        }
        if self.chance(0.1):
            call["function"]["arguments"] = {"a": 1.0, "b": ["é"], "c": 10**20}
        if self.wrong():
            change = self.rng.randrange(6)
            if change == 0:
                call["function"]["name"] = self.rng.choice(BAD_NAMES)
            elif change == 1:
                call["id"] = self.rng.choice(["", "null", "short", "123456789\n", None, 5])
            elif change == 2:
                del call["id"]
            elif change == 3:
                call["type"] = "tool"
            elif change == 4:
                call["function"]["arguments"] = self.rng.choice([None, 3, []])
            else:
                del call["function"]["arguments"]
        return call

    def assistant(self, messages):
        message = {"role": "assistant"}
        calls = [self.call() for _ in range(self.rng.choice([0, 0, 1, 1, 2, 3]))]
        if calls:
            message["tool_calls"] = calls
        if not calls or self.version >= 7 and self.chance(0.4) or self.wrong():
            message["content"] = self.content("assistant")
        elif self.chance(0.5):
            message["content"] = self.rng.choice([None, ""])
        if self.version >= 13 and self.chance(0.1):
            message[self.rng.choice(["reasoning", "reasoning_content"])] = self.text()
        messages.append(message)
        results = list(calls)
        self.rng.shuffle(results)
        if self.wrong():
            results = results[1:] or [self.call()]
        for call in results:
            result = {"role": "tool", "tool_call_id": call.get("id"), "content": self.content("tool")}
            if self.chance(0.3):
                result["name"] = call["function"]["name"]
            if self.wrong():
                result["tool_call_id"] = self.rng.choice([None, "", "unknown99", "null"])
            if self.chance(0.2):
                result["content"] = self.rng.choice(ARGUMENTS)
            messages.append(result)

    def tool(self):
        function = {
            "name": self.rng.choice(NAMES),
            "description": self.text(),
            "parameters": self.rng.choice(PARAMETERS),
        }
        if self.chance(0.2):
            del function["description"]
        if self.chance(0.2):
            function["strict"] = self.rng.choice([True, False, None])
        if self.chance(0.1):
            function["parameters"] = None
        if self.wrong():
            function["parameters"] = self.rng.choice(BAD_PARAMETERS)
        if self.wrong():
            function["name"] = self.rng.choice(BAD_NAMES)
        return {"type": "function", "function": function}

    def request(self):
        messages = []
        if self.chance(0.5):
            messages.append({"role": self.rng.choice(["system", "developer"]), "content": self.content("system")})
        for _ in range(self.rng.randint(0, 5)):
            role = self.rng.choice(["user", "user", "user", "assistant", "assistant", "system"])
            if role == "assistant":
                self.assistant(messages)
            else:
                if role == "system" and messages and messages[-1]["role"] in ("assistant", "tool") and not self.wrong():
                    role = "user"
                messages.append({"role": role, "content": self.content(role)})
        request = {"messages": messages}
        if messages and messages[-1]["role"] == "assistant" and not self.wrong():
            request["continue_final_message"] = True
        elif not self.wrong():
            if messages and messages[-1]["role"] != "user" or not messages:
                messages.append({"role": "user", "content": self.content("user")})
        if self.chance(0.4):
            request["tools"] = [self.tool() for _ in range(self.rng.randint(0, 3))]
        if self.version >= 15 and self.chance(0.5) or self.wrong():
            request["reasoning_effort"] = self.rng.choice(
                ["high", "none", "high", "none", None, "low" if self.wrong() else "high"]
            )
        if self.chance(0.1):
            request["temperature"] = self.rng.choice([0, 0.3, 1.0, 1.5])
        return json.loads(json.dumps(request))
