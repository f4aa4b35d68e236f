// SPDX-License-Identifier: Apache-2.0
#include "api/block_writer.h"

namespace sirocco::api {

std::string BlockWriter::close_block(const ChoiceReply& so_far) {
  if (block_.kind == BlockKind::none) return {};
  std::string out = closed(block_, so_far);
  block_.kind = BlockKind::none;
  return out;
}

std::string BlockWriter::enter(BlockKind kind, int call, const ChoiceReply& so_far) {
  if (block_.kind == kind && block_.call == call) return {};
  std::string out = close_block(so_far);
  block_ = {.kind = kind, .index = block_.index + 1, .call = call};
  return out + opened(block_, so_far);
}

std::string BlockWriter::grow(const std::string& piece, const ChoiceReply& so_far) {
  if (piece.empty()) return {};
  block_.text += piece;
  return grew(block_, piece, so_far);
}

std::string BlockWriter::on_event(const Event& event, const Reply& so_far) {
  const auto* delta = std::get_if<Delta>(&event.what);
  if (!delta) return {};
  take(*delta);
  const ChoiceReply& choice = so_far.choices[0];
  std::string out;
  if (!delta->reasoning.empty()) {
    out += enter(BlockKind::thinking, -1, choice);
    out += grow(delta->reasoning, choice);
  }
  if (!delta->content.empty()) {
    out += enter(BlockKind::text, -1, choice);
    out += grow(delta->content, choice);
  }
  for (const ToolCallDelta& call : delta->tool_calls) {
    out += enter(BlockKind::call, call.index, choice);
    out += grow(call.arguments, choice);
  }
  return out;
}

}  // namespace sirocco::api
