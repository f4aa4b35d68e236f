// SPDX-License-Identifier: Apache-2.0
// Pictures on their way through the engine: read, encoded between the steps of others, shared, refused.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "engine_fixture.h"

namespace sirocco {
namespace {

int32_t forever(std::span<const int32_t>) {
  return 1100;
}

std::string picture_file(const std::string& name) {
  const auto file = read_file(SIROCCO_SOURCE_DIR "/tests/golden/picture/" + name, 1 << 20);
  if (!file) throw std::runtime_error(file.error().message);
  return *file;
}

std::string data_url(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string url = "data:image/png;base64,";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j)
      url += i + j > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63];
  }
  return url;
}

std::string chat_about(const std::string& url, const std::string& question = "What is this?") {
  return fmt::format(R"({{"temperature": 0, "max_tokens": 3, "messages": [{{"role": "user", "content": [
      {{"type": "image_url", "image_url": {{"url": "{}"}}}}, {{"type": "text", "text": "{}"}}]}}]}})",
                     url, question);
}

GenerateRequest made(const FakeEngine& e, const std::string& json) {
  auto request = e.engine->chat_request(json);
  if (!request) throw std::runtime_error(request.error().message);
  return *std::move(request);
}

std::string refusal(const FakeEngine& e, const std::string& json) {
  const auto request = e.engine->chat_request(json);
  return request ? "" : request.error().message;
}

struct SeeingEngine : FakeEngine {
  explicit SeeingEngine(EngineOptions options = small()) : FakeEngine(forever, options, true) {}
};

// 61 × 33 pixels: 3 × 2 squares.
TEST(Pictures, StandInThePromptAsTheReferenceLaysThemOut) {
  const SeeingEngine e;
  EXPECT_TRUE(e.engine->info().vision);
  const GenerateRequest request = made(e, chat_about(data_url(picture_file("rgb.png"))));
  ASSERT_EQ(request.pictures.size(), 1u);
  const PromptPicture& picture = request.pictures[0];
  EXPECT_EQ(picture.tokens, 8);
  const auto begin = request.prompt.begin() + picture.first_token;
  EXPECT_EQ(std::vector<int32_t>(begin, begin + picture.tokens),
            (std::vector<int32_t>{10, 10, 10, 12, 10, 10, 10, 13}));
  ASSERT_TRUE(picture.pixels);
  EXPECT_EQ(picture.pixels->width, 84);
  EXPECT_EQ(picture.pixels->height, 56);
  EXPECT_FALSE(picture.rows);
}

TEST(Pictures, AreSeenInTheirPlace) {
  SeeingEngine e;
  const auto hash_of = [&](const std::string& file) {
    const Answer answer = e.answer(made(e, chat_about(data_url(picture_file(file)))));
    EXPECT_EQ(answer.finish.reason, FinishReason::length);
    return answer.finish.logits_hash;
  };
  const uint64_t first = hash_of("palette.png"), other = hash_of("palette_clear.png");
  EXPECT_NE(first, other);  // the same prompt but for what is seen
  EXPECT_EQ(hash_of("palette.png"), first);
  EXPECT_EQ(e.engine->stats().pictures_encoded, 2u);
}

TEST(Pictures, AreEncodedOnceForAllWhoWait) {
  SeeingEngine e;
  const std::string json = chat_about(data_url(picture_file("rgb.png")));
  std::vector<Stream> streams;
  for (int i = 0; i < 4; ++i) streams.push_back(*e.engine->submit(made(e, json)));
  std::vector<uint64_t> hashes;
  for (Stream& stream : streams) hashes.push_back(read_all(stream)[0].finish.logits_hash);
  EXPECT_EQ(std::ranges::count(hashes, hashes[0]), 4);
  EXPECT_EQ(e.settled().pictures_encoded, 1u);
  EXPECT_EQ(e.model->pieces, 3);
}

TEST(Pictures, ComeFromTheCacheInTheNextRequest) {
  SeeingEngine e;
  e.answer(made(e, chat_about(data_url(picture_file("rgb.png")))));
  const GenerateRequest again = made(e, chat_about(data_url(picture_file("rgb.png")), "And now?"));
  EXPECT_TRUE(again.pictures[0].rows);  // neither decoded nor encoded again
  EXPECT_FALSE(again.pictures[0].pixels);
  e.answer(again);
  EXPECT_EQ(e.settled().pictures_encoded, 1u);
}

// Without a cache of rows the pages of the prefix still hold what was seen.
TEST(Pictures, AreNotEncodedWhereThePrefixIsCached) {
  EngineOptions options = FakeEngine::small();
  options.picture_cache_bytes = 0;
  SeeingEngine e(options);
  const std::string url = data_url(picture_file("tall.png"));  // 300 × 1999: 9 × 55 squares
  e.answer(made(e, chat_about(url, "One?")));
  const Answer second = e.answer(made(e, chat_about(url, "Two?")));
  EXPECT_GE(second.finish.usage.cached_tokens, 9 * 55);
  EXPECT_EQ(e.settled().pictures_encoded, 1u);
  e.engine->drop_cached_prefixes();
  EXPECT_EQ(e.answer(made(e, chat_about(url, "Two?"))).finish.logits_hash, second.finish.logits_hash);
  EXPECT_EQ(e.settled().pictures_encoded, 2u);
}

