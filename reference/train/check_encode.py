# SPDX-License-Identifier: Apache-2.0
"""Shows that encode.py gives the ids of mistral-common on samples of every kind of conversation."""

import argparse
import random

from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

import data
from encode import Encoder
from prompts import public, with_call_ids


def theirs(tokenizer, request):
    messages = []
    for m in request["messages"]:
        m = dict(m)
        if m.get("think") is not None:
            thought = {"type": "thinking", "thinking": m["think"], "closed": True}
            m["content"] = [thought] + ([{"type": "text", "text": m["content"]}] if m.get("content") else [])
        messages.append(public(m))
    messages = with_call_ids(messages)
    parsed = ChatCompletionRequest.from_openai(
        messages=messages,
        tools=request.get("tools"),
        reasoning_effort=request["reasoning_effort"],
        continue_final_message=False,
    )
    return tokenizer.encode_chat_completion(parsed).tokens


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tokenizer", nargs="?", default="models/mini/tekken.json")
    parser.add_argument("--count", type=int, default=300)
    args = parser.parse_args()
    ours, tokenizer, rng = Encoder(args.tokenizer), MistralTokenizer.from_file(args.tokenizer), random.Random(7)
    kinds = [k for k in data.KINDS if k not in ("echo", "drill")]
    checked = 0
    while checked < args.count:
        request = data.conversation(rng, kinds[checked % len(kinds)])
        # mistral-common encodes prompts: everything up to the last user message or tool result.
        while request["messages"][-1]["role"] == "assistant":
            request["messages"].pop()
        got, wanted = ours.conversation(request)[0], theirs(tokenizer, request)
        if got != wanted:
            raise SystemExit(f"differs on {request}\n{got}\n{wanted}")
        checked += 1
    print(f"{checked} conversations: the same ids as mistral-common")


if __name__ == "__main__":
    main()
