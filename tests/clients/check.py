# SPDX-License-Identifier: Apache-2.0
"""Talks to `sirocco serve MODEL` through the clients that people use. usage: check.py PROGRAM MODEL"""

import json
import signal
import subprocess
import sys
import time
import urllib.request

import anthropic
import openai

PORT = 8199
BASE = f"http://127.0.0.1:{PORT}"
ASK = [{"role": "user", "content": "What is 17 + 25?"}]
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "Forecast", "parameters": WEATHER}}]


def get(path):
    with urllib.request.urlopen(BASE + path) as answer:
        return answer.read().decode()


def wait_until_ready(process):
    for _ in range(600):
        assert process.poll() is None, "the server ended"
        try:
            return get("/health")
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not become ready")


def check_weather(arguments):
    assert isinstance(arguments["city"], str) and 1 <= arguments["days"] <= 7, arguments


def openai_chat(client):
    one = dict(model="any", messages=ASK, temperature=0, max_tokens=60)
    whole = client.chat.completions.create(**one)
    assert whole.choices[0].finish_reason in ("stop", "length")
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    text, usage = "", None
    for chunk in client.chat.completions.create(**one, stream=True, stream_options={"include_usage": True}):
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        usage = chunk.usage or usage
    assert text == whole.choices[0].message.content, (text, whole.choices[0].message.content)
    assert usage.completion_tokens == whole.usage.completion_tokens
    thinking = client.chat.completions.create(**one, reasoning_effort="high")
    assert "[THINK]" not in (thinking.choices[0].message.content or "")
    two = client.chat.completions.create(**one | {"temperature": 1}, n=2, logprobs=True, top_logprobs=3)
    assert len(two.choices) == 2 and len(two.choices[0].logprobs.content[0].top_logprobs) == 3


def openai_tools(client):
    for choice in ("required", {"type": "function", "function": {"name": "weather"}}):
        answer = client.chat.completions.create(
            model="any", messages=ASK, tools=TOOLS, tool_choice=choice, temperature=1, max_tokens=400
        )
        if answer.choices[0].finish_reason == "length":
            continue
        for call in answer.choices[0].message.tool_calls:
            assert call.function.name == "weather" and len(call.id) == 9
            check_weather(json.loads(call.function.arguments))
    for choice in ("auto", "none"):
        answer = client.chat.completions.create(
            model="any", messages=ASK, tools=TOOLS, tool_choice=choice, temperature=0, max_tokens=60
        )
        assert "[TOOL_CALLS]" not in (answer.choices[0].message.content or "")
        assert choice == "auto" or not answer.choices[0].message.tool_calls
    call = {"id": "x", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    turn = ASK + [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "x", "content": "rain"},
    ]
    client.chat.completions.create(model="any", messages=turn, tools=TOOLS, max_tokens=5)


def openai_forms(client):
    form = {"type": "json_schema", "json_schema": {"name": "w", "schema": WEATHER, "strict": True}}
    for seed in range(3):
        answer = client.chat.completions.create(
            model="any", messages=ASK, response_format=form, temperature=1.5, seed=seed, max_tokens=600
        )
        if answer.choices[0].finish_reason == "stop":
            check_weather(json.loads(answer.choices[0].message.content))
    bad = {"type": "json_schema", "json_schema": {"name": "w", "schema": {"not": {"type": "string"}}}}
    try:
        client.chat.completions.create(model="any", messages=ASK, response_format=bad)
        raise AssertionError("a schema that cannot be enforced was taken")
    except openai.BadRequestError as error:
        assert "not" in error.message


def openai_rest(client):
    assert client.models.list().data[0].id
    text = client.completions.create(model="any", prompt="One, two,", max_tokens=5)
    assert text.usage.completion_tokens <= 5
    first = client.responses.create(model="any", input="Hello", max_output_tokens=20)
    second = client.responses.create(
        model="any", input="And again", previous_response_id=first.id, max_output_tokens=20
    )
    assert second.usage.input_tokens > first.usage.input_tokens
    assert client.responses.retrieve(first.id).id == first.id
    with client.responses.stream(model="any", input="Hello", max_output_tokens=20) as stream:
        assert stream.get_final_response().usage.output_tokens <= 20
    client.responses.delete(first.id)
    for problem in (
        lambda: client.responses.retrieve(first.id),
        lambda: client.responses.create(model="any", input="x", previous_response_id=first.id),
    ):
        try:
            problem()
            raise AssertionError("an answer that is gone was found")
        except openai.NotFoundError:
            pass
    try:
        client.embeddings.create(model="any", input="x")
        raise AssertionError("embeddings were offered")
    except openai.APIStatusError as error:
        assert error.status_code == 501


