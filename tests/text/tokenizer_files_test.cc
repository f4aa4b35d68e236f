// SPDX-License-Identifier: Apache-2.0
// The three containers of a vocabulary give the same tokenizer; damaged files give an error that names the
// field.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "golden_lines.h"
#include "text/splitter.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

std::string golden_json() {
  std::ifstream file(golden_path("tekken.json"));
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string error_of(std::string json, std::string_view from, std::string_view to) {
  const size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  json.replace(at, from.size(), to);
  const auto tokenizer = Tokenizer::from_tekken(json, "t.json");
  return tokenizer ? "" : tokenizer.error().message;
}

// GPT-2's spelling of bytes.
std::string byte_level(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    const auto printable = [](unsigned x) {
      return (x >= 0x21 && x <= 0x7E) || (x >= 0xA1 && x <= 0xAC) || x >= 0xAE;
    };
    uint32_t code = b;
    if (!printable(b)) {
      code = 0x100;
      for (unsigned x = 0; x < b; ++x) code += printable(x) ? 0 : 1;
    }
    append_utf8(code, out);
  }
  return out;
}

TEST(TekkenFile, NamesWhatIsWrong) {
  const std::string json = golden_json();
  EXPECT_EQ(error_of(json, "\"v15\"", "\"v16\""),
            "t.json: config.version: expected one of v3, v7, v11, v13, v15, got \"v16\"");
  EXPECT_EQ(error_of(json, "|\\\\s+\"", "\""), "t.json: config.pattern: not the Tekken pattern");
  EXPECT_EQ(error_of(json, "\"default_vocab_size\":8256", "\"default_vocab_size\":9000"),
            "t.json: vocab: expected at least 8936 entries, got 8192");
  EXPECT_EQ(error_of(json, "\"default_num_special_tokens\":64", "\"default_num_special_tokens\":1e9"),
            "t.json: default_num_special_tokens: expected an integer from 1 to 8256");
  EXPECT_EQ(error_of(json, "\"token_bytes\":\"AQ==\"", "\"token_bytes\":\"AA==\""),
            "t.json: vocab[1].token_bytes: expected the single byte 1");
  EXPECT_EQ(error_of(json, "\"token_bytes\":\"AQ==\"", "\"token_bytes\":\"AQ=\""),
            "t.json: vocab[1].token_bytes: expected base64");
  EXPECT_EQ(error_of(json, "\"rank\":300,", "\"rank\":301,"), "t.json: vocab[300].rank: expected 300");
  EXPECT_EQ(error_of(json, "[/INST]", "[INST]"), "t.json: the control token \"[INST]\" appears twice");
  EXPECT_EQ(error_of(json, "\"default\":\"none\"", "\"default\":\"low\""),
            "t.json: model_settings_builder.reasoning_effort: default \"low\" is not among the values");
  EXPECT_EQ(error_of(json, "{", "\xff{"), "t.json: not valid UTF-8");
}

TEST(TekkenFile, OlderFilesHaveImplicitControlTokens) {
  std::string json = golden_json();
  const auto cut = [&](std::string_view from, std::string_view to, std::string_view by) {
    const size_t begin = json.find(from);
    json.replace(begin, json.find(to, begin) - begin, by);
  };
  cut("\"v15\"", "}", "\"v3\"");
  cut("\"special_tokens\"", "\"image\"", "");
  cut("\"image\":", "{", "\"multimodal\":");
  cut(",\"model_settings_builder\"", "\x01", "}");
  const auto tokenizer = Tokenizer::from_tekken(json, "t.json");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->version(), TokenizerVersion::v3);
  EXPECT_EQ(tokenizer->special_id("[TOOL_CONTENT]"), 19);
  EXPECT_EQ(tokenizer->special_id("<SPECIAL_20>"), 20);
  ASSERT_TRUE(tokenizer->image());
  EXPECT_EQ(tokenizer->image()->max_image_size, 1540);
}

TEST(GgufVocabulary, EncodesAsTheTekkenFile) {
  const auto& golden = golden_tokenizer();
  GgufVocabulary gguf;
  for (TokenId id = 0; id < golden.vocab_size(); ++id) {
    gguf.tokens.push_back(golden.is_special(id) ? std::string(golden.piece(id))
                                                : byte_level(golden.piece(id)));
    gguf.token_types.push_back(golden.is_special(id) ? 3 : 1);
  }
  const auto tokenizer = Tokenizer::from_gguf(gguf, "x.gguf");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->version(), TokenizerVersion::v15);
  EXPECT_EQ(tokenizer->eos_id(), golden.eos_id());
  for (const PythonJson& line : golden_lines("texts.jsonl"))
    ASSERT_EQ(tokenizer->encode(line.find("text")->text), ids_of(*line.find("ids")));
  gguf.token_types[5] = 9;
  EXPECT_EQ(Tokenizer::from_gguf(gguf, "x.gguf").error().message,
            "x.gguf: tokenizer.ggml.token_type[5]: expected 1 to 6, got 9");
}

TEST(HuggingFaceFile, EncodesAsTheTekkenFile) {
  const auto& golden = golden_tokenizer();
  std::string added, vocab;
  for (TokenId id = 0; id < golden.vocab_size(); ++id) {
    std::string name;
    dump_python_string(golden.is_special(id) ? std::string(golden.piece(id)) : byte_level(golden.piece(id)),
                       name);
    if (golden.is_special(id))
      added += fmt::format("{}{{\"id\": {}, \"content\": {}, \"special\": true}}", added.empty() ? "" : ", ",
                           id, name);
    else
      vocab += fmt::format("{}{}: {}", vocab.empty() ? "" : ", ", name, id);
  }
  std::string pattern;
  dump_python_string(kTekkenPattern, pattern);
  const std::string json = fmt::format(
      R"({{"added_tokens": [{}], "pre_tokenizer": {{"pretokenizers": [{{"pattern": {{"Regex": {}}}}}]}},
          "model": {{"type": "BPE", "vocab": {{{}}}, "merges": ["e r", ["i", "n"]]}}}})",
      added, pattern, vocab);
  const auto tokenizer = Tokenizer::from_hugging_face(json, "tokenizer.json");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->version(), TokenizerVersion::v15);
  for (const PythonJson& line : golden_lines("texts.jsonl"))
    ASSERT_EQ(tokenizer->encode(line.find("text")->text), ids_of(*line.find("ids")));
}

TEST(Tokenizer, OpensADirectoryOrSaysWhyNot) {
  EXPECT_TRUE(Tokenizer::open(golden_path("")));
  const auto missing = Tokenizer::open(std::string(SIROCCO_SOURCE_DIR) + "/tests");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(Tokenizer::open("/nonexistent/tekken.json"));
}

}  // namespace
}  // namespace sirocco
