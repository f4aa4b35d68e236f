// SPDX-License-Identifier: Apache-2.0
#include "grammar/grammar.h"

#include <dlpack/dlpack.h>
#include <xgrammar/compiler.h>
#include <xgrammar/grammar.h>
#include <xgrammar/matcher.h>

#include <algorithm>
#include <bit>

#include "grammar/reply_grammar.h"

// XGrammar's log is switched to these two: what it would print is either an exception or of no interest.
namespace xgrammar {
[[noreturn]] void LogFatalImpl(const std::string&, int, const std::string& message) {
  throw std::runtime_error(message);
}
void LogMessageImpl(const std::string&, int, int, const std::string&) {}
}  // namespace xgrammar

namespace sirocco {
namespace {

using api::ApiError;
using api::ApiResult;

constexpr int64_t kCacheBytes = 256 << 20;  // of compiled grammars, least recently used go first
constexpr int kCompileThreads = 2;

class GrammarMask final : public TokenMask {
 public:
  explicit GrammarMask(xgrammar::GrammarMatcher matcher) : matcher_(std::move(matcher)) {}

  bool fill(std::span<uint32_t> bits) override {
    int64_t words = static_cast<int64_t>(bits.size());
    DLTensor tensor{};
    tensor.data = bits.data();
    tensor.device = {kDLCPU, 0};
    tensor.ndim = 1;
    tensor.dtype = xgrammar::GetBitmaskDLType();
    tensor.shape = &words;
    return matcher_.FillNextTokenBitmask(&tensor);
  }
  bool accept(int32_t token) override { return matcher_.AcceptToken(token); }
  bool finished() const override { return matcher_.IsTerminated(); }
  std::unique_ptr<TokenMask> clone() const override { return std::make_unique<GrammarMask>(matcher_.Fork()); }

 private:
  xgrammar::GrammarMatcher matcher_;
};

class GrammarCompiler final : public api::ConstraintCompiler {
 public:
  explicit GrammarCompiler(const Engine& engine)
      : markers_(markers_of(engine)),
        compiler_(vocabulary_of(engine, markers_), kCompileThreads, /*cache_enabled=*/true, kCacheBytes) {}

  ApiResult<std::shared_ptr<const TokenMask>> compile(const api::Constraint& constraint) override {
    auto tag = structural_tag(constraint, markers_);
    if (!tag) return api::fail_api(tag.error());
    try {
      xgrammar::GrammarMatcher matcher(compiler_.CompileStructuralTag(tag->dump()));
      return std::make_shared<const GrammarMask>(std::move(matcher));
    } catch (const std::exception& error) {
      const std::string text = error.what();
      return api::fail_api(ApiError::bad_request("structured output: " + text.substr(0, text.find('\n'))));
    }
  }

 private:
  static int32_t marker(const Engine& engine, std::string_view name) {
    const std::vector<int32_t> ids = engine.tokenize(name, {.parse_special = true});
    return ids.size() == 1 ? ids[0] : -1;
  }
  static MarkerIds markers_of(const Engine& engine) {
    return {.think = marker(engine, "[THINK]"),
            .end_think = marker(engine, "[/THINK]"),
            .tool_calls = marker(engine, "[TOOL_CALLS]"),
            .arguments = marker(engine, "[ARGS]")};
  }
  // A token without text is a control token to XGrammar, and nothing ever allows it. The four markers, which
  // token rules name, get a text that no text rule takes: 0xFF occurs in no UTF-8.
  static xgrammar::TokenizerInfo vocabulary_of(const Engine& engine, const MarkerIds& markers) {
    const EngineInfo& info = engine.info();
    std::vector<std::string> pieces(static_cast<size_t>(info.vocabulary));
    for (int32_t id = 0; id < info.vocabulary; ++id) {
      if (!engine.detokenize({&id, 1}, false).empty())
        pieces[static_cast<size_t>(id)] = engine.token_bytes(id);
    }
    for (const int32_t id : {markers.think, markers.end_think, markers.tool_calls, markers.arguments}) {
      if (id >= 0) (pieces[static_cast<size_t>(id)] = '\xff') += engine.token_bytes(id);
    }
    return xgrammar::TokenizerInfo(pieces, xgrammar::VocabType::RAW, static_cast<int>(info.vocabulary),
                                   std::vector<int32_t>{info.end_token});
  }

  const MarkerIds markers_;
  xgrammar::GrammarCompiler compiler_;
};

}  // namespace

std::shared_ptr<api::ConstraintCompiler> make_constraint_compiler(const Engine& engine) {
  return std::make_shared<GrammarCompiler>(engine);
}

}  // namespace sirocco
