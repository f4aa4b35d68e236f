// SPDX-License-Identifier: Apache-2.0
#include "text/detokenizer.h"

#include "text/utf8.h"

namespace sirocco {

void Detokenizer::push(TokenId id, std::string& out) {
  const std::string_view piece = tokenizer_->piece(id);
  if (piece.empty() || tokenizer_->is_special(id)) {
    finish(out);  // characters do not reach across a control token
    if (piece.empty()) out += "\xEF\xBF\xBD";
    if (special_ == SpecialTokens::spell_out) append_replacing_invalid(piece, out);
    return;
  }
  pending_ += piece;
  const size_t whole = complete_utf8_prefix(pending_);
  append_replacing_invalid(std::string_view(pending_).substr(0, whole), out);
  pending_.erase(0, whole);
}

void Detokenizer::finish(std::string& out) {
  append_replacing_invalid(pending_, out);
  pending_.clear();
}

}  // namespace sirocco
