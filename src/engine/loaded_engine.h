// SPDX-License-Identifier: Apache-2.0
// LoadedEngine: the public Engine over a model, a tokenizer and the loop that runs them. Tests build it
// around a model of their own.
#pragma once

#include <memory>

#include "engine/engine_loop.h"
#include "engine/picture_loader.h"
#include "engine/session_file.h"
#include "run/model.h"
#include "sirocco/engine.h"
#include "text/tokenizer.h"

namespace sirocco {

class LoadedEngine final : public Engine {
 public:
  // Sizes and reserves the cache, starts the loop. `info` brings what the files say.
  static Result<std::unique_ptr<Engine>> start(std::unique_ptr<Model> model, Tokenizer tokenizer,
                                               EngineInfo info, const EngineOptions& options);

  const EngineInfo& info() const override { return info_; }
  EngineStats stats() const override;
  Result<GenerateRequest> chat_request(std::string_view json, ChatRules rules,
                                       std::vector<std::string>* ignored) const override;
  Result<PictureTokens> picture(std::string_view url) const override;
  Result<void> read_fields(std::string_view json, GenerateRequest& request,
                           std::vector<std::string>* ignored) const override;
  std::vector<int32_t> tokenize(std::string_view text, const TokenizeOptions& options) const override;
  Result<std::vector<int32_t>> infill_prompt(std::string_view prefix, std::string_view suffix) const override;
  std::string detokenize(std::span<const int32_t> ids, bool spell_special) const override;
  std::string token_bytes(int32_t id) const override;
  Result<Stream> submit(GenerateRequest request) override;
  Result<int64_t> save_session(const Session& session, const std::string& path) override;
  Result<Session> restore_session(const std::string& path) override;
  void drop_cached_prefixes() override;

 private:
  LoadedEngine(std::unique_ptr<Model> model, Tokenizer tokenizer, EngineInfo info);
  SessionShape session_shape() const;
  Result<LoadedPicture> load_picture(std::string_view url) const;

  std::unique_ptr<Model> model_;
  Tokenizer tokenizer_;
  EngineInfo info_;
  std::unique_ptr<PictureCache> picture_cache_;
  std::unique_ptr<PictureLoader> picture_loader_;  // null: the model is blind
  std::unique_ptr<EngineLoop> loop_;  // last: its thread uses all of the above
};

}  // namespace sirocco
