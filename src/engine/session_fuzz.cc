// SPDX-License-Identifier: Apache-2.0
// Any bytes as a session file: an error, or a view that lies inside the file and holds every id,
// with every picture inside the tokens.
//
// Covers: src/engine/session_file.cc
#include "engine/session_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sirocco;
  const SessionShape shape{.fingerprint = 5, .page_bytes = 16, .page_tokens = 4, .vocabulary = 1000};
  const auto session = parse_session(std::as_bytes(std::span(data, size)), shape, "session");
  if (!session) return 0;
  if (session->pages.size() != (session->session.ids.size() + 3) / 4 * 16) __builtin_trap();
  for (const PicturePlace& picture : session->session.pictures)
    if (picture.first_token < 0 || picture.first_token + picture.tokens > std::ssize(session->session.ids))
      __builtin_trap();
  return 0;
}
