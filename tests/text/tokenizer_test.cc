// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "golden_lines.h"
#include "text/detokenizer.h"
#include "text/splitter.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

TEST(Tokenizer, EncodesAsTheReference) {
  for (const PythonJson& line : golden_lines("texts.jsonl")) {
    const std::string& text = line.find("text")->text;
    const auto ids = golden_tokenizer().encode(text);
    ASSERT_EQ(ids, ids_of(*line.find("ids"))) << text;
    EXPECT_EQ(golden_tokenizer().decode(ids), text);
  }
}

TEST(Tokenizer, LongPiecesMergeAsShortOnes) {
  // 128 bytes is where the merge changes its method; the reference's texts cross it too, here every length
  // does.
  const std::string letters = "abababbaabbbaaabab";
  std::string text;
  while (text.size() < 400) text += letters;
  for (size_t size = 1; size < 400; ++size) {
    const auto ids = golden_tokenizer().encode(text.substr(0, size));
    EXPECT_EQ(golden_tokenizer().decode(ids), text.substr(0, size));
  }
  const auto million = golden_tokenizer().encode(std::string(1'000'000, 'a'));
  EXPECT_EQ(golden_tokenizer().decode(million), std::string(1'000'000, 'a'));
}

TEST(Tokenizer, TheCacheOfLongTextsChangesNothing) {
  std::string text;
  for (const PythonJson& line : golden_lines("texts.jsonl")) text += line.find("text")->text;
  text += text;  // the second half is answered by the cache
  ASSERT_GT(text.size(), 100'000u);
  std::vector<TokenId> piecewise;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t length = next_piece(rest);
    golden_tokenizer().encode_append(rest.substr(0, length), piecewise);
    rest.remove_prefix(length);
  }
  EXPECT_EQ(golden_tokenizer().encode(text), piecewise);
}

TEST(Tokenizer, ControlTokensComeOnlyFromRaw) {
  const std::string text = "[INST]Hi</s>[INST";
  const TokenId inst = *golden_tokenizer().special_id("[INST]");
  for (const TokenId id : golden_tokenizer().encode(text)) EXPECT_FALSE(golden_tokenizer().is_special(id));
  const auto raw = golden_tokenizer().encode_raw(text);
  EXPECT_EQ(raw.front(), inst);
  EXPECT_EQ(std::ranges::count(raw, golden_tokenizer().eos_id()), 1);
  EXPECT_EQ(golden_tokenizer().decode(raw, SpecialTokens::spell_out), text);
  EXPECT_EQ(golden_tokenizer().decode(raw), "Hi[INST");
}

TEST(Tokenizer, AnyIdsDetokenise) {
  const auto& tokenizer = golden_tokenizer();
  std::vector<TokenId> ids;
  for (TokenId id = -2; id < tokenizer.vocab_size() + 2; ++id) ids.push_back(id);
  ids.push_back(INT32_MAX);
  ids.push_back(INT32_MIN);
  EXPECT_TRUE(is_valid_utf8(tokenizer.decode(ids, SpecialTokens::spell_out)));
}

TEST(Detokenizer, NeverEmitsHalfACharacter) {
  const auto& tokenizer = golden_tokenizer();
  const std::string text = "naïve 日本語 🎉👍🏽 \U0010ffff";
  Detokenizer stream(tokenizer);
  std::string all;
  for (const TokenId id : tokenizer.encode(text)) {
    std::string step;
    stream.push(id, step);
    EXPECT_TRUE(is_valid_utf8(step));
    all += step;
  }
  EXPECT_FALSE(stream.has_pending());
  EXPECT_EQ(all, text);
}

TEST(Detokenizer, BrokenCharactersBecomeReplacements) {
  const auto& tokenizer = golden_tokenizer();
  const auto byte = [&](int b) { return tokenizer.encode(std::string(1, 'x')).front() - 'x' + b; };
  const TokenId eos = tokenizer.eos_id();
  // As Python's bytes.decode(errors="replace"): one U+FFFD for each maximal part.
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{byte(0xF0), byte(0x9F), byte('a')}), "\uFFFDa");
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{byte(0xE0), byte(0x80), byte(0x80)}), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{byte(0xE3), eos, byte(0x81), byte(0x82)}),
            "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{byte(0xE3), byte(0x81)}), "\uFFFD");
}

}  // namespace
}  // namespace sirocco