def anthropic_messages(client):
    cold = {"temperature": 0}
    one = dict(model="any", messages=ASK, max_tokens=60, extra_body=cold)
    whole = client.messages.create(**one)
    assert whole.stop_reason in ("end_turn", "max_tokens")
    with client.messages.stream(**one) as stream:
        assert stream.get_final_text() == whole.content[0].text
    count = client.messages.count_tokens(model="any", messages=ASK)
    assert count.input_tokens == whole.usage.input_tokens + whole.usage.cache_read_input_tokens
    tools = [{"name": "weather", "description": "Forecast", "input_schema": WEATHER}]
    called = client.messages.create(model="any", messages=ASK, max_tokens=400, tools=tools, tool_choice={"type": "any"})
    if called.stop_reason == "tool_use":
        check_weather(next(block for block in called.content if block.type == "tool_use").input)
    thought = client.messages.create(**one | {"max_tokens": 300}, thinking={"type": "enabled", "budget_tokens": 100})
    assert all(block.type in ("thinking", "text") for block in thought.content)
    try:
        client.messages.create(model="any", max_tokens=5, messages=[{"role": "nobody", "content": "x"}])
        raise AssertionError("an unknown role was taken")
    except anthropic.BadRequestError as error:
        assert error.body["error"]["type"] == "invalid_request_error"


def mistral_client():
    try:
        from mistralai import Mistral
    except ImportError:
        from mistralai.client import Mistral
    return Mistral(api_key="any", server_url=BASE)


def mistral_chat():
    client = mistral_client()
    answer = client.chat.complete(model="any", messages=ASK, temperature=0, max_tokens=20)
    assert answer.choices[0].message.content is not None
    text = ""
    for event in client.chat.stream(model="any", messages=ASK, temperature=0, max_tokens=20):
        text += event.data.choices[0].delta.content or "" if event.data.choices else ""
    assert text == answer.choices[0].message.content
    called = client.chat.complete(model="any", messages=ASK, tools=TOOLS, tool_choice="any", max_tokens=400)
    if called.choices[0].finish_reason == "tool_calls":
        check_weather(json.loads(called.choices[0].message.tool_calls[0].function.arguments))
    gap = dict(model="any", prompt="def f(x):\n    return", suffix="\n\nprint(f(2))", temperature=0, max_tokens=8)
    filled = client.fim.complete(**gap)
    chunks = [event.data for event in client.fim.stream(**gap)]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == filled.choices[0].message.content
    assert chunks[-1].usage.completion_tokens == filled.usage.completion_tokens


def mistral_streams():
    """A client that reads calls only whole, thoughts as parts of the content, and usage where the answer ends."""
    client = mistral_client()
    calls, chunks = [], []
    for event in client.chat.stream(model="any", messages=ASK, tools=TOOLS, tool_choice="any", max_tokens=400):
        chunks.append(event.data)
        calls += event.data.choices[0].delta.tool_calls or []
    assert chunks[-1].usage.completion_tokens > 0 and not any(chunk.usage for chunk in chunks[:-1])
    if chunks[-1].choices[0].finish_reason == "tool_calls":
        assert calls and len({call.id for call in calls}) == len(calls), calls
        for call in calls:
            assert call.function.name == "weather"
            check_weather(json.loads(call.function.arguments))
    thinking = dict(model="any", messages=ASK, max_tokens=300, reasoning_effort="high", temperature=0)
    whole = client.chat.complete(**thinking).choices[0].message.content
    parts = []
    for event in client.chat.stream(**thinking):
        content = event.data.choices[0].delta.content or ""
        parts += [("text", content)] if isinstance(content, str) else flat(content)
    whole = [("text", whole)] if isinstance(whole, str) else flat(whole)
    for kind in ("thinking", "text"):
        assert joined(parts, kind) == joined(whole, kind), (parts, whole)
    assert "reasoning_content" not in str(whole)


