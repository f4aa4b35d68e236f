// SPDX-License-Identifier: Apache-2.0
#include "grammar/grammar.h"

#include <dlpack/dlpack.h>
#include <xgrammar/compiler.h>
#include <xgrammar/grammar.h>
#include <xgrammar/matcher.h>

#include <list>
#include <mutex>
#include <unordered_map>

#include "grammar/repeat_depth.h"
#include "grammar/reply_grammar.h"
#include "grammar/schema_grammar.h"

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

constexpr size_t kCacheBytes = 256 << 20;  // of compiled grammars, least recently used go first
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
    try {
      return matcher_.FillNextTokenBitmask(&tensor);
    } catch (const std::exception&) {  // a limit of the library's own: nothing is allowed, which ends the answer
      std::ranges::fill(bits, 0U);
      return true;
    }
  }
  bool accept(int32_t token) override {
    try {
      return matcher_.AcceptToken(token);
    } catch (const std::exception&) {  // likewise
      return false;
    }
  }
  bool finished() const override { return matcher_.IsTerminated(); }
  std::unique_ptr<TokenMask> clone() const override { return std::make_unique<GrammarMask>(matcher_.Fork()); }

 private:
  xgrammar::GrammarMatcher matcher_;
};

struct KnownGrammar {
  xgrammar::CompiledGrammar grammar;
  std::vector<std::string> ignored;  // as in api::Compiled
};

// Grammars in the client's own words. Those that schemas and patterns became are checked where they are made.
void refuse_multiplying_repeats(const std::string& grammar) {
  if (repeats_multiply(xgrammar::Grammar::FromEBNF(grammar).ToString()))
    throw std::runtime_error("repetitions with two bounds may be nested twice in a grammar, not more deeply");
}

// Compiled grammars by the structural tags that they came from; the least recently used go first.
class GrammarCache {
 public:
  std::optional<KnownGrammar> find(const std::string& tag) {
    const std::lock_guard lock(mutex_);
    const auto found = by_tag_.find(tag);
    if (found == by_tag_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->known;
  }
  void put(const std::string& tag, const KnownGrammar& known) {
    const std::lock_guard lock(mutex_);
    if (by_tag_.contains(tag)) return;
    entries_.push_front({tag, known, tag.size() + known.grammar.MemorySizeBytes()});
    by_tag_[tag] = entries_.begin();
    bytes_ += entries_.front().bytes;
    while (bytes_ > kCacheBytes && entries_.size() > 1) {
      bytes_ -= entries_.back().bytes;
      by_tag_.erase(entries_.back().tag);
      entries_.pop_back();
    }
  }

 private:
  struct Entry {
    std::string tag;
    KnownGrammar known;
    size_t bytes;
  };
  std::mutex mutex_;  // guards what follows
  std::list<Entry> entries_;
  std::unordered_map<std::string, std::list<Entry>::iterator> by_tag_;
  size_t bytes_ = 0;
};

class GrammarCompiler final : public api::ConstraintCompiler,
                              public std::enable_shared_from_this<GrammarCompiler> {
 public:
  explicit GrammarCompiler(const Engine& engine)
      : markers_(markers_of(engine)),
        compiler_(vocabulary_of(engine, markers_), kCompileThreads, /*cache_enabled=*/false) {}

  ApiResult<api::Compilation> begin(const api::Constraint& constraint) override {
    auto tag = structural_tag(constraint, markers_);
    if (!tag) return api::fail_api(tag.error());
    std::string key = tag->dump();
    if (const auto known = cache_.find(key)) return api::Compilation{.ready = compiled(*known)};
    return api::Compilation{.run = [self = shared_from_this(), tag = *std::move(tag), key = std::move(key),
                                    own = own_grammar(constraint), param = field_at_fault(constraint)] {
      return self->run(tag, key, own, param);
    }};
  }

 private:
  static api::Compiled compiled(const KnownGrammar& known) {
    return {std::make_shared<const GrammarMask>(xgrammar::GrammarMatcher(known.grammar)), known.ignored};
  }
  static std::string own_grammar(const api::Constraint& constraint) {
    const bool own = constraint.form == api::FormKind::ebnf || constraint.form == api::FormKind::gbnf;
    return own ? constraint.form_text : std::string();
  }
  static std::string field_at_fault(const api::Constraint& constraint) {
    return constraint.form == api::FormKind::any ? "tools" : constraint.form_field;
  }

  ApiResult<api::Compiled> run(Json tag, const std::string& key, const std::string& own_grammar,
                               const std::string& param) {
    if (const auto known = cache_.find(key)) return compiled(*known);  // another request was quicker
    try {
      if (!own_grammar.empty()) refuse_multiplying_repeats(own_grammar);
      auto ignored = write_schemas_as_grammars(tag["format"], param);
      if (!ignored) return api::fail_api(ignored.error());
      const KnownGrammar known{compiler_.CompileStructuralTag(tag.dump()), *std::move(ignored)};
      cache_.put(key, known);
      return compiled(known);
    } catch (const std::exception& error) {
      const std::string text = error.what();
      return api::fail_api(
          ApiError::bad_request("structured output: " + text.substr(0, text.find('\n')), param));
    }
  }

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
  GrammarCache cache_;
};

}  // namespace

std::shared_ptr<api::ConstraintCompiler> make_constraint_compiler(const Engine& engine) {
  return std::make_shared<GrammarCompiler>(engine);
}

}  // namespace sirocco