// Whose hashes agree in their first 64 bits, as nobody has found files to do: every table tells them apart.
TEST(Pictures, AreToldApartByAllOfTheirHash) {
  SeeingEngine e;
  const std::string json = chat_about(data_url(picture_file("rgb.png")));
  const GenerateRequest request = made(e, json);
  GenerateRequest twin = made(e, chat_about(data_url(picture_file("rgb.png")), "And this?"));
  twin.pictures[0].content_hash.back() ^= 1;
  auto first = e.engine->submit(request);
  auto second = e.engine->submit(twin);
  read_all(*first);
  EXPECT_LE(read_all(*second)[0].finish.usage.cached_tokens, twin.pictures[0].first_token);
  EXPECT_EQ(e.settled().pictures_encoded, 2u);
}

TEST(Pictures, LieInSessionsThatServeTheSamePictureAlone) {
  const std::string path = (std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + ".seen")).string();
  const std::string url = data_url(picture_file("tall.png"));
  SeeingEngine first;
  const GenerateRequest request = made(first, chat_about(url));
  const Answer said = first.answer(request);
  Session session = session_of(request);
  session.ids.insert(session.ids.end(), said.tokens.begin(), said.tokens.end());
  Session longer = session;  // by a picture that was never computed: it stays out of the file
  longer.pictures.push_back({std::ssize(longer.ids), 8, {5}});
  longer.ids.insert(longer.ids.end(), 8, 10);
  const auto saved = first.engine->save_session(longer, path);
  ASSERT_TRUE(saved) << saved.error().message;
  EXPECT_EQ(*saved, std::ssize(session.ids) - 1);

  SeeingEngine second;
  const auto restored = second.engine->restore_session(path);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->pictures, session.pictures);
  GenerateRequest other = made(second, chat_about(url));
  other.pictures[0].content_hash.back() ^= 1;  // the same placeholders, another picture
  EXPECT_LE(second.answer(other).finish.usage.cached_tokens, other.pictures[0].first_token);
  const int64_t pieces = second.model->pieces;
  const Answer again = second.answer(made(second, chat_about(url)));
  EXPECT_EQ(again.finish.usage.cached_tokens, std::ssize(request.prompt) - 1);
  EXPECT_EQ(again.finish.logits_hash, said.finish.logits_hash);
  EXPECT_EQ(second.model->pieces, pieces);  // what was seen came with the pages
  std::filesystem::remove(path);
}

// A file may end inside a picture, where the cache knew no more: what is there is still that picture's.
TEST(Pictures, ThatASessionCutsAreStillTheirs) {
  const std::string path = (std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + ".cut")).string();
  const std::string url = data_url(picture_file("tall.png"));
  SeeingEngine e;
  const GenerateRequest request = made(e, chat_about(url));
  e.answer(request);
  Session session = session_of(request);
  session.ids.resize(100);
  session.pictures[0].tokens = 100 - session.pictures[0].first_token;
  ASSERT_TRUE(e.engine->save_session(session, path));
  e.engine->drop_cached_prefixes();
  ASSERT_TRUE(e.engine->restore_session(path));
  EXPECT_EQ(e.answer(request).finish.usage.cached_tokens, 100);
  std::filesystem::remove(path);
}

TEST(Pictures, AreEncodedBetweenTheStepsOfOthers) {
  SeeingEngine e;
  e.model->pieces_of_picture = 40;
  GenerateRequest talker;
  talker.prompt.assign(30, 1050);
  talker.sampling.temperature = 0.0;
  talker.max_tokens = 1000;
  auto talking = e.engine->submit(talker);
  ASSERT_TRUE(talking->next());
  EXPECT_EQ(e.answer(made(e, chat_about(data_url(picture_file("rgb.png"))))).tokens.size(), 3u);
  const std::string turns = e.model->turns();
  const std::string while_encoding =
      turns.substr(turns.find('e'), turns.rfind('e') - turns.find('e') + 1);
  EXPECT_EQ(std::ranges::count(while_encoding, 'e'), 40);
  EXPECT_EQ(while_encoding.find("ee"), std::string::npos) << while_encoding;  // a step after each piece
}

TEST(Pictures, StopWhenTheClientLeaves) {
  SeeingEngine e;
  e.model->pieces_of_picture = 1 << 30;
  auto stream = e.engine->submit(made(e, chat_about(data_url(picture_file("rgb.png")))));
  while (e.model->pieces < 5) std::this_thread::yield();
  stream->cancel();
  EXPECT_EQ(read_all(*stream)[0].finish.reason, FinishReason::cancelled);
  EXPECT_EQ(e.settled().pages_held, 0);
  e.model->pieces_of_picture = 3;
  EXPECT_EQ(e.answer(made(e, chat_about(data_url(picture_file("grey.png"))))).tokens.size(), 3u);
  EXPECT_EQ(e.settled().pictures_encoded, 1u);
}

