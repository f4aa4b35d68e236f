# SPDX-License-Identifier: Apache-2.0
"""schemathesis against /openapi.json: what the server answers is what the document says, whatever is asked.

usage: api.py PROGRAM MODEL [--examples N] [-- further arguments of schemathesis]
"""

import json
import os
import subprocess
import sys
import tempfile

from serving import Server, parse, parser_of

# Not among them: that what the document allows is accepted (a schema for an answer may be one that no grammar
# enforces) and that what it does not allow is refused (clients' extra fields are ignored, by design).
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method,allow_header_conformance,use_after_free,"
    "ensure_resource_availability,ignored_auth"
)

# What this kind of model has no answer for is refused with 501.
CONFIG = '[checks]\nnot_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501"]\n'


# Of the document's own bounds these would make most examples slow, or refused for what the bundled model lacks.
IDS = 999
BIASES = {
    "type": ["object", "null"],
    "additionalProperties": {"type": "number"},
    "propertyNames": {"type": "string", "pattern": "^[0-9]{1,3}$"},
}


def narrow_request(fields):
    for name in ("allowed_token_ids", "stop_token_ids", "tokens"):
        if name in fields:
            fields[name]["items"]["maximum"] = IDS
    for name, most in (("n", 8), ("logprobs", 20), ("top_logprobs", 20), ("prompt_logprobs", 20), ("n_probs", 20)):
        if "maximum" in fields.get(name, {}):
            fields[name]["maximum"] = most
    for form in fields.get("prompt", {}).get("anyOf", []):
        if form["type"] == "array":
            form["maxItems"] = 4 if form["items"]["type"] == "string" else 50
            form["items"] |= {"maximum": IDS} if form["items"]["type"] == "integer" else {}
    if "logit_bias" in fields:
        fields["logit_bias"] = BIASES


def narrow(document):
    """The same document, in places with closer bounds than the server's."""
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("Request"):
            narrow_request(schema.get("properties", {}))
    files = document["components"]["schemas"]["SlotFile"]["properties"]
    files["filename"]["pattern"] = "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$"
    for path, most in (("/v1/models/{id}", {"pattern": "^[A-Za-z0-9_.-]+$"}), ("/slots/{id}", {"maximum": 1 << 20})):
        for operation in document["paths"][path].values():
            operation["parameters"][0]["schema"] |= most
    return document


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--nice", type=int, default=0)
    options, more = parse(parser)
    tool = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    with tempfile.TemporaryDirectory() as folder:
        # A short context and time limit: an example that asks for a million tokens must not take a minute.
        flags = ["--context", "512", "--timeout", "2", "--slot-save-path", folder, "--api-key", "secret"]
        with Server(options.program, options.model, *flags, nice=options.nice) as server:
            with open(os.path.join(folder, "schemathesis.toml"), "w", encoding="utf-8") as config:
                config.write(CONFIG)
            described = os.path.join(folder, "openapi.json")
            with open(described, "w", encoding="utf-8") as file:
                json.dump(narrow(json.loads(server.call("GET", "/openapi.json")[2])), file)
            base = f"http://127.0.0.1:{server.port}"
            command = [tool, "run", described, "--url", base, "--no-color", "--seed", "1"]
            command += ["--max-examples", str(options.examples), "--checks", CHECKS, "--continue-on-failure"]
            command += ["-H", "Authorization: Bearer secret", "--suppress-health-check", "all", "--warnings", "off"]
            # One worker: Python 3.11 loses count of its recursion when two threads parse source text, as hypothesis does.
            command += ["--workers", "1", "--request-timeout", "60", *more]
            code = subprocess.run(command, cwd=folder, preexec_fn=lambda: os.nice(options.nice), check=False).returncode
            assert server.pages()["held"] == 0
    raise SystemExit(code)


if __name__ == "__main__":
    main()
