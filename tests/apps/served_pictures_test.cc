// SPDX-License-Identifier: Apache-2.0
// The bundled miniature with its tower behind the server: one picture by way of every surface is the same prompt,
// counted, encoded once, cached for the next turn and kept by a saved slot.
#include <gtest/gtest.h>

#include <filesystem>

#include "api/client.h"
#include "api/service.h"
#include "base/file.h"
#include "http/server.h"
#include "sirocco/engine.h"
#include "support/temporary_directory.h"

namespace sirocco {
namespace {

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j) text += i + j > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63];
  }
  return text;
}

class ServedPictures : public testing::Test {
 protected:
  ServedPictures() {
    EngineOptions options;
    options.model_path = SIROCCO_SOURCE_DIR "/models/mini";
    options.context_tokens = 1024;
    options.max_sequences = 4;
    options.threads = 1;
    auto engine = Engine::open(options);
    if (!engine) throw std::runtime_error(engine.error().message);
    engine_ = *std::move(engine);
    service_.set_engine(engine_, nullptr);
    auto server = http::HttpServer::start({.port = 0}, service_.handler());
    if (!server) throw std::runtime_error(server.error().message);
    server_ = *std::move(server);
    const auto file = read_file(SIROCCO_SOURCE_DIR "/tests/golden/picture/rgb.png", 1 << 20);
    if (!file) throw std::runtime_error(file.error().message);
    data_ = base64(*file);
    url_ = "data:image/png;base64," + data_;
    const auto picture = engine_->picture(url_);
    if (!picture) throw std::runtime_error(picture.error().message);
    picture_tokens_ = static_cast<int64_t>(picture->ids.size());
  }
  ~ServedPictures() override {
    server_->disconnect();
    server_->stop();
  }

  Json post(const std::string& path, const Json& body) {
    const HttpAnswer answer = fetch(server_->port(), "POST", path, body);
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
    return answer.json();
  }
  double metric(const std::string& name) {
    const std::string text = fetch(server_->port(), "GET", "/metrics").body;
    const size_t at = text.find("\n" + name);
    if (at == std::string::npos) return -1.0;
    return std::stod(text.substr(text.find(' ', at + 1)));
  }

  Json chat(Json messages) {
    return post("/v1/chat/completions", {{"messages", std::move(messages)}, {"temperature", 0}, {"max_tokens", 8}});
  }
  Json question() const {
    return {{"role", "user"},
            {"content",
             {{{"type", "image_url"}, {"image_url", {{"url", url_}}}}, {{"type", "text"}, {"text", kQuestion}}}}};
  }

  static inline const std::string kQuestion = "What colour is this?";
  TemporaryDirectory folder_;
  std::shared_ptr<Engine> engine_;
  api::Service service_{{.session_folder = folder_.path()}};
  std::unique_ptr<http::HttpServer> server_;
  std::string data_, url_;
  int64_t picture_tokens_ = 0;
};

TEST_F(ServedPictures, AreOnePromptByEverySurface) {
  const Json blind = chat({{{"role", "user"}, {"content", kQuestion}}});
  const Json first = chat({question()});
  const std::string text = first["choices"][0]["message"]["content"];
  const int64_t tokens = first["usage"]["prompt_tokens"];
  EXPECT_EQ(tokens, blind["usage"]["prompt_tokens"].get<int64_t>() + picture_tokens_);
  EXPECT_EQ(metric("sirocco_pictures_encoded_total"), 1.0);
  EXPECT_GT(metric("sirocco_picture_encode_seconds_total"), 0.0);
  EXPECT_GT(metric("sirocco_picture_cache_bytes"), 0.0);

  const Json source = {{"type", "base64"}, {"media_type", "image/png"}, {"data", data_}};
  const Json blocks = {{{"type", "image"}, {"source", source}}, {{"type", "text"}, {"text", kQuestion}}};
  const Json message = {{"model", "m"},
                        {"max_tokens", 8},
                        {"temperature", 0},
                        {"messages", {{{"role", "user"}, {"content", blocks}}}}};
  const Json anthropic = post("/v1/messages", message);
  EXPECT_EQ(anthropic["content"][0]["text"], text);
  const Json& usage = anthropic["usage"];
  EXPECT_EQ(usage["input_tokens"].get<int64_t>() + usage["cache_read_input_tokens"].get<int64_t>(), tokens);
  EXPECT_GT(usage["cache_read_input_tokens"], picture_tokens_);
  EXPECT_EQ(post("/v1/messages/count_tokens", message)["input_tokens"], tokens);

  const Json parts = {{{"type", "input_image"}, {"image_url", url_}}, {{"type", "input_text"}, {"text", kQuestion}}};
  const Json response = post("/v1/responses", {{"input", {{{"role", "user"}, {"content", parts}}}},
                                               {"temperature", 0},
                                               {"max_output_tokens", 8}});
  EXPECT_EQ(response["output"][0]["content"][0]["text"], text);
  EXPECT_EQ(response["usage"]["input_tokens"], tokens);
  EXPECT_GT(response["usage"]["input_tokens_details"]["cached_tokens"], picture_tokens_);
  EXPECT_EQ(metric("sirocco_pictures_encoded_total"), 1.0);
}

TEST_F(ServedPictures, CostNothingInTheNextTurn) {
  const Json first = chat({question()});
  const double asked = metric("vllm:mm_cache_queries_total"), known = metric("vllm:mm_cache_hits_total");
  const Json next = chat({question(),
                          {{"role", "assistant"}, {"content", first["choices"][0]["message"]["content"]}},
                          {{"role", "user"}, {"content", "And its shape?"}}});
  EXPECT_GE(next["usage"]["prompt_tokens_details"]["cached_tokens"], first["usage"]["prompt_tokens"]);
  EXPECT_EQ(metric("vllm:mm_cache_queries_total"), asked + 1);
  EXPECT_EQ(metric("vllm:mm_cache_hits_total"), known + 1);
  EXPECT_EQ(metric("sirocco_pictures_encoded_total"), 1.0);
}

TEST_F(ServedPictures, LieInSavedSlots) {
  const Json first = chat({question()});
  const int64_t saved = post("/slots/0?action=save", {{"filename", "seen"}})["n_saved"];
  EXPECT_GE(saved, first["usage"]["prompt_tokens"].get<int64_t>());
  post("/slots/0?action=erase", Json::object());
  EXPECT_EQ(post("/slots/0?action=restore", {{"filename", "seen"}})["n_restored"], saved);
  const Json again = chat({question()});
  EXPECT_EQ(again["usage"]["prompt_tokens_details"]["cached_tokens"].get<int64_t>(),
            first["usage"]["prompt_tokens"].get<int64_t>() - 1);
  EXPECT_EQ(again["choices"][0]["message"]["content"], first["choices"][0]["message"]["content"]);
}

}  // namespace
}  // namespace sirocco
