// SPDX-License-Identifier: Apache-2.0
// RequestReader: the requests of `run --request` and `--jsonl`, as the server reads them; what an answer on the
// terminal cannot show is refused or named.
#pragma once

#include <string>

#include "api/chat_reader.h"
#include "request_flags.h"
#include "sirocco/engine.h"

namespace sirocco {

class RequestReader {
 public:
  RequestReader(const Engine& engine, const RequestFlags& flags);

  // `where` begins the line on standard error that names the fields without effect.
  Result<GenerateRequest> read(std::string_view json, const std::string& where);

 private:
  const RequestFlags& flags_;
  api::ChatReader reader_;
};

}  // namespace sirocco