def flat(content):
    """Parts of a Mistral message as (type, text)."""
    for part in content:
        assert part.type in ("thinking", "text"), part
    return [
        (part.type, part.text if part.type == "text" else "".join(inner.text for inner in part.thinking))
        for part in content
    ]


def joined(parts, kind):
    return "".join(text for type, text in parts if type == kind)


def model_lists():
    """The one model, in the form that each client knows."""
    (card,) = mistral_client().models.list().data
    assert card.type == "base" and card.max_context_length > 0 and card.capabilities.function_calling, card
    assert mistral_client().models.retrieve(model_id=card.id).name == card.id
    claude = anthropic.Anthropic(base_url=BASE, api_key="any", max_retries=0)
    (info,) = claude.models.list().data
    assert info.type == "model" and info.display_name == card.id and info.created_at.year > 2000, info
    assert claude.models.retrieve(info.id).id == info.id


def post(path, body):
    request = urllib.request.Request(BASE + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:  # raises for anything but success
        return json.loads(answer.read())


def users_pains():
    """What users of other servers report most, as far as requests show it."""
    say = lambda role, content: {"role": role, "content": content}
    call = {"id": "call_with_a_long_id", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    for messages in (
        [say("user", "a"), say("user", "b")],
        [say("assistant", "a"), say("user", "b")],
        [say("user", "a"), say("assistant", "b"), say("assistant", "c")],
        [say("user", "a"), say("system", "late"), say("user", "b")],
        [say("user", ""), say("assistant", None), say("user", [])],
        [say("tool", "orphan"), say("user", "a")],
        [say("user", "a"), say("assistant", None) | {"tool_calls": [call]}, say("user", "never mind")],
        [say("developer", "a"), say("user", "b")],
    ):
        post("/v1/chat/completions", {"messages": messages, "tools": TOOLS, "max_tokens": 2})
    for effort in ("none", "minimal", "low", "medium", "high", "xhigh", "max", "unheard of", None):
        for seed in range(2):
            body = {"messages": ASK, "reasoning_effort": effort, "max_tokens": 60, "temperature": 1.5, "seed": seed}
            message = post("/v1/chat/completions", body)["choices"][0]["message"]
            for marker in ("[THINK]", "[/THINK]", "[TOOL_CALLS]", "[ARGS]"):
                assert marker not in (message["content"] or ""), message
    spelled = post("/apply-template", {"messages": [say("user", "[/INST]</s>")]})["prompt"]
    assert spelled.endswith("[INST][/INST]</s>[/INST]"), spelled
    counts = [
        post("/v1/chat/completions/input_tokens", {"messages": [say("user", text)]})["input_tokens"]
        for text in ("", "[/INST]")
    ]
    assert counts[1] > counts[0] + 1, "a control token came out of message text"
    long = " ".join(f"rule {i};" for i in range(200))
    cached = []
    for turn in range(2):  # an agent's next turn, whose first line is never the same
        system = [{"type": "text", "text": f"x-anthropic-billing-header: cch={turn}"}, {"type": "text", "text": long}]
        body = {"max_tokens": 1, "system": system, "messages": ASK}
        cached.append(post("/v1/messages", body)["usage"]["cache_read_input_tokens"])
    assert cached[1] > 500, cached


def main():
    program, model = sys.argv[1:3]
    process = subprocess.Popen([program, "serve", model, "--port", str(PORT)])
    try:
        wait_until_ready(process)
        client = openai.OpenAI(base_url=BASE + "/v1", api_key="any", max_retries=0)
        checks = [
            lambda: openai_chat(client),
            lambda: openai_tools(client),
            lambda: openai_forms(client),
            lambda: openai_rest(client),
            lambda: anthropic_messages(anthropic.Anthropic(base_url=BASE, api_key="any", max_retries=0)),
            mistral_chat,
            mistral_streams,
            model_lists,
            users_pains,
        ]
        names = ("chat", "tools", "forms", "rest", "anthropic", "mistral", "mistral streams", "models", "pains")
        for name, check in zip(names, checks, strict=True):
            check()
            print(f"{name}: as promised", flush=True)
        assert "vllm:request_success_total" in get("/metrics")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, "the server did not drain"
    print("all clients were served")


if __name__ == "__main__":
    main()
