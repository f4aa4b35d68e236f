// SPDX-License-Identifier: Apache-2.0
#include "engine/loaded_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "base/available_memory.h"
#include "engine/memory_plan.h"
#include "engine/request_fields.h"
#include "model/known_models.h"
#include "model/sizes.h"
#include "sirocco/reasoning_effort.h"
#include "text/prompt.h"
#include "text/utf8.h"

namespace sirocco {

namespace {

// The model's own sizes: a vocabulary that says otherwise was made for another tower.
ImageTokenConfig image_config(const Config& config) {
  if (!config.vision) return {};
  return {static_cast<int>(config.vision->patch), static_cast<int>(config.vision->image_size),
          static_cast<int>(config.vision->merge)};
}

// Whose embeddings pictures replace; −1: nobody's.
int32_t image_token(const Config& config, const Tokenizer& tokenizer) {
  if (!config.vision) return -1;
  return tokenizer.special_id("[IMG]").value_or(static_cast<int32_t>(config.vision->image_token));
}

MemoryFacts memory_facts(const Model& model, const EngineOptions& options) {
  MemoryFacts facts;
  facts.available_bytes = available_memory_bytes();
  if (model.sees())
    facts.picture_bytes = static_cast<uint64_t>(options.picture_cache_bytes + options.waiting_picture_bytes +
                                                picture_encoding_bytes(model.config()));
  facts.weights = model.weight_memory();
  facts.page_bytes = model.page_bytes();
  facts.page_tokens = Model::kPageTokens;
  facts.model_context_tokens = longest_context(model.config());
  facts.wanted_context_tokens = options.context_tokens;
  facts.wanted_cache_bytes = options.cache_bytes;
  facts.sequences = options.max_sequences;
  return facts;
}

// Adds to what the files say what was made of them.
void describe(EngineInfo& info, const Model& model, const Tokenizer& tokenizer, const MemoryPlan& plan,
              int max_sequences) {
  const Config& config = model.config();
  info.isa = model.isa();
  info.threads = model.threads();
  info.layers = config.layers;
  info.hidden = config.hidden;
  info.vocabulary = std::min<int64_t>(config.vocabulary, tokenizer.vocab_size());
  info.parameters = count_parameters(config).total();
  info.context_tokens = plan.context_tokens;
  info.max_position_embeddings = config.max_position_embeddings;
  info.cache_pages = plan.pages;
  info.page_tokens = Model::kPageTokens;
  info.page_bytes = model.page_bytes();
  info.max_sequences = max_sequences;
  info.vision = model.sees();
  info.infill = tokenizer.special_id("[SUFFIX]") && tokenizer.special_id("[PREFIX]");
  info.begin_token = tokenizer.bos_id();
  info.end_token = tokenizer.eos_id();
  info.tokenizer = name_of(tokenizer.version());
  info.memory_plan = plan.reasoning;
}

LoopOptions loop_options(const EngineInfo& info, int32_t image_token, const ImageTokenConfig& image,
                         const EngineOptions& options) {
  LoopOptions loop;
  loop.limits.max_batch_tokens = options.max_batch_tokens;
  loop.limits.max_running =
      static_cast<int>(std::min<int64_t>(options.max_sequences, options.max_batch_tokens));
  loop.request_limits = {info.vocabulary, info.hidden, info.context_tokens,
                         image_token,     info.vision, image.patch_size * image.spatial_merge_size};
  loop.max_queue_requests = options.max_queue_requests;
  loop.max_queue_tokens = options.max_queue_tokens;
  loop.log = options.on_log;
  return loop;
}

PromptPicture prompt_picture(LoadedPicture&& loaded, int64_t first_token, int64_t tokens) {
  return {{first_token, tokens, loaded.content_hash}, std::move(loaded.rows), std::move(loaded.pixels)};
}

}  // namespace

LoadedEngine::LoadedEngine(std::unique_ptr<Model> model, Tokenizer tokenizer, EngineInfo info)
    : model_(std::move(model)), tokenizer_(std::move(tokenizer)), info_(std::move(info)) {}

Result<std::unique_ptr<Engine>> LoadedEngine::start(std::unique_ptr<Model> model, Tokenizer tokenizer,
                                                    EngineInfo info, const EngineOptions& options) {
  auto plan = plan_memory(memory_facts(*model, options));
  if (!plan) return forward_error(plan);
  if (auto ok = model->reserve_cache(plan->pages); !ok) return forward_error(ok);
  describe(info, *model, tokenizer, *plan, options.max_sequences);
  if (options.on_log) options.on_log(LogLevel::info, "memory: " + info.memory_plan);

  const ImageTokenConfig image = image_config(model->config());
  LoopOptions loop = loop_options(info, image_token(model->config(), tokenizer), image, options);
  std::unique_ptr<LoadedEngine> engine(
      new LoadedEngine(std::move(model), std::move(tokenizer), std::move(info)));
  if (engine->info_.vision) {
    engine->picture_cache_ = std::make_unique<PictureCache>(options.picture_cache_bytes);
    engine->picture_loader_ = std::make_unique<PictureLoader>(image, *engine->picture_cache_,
                                                              options.waiting_picture_bytes, options.fetch_picture);
    loop.picture_cache = engine->picture_cache_.get();
  }
  engine->loop_ = std::make_unique<EngineLoop>(*engine->model_, engine->tokenizer_, loop);
  return std::unique_ptr<Engine>(std::move(engine));
}

EngineStats LoadedEngine::stats() const {
  EngineStats stats = loop_->stats();
  if (!picture_loader_) return stats;
  stats.pictures_asked = picture_loader_->asked();
  stats.pictures_known = picture_loader_->known();
  stats.picture_cache_bytes = picture_cache_->bytes();
  return stats;
}

Result<Stream> LoadedEngine::submit(GenerateRequest request) {
  if (!request.sampling.has_seed) {
    std::random_device device;
    request.sampling.seed = static_cast<uint64_t>(device()) << 32 | device();
  }
  return loop_->submit(std::move(request));
}

namespace {

Result<PythonJson> parse_object(std::string_view json) {
  if (!is_valid_utf8(json)) return bad_input("request: not valid UTF-8");
  return parse_python_json(json, "request");
}

}  // namespace

Result<GenerateRequest> LoadedEngine::chat_request(std::string_view text, ChatRules rules,
                                                   std::vector<std::string>* ignored) const {
  auto json = parse_object(text);
  if (!json) return forward_error(json);
  std::vector<LoadedPicture> pictures;  // in the order of the prompt
  auto prompt = prompt_of_request(tokenizer_, *json, rules, [&](std::string_view url) -> Result<PictureGrid> {
    auto loaded = load_picture(url);
    if (!loaded) return forward_error(loaded);
    pictures.push_back(*std::move(loaded));
    return pictures.back().grid;
  });
  if (!prompt) return forward_error(prompt);
  GenerateRequest request;
  request.prompt = std::move(prompt->ids);
  request.inside_thinking = prompt->inside_thinking;
  for (size_t i = 0; i < pictures.size(); ++i)
    request.pictures.push_back(prompt_picture(std::move(pictures[i]), prompt->pictures[i].first_token,
                                              prompt->pictures[i].tokens));
  const PythonJson* effort = json->find("reasoning_effort");
  const bool thinks = effort != nullptr && effort->is_string() && effort_thinks(effort->text);
  request.sampling.temperature = default_temperature(thinks);
  if (auto ok = read_request_fields(*json, tokenizer_, request, ignored); !ok) return forward_error(ok);
  return request;
}

Result<LoadedPicture> LoadedEngine::load_picture(std::string_view url) const {
  if (picture_loader_) return picture_loader_->load(url);
  return fail(ErrorKind::unsupported,
              fmt::format("the model {} has no vision part: it takes text alone", info_.model_name));
}

Result<PictureTokens> LoadedEngine::picture(std::string_view url) const {
  auto loaded = load_picture(url);
  if (!loaded) return forward_error(loaded);
  auto ids = picture_tokens(tokenizer_, loaded->grid);
  if (!ids) return forward_error(ids);
  const auto tokens = static_cast<int64_t>(ids->size());
  return PictureTokens{*std::move(ids), prompt_picture(*std::move(loaded), 0, tokens)};
}

Result<void> LoadedEngine::read_fields(std::string_view text, GenerateRequest& request,
                                       std::vector<std::string>* ignored) const {
  auto json = parse_object(text);
  if (!json) return forward_error(json);
  return read_request_fields(*json, tokenizer_, request, ignored);
}

std::vector<int32_t> LoadedEngine::tokenize(std::string_view text, const TokenizeOptions& options) const {
  auto ids = options.parse_special ? tokenizer_.encode_raw(text) : tokenizer_.encode(text);
  if (options.add_begin && info_.begin_token >= 0) ids.insert(ids.begin(), info_.begin_token);
  return ids;
}

Result<std::vector<int32_t>> LoadedEngine::infill_prompt(std::string_view prefix, std::string_view suffix) const {
  if (!info_.infill)
    return fail(ErrorKind::unsupported, "this vocabulary has no fill-in-the-middle");
  auto prompt = build_fim_prompt(tokenizer_, prefix, suffix);
  if (!prompt) return forward_error(prompt);
  return std::move(prompt->ids);
}

std::string LoadedEngine::detokenize(std::span<const int32_t> ids, bool spell_special) const {
  return tokenizer_.decode(ids, spell_special ? SpecialTokens::spell_out : SpecialTokens::skip);
}

std::string LoadedEngine::token_bytes(int32_t id) const {
  return std::string(tokenizer_.piece(id));
}

void LoadedEngine::drop_cached_prefixes() {
  loop_->call([](PageCache& cache) { cache.drop_cached(); });
}

}  // namespace sirocco