TEST(Pictures, ThatTheTowerRefusesEndTheirRequestAlone) {
  SeeingEngine e;
  e.model->refuse_pictures = true;
  const Answer answer = e.answer(made(e, chat_about(data_url(picture_file("rgb.png")))));
  EXPECT_EQ(answer.finish.reason, FinishReason::error);
  EXPECT_EQ(answer.finish.error, "a picture that the tower refuses");
  e.model->refuse_pictures = false;
  EXPECT_EQ(e.answer(made(e, chat_about(data_url(picture_file("rgb.png"))))).tokens.size(), 3u);
}

TEST(Pictures, AreRefusedWithAReason) {
  const SeeingEngine e;
  EXPECT_NE(refusal(e, chat_about("data:image/png;base64,SGVsbG8=")).find("begins with 'Hello'"), std::string::npos);
  EXPECT_NE(refusal(e, chat_about("data:image/png;base64,SGVsb")).find("not padded base64"), std::string::npos);
  EXPECT_NE(refusal(e, chat_about("data:image/png,abc")).find("expected data:image/…;base64,…"), std::string::npos);
  EXPECT_NE(refusal(e, chat_about("https://example.org/a.png")).find("only data: URLs are taken here"),
            std::string::npos);
  EXPECT_NE(refusal(e, chat_about("/etc/passwd")).find("only data: URLs are taken here"), std::string::npos);
  const std::string part = picture_file("rgb.png").substr(0, 2000);
  EXPECT_NE(refusal(e, chat_about(data_url(part))).find("broken PNG"), std::string::npos);

  const FakeEngine blind(forever);
  EXPECT_FALSE(blind.engine->info().vision);
  const auto refused = blind.engine->chat_request(chat_about(data_url(picture_file("rgb.png"))));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
  EXPECT_NE(refused.error().message.find("it takes text alone"), std::string::npos);
}

TEST(Pictures, WithoutAPlaceholderOrWithoutPixelsAreRefused) {
  FakeEngine e([](std::span<const int32_t>) { return 1100; }, FakeEngine::small(), true);
  GenerateRequest request;
  request.prompt = {1000, 1001, 1002};
  request.max_tokens = 1;
  PromptPicture picture;
  picture.first_token = 1;
  picture.tokens = 1;
  request.pictures.push_back(picture);
  EXPECT_FALSE(e.engine->submit(request));  // no image token there
  request.prompt[1] = 10;
  EXPECT_FALSE(e.engine->submit(request));  // nothing stands in for it
}

TEST(Pictures, OfOtherUrlsComeThroughTheHook) {
  EngineOptions options = FakeEngine::small();
  options.fetch_picture = [](std::string_view url) -> Result<std::string> {
    if (url != "https://example.org/a.png") return bad_input("a host that is not listed");
    return picture_file("rgb.png");
  };
  const SeeingEngine e(options);
  EXPECT_EQ(made(e, chat_about("https://example.org/a.png")).pictures[0].content_hash,
            made(e, chat_about(data_url(picture_file("rgb.png")))).pictures[0].content_hash);
  EXPECT_NE(refusal(e, chat_about("https://example.com/a.png")).find("not listed"), std::string::npos);
}

TEST(Pictures, WaitOnlyUpToALimit) {
  EngineOptions options = FakeEngine::small();
  options.waiting_picture_bytes = 84 * 56 * 12;  // of one
  const SeeingEngine e(options);
  {
    const GenerateRequest first = made(e, chat_about(data_url(picture_file("rgb.png"))));
    const GenerateRequest same = made(e, chat_about(data_url(picture_file("rgb.png"))));
    EXPECT_EQ(first.pictures[0].pixels, same.pictures[0].pixels);
    const auto second = e.engine->chat_request(chat_about(data_url(picture_file("grey.png"))));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::resource);
  }
  EXPECT_EQ(refusal(e, chat_about(data_url(picture_file("grey.png")))), "");
}

TEST(Pictures, InPromptsOfOnesOwn) {
  SeeingEngine e;
  auto picture = e.engine->picture(data_url(picture_file("rgb.png")));
  ASSERT_TRUE(picture) << picture.error().message;
  EXPECT_EQ(picture->ids, (std::vector<int32_t>{10, 10, 10, 12, 10, 10, 10, 13}));
  GenerateRequest request;
  request.prompt = {1};
  request.prompt.insert(request.prompt.end(), picture->ids.begin(), picture->ids.end());
  picture->picture.first_token = 1;
  request.pictures.push_back(picture->picture);
  request.max_tokens = 2;
  EXPECT_EQ(e.answer(request).tokens.size(), 2u);
  request.prompt[2] = 12;  // one placeholder fewer than squares
  const auto refused = e.engine->submit(request);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("for 5 placeholders"), std::string::npos);
}

}  // namespace
}  // namespace sirocco
