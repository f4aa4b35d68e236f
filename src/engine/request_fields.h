// SPDX-License-Identifier: Apache-2.0
// The fields of an OpenAI-like request object that steer generation: samplers, limits, stops,
// log-probabilities, in OpenAI's, llama-server's and vLLM's spellings. Messages and tools are
// text/chat_request.h's.
#pragma once

#include <string>
#include <vector>

#include "sirocco/request.h"
#include "text/python_json.h"
#include "text/tokenizer.h"

namespace sirocco {

// Sets what `json` names and leaves the rest of `request` alone; null counts as absent. Fields that nobody
// reads are appended to `ignored` if it is given. The first wrong field is named in the error.
Result<void> read_request_fields(const PythonJson& json, const Tokenizer& tokenizer, GenerateRequest& request,
                                 std::vector<std::string>* ignored);

}  // namespace sirocco
