// SPDX-License-Identifier: Apache-2.0
#include "engine/session_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <random>

#include "base/mapped_file.h"
#include "engine_fixture.h"

namespace sirocco {
namespace {

std::string session_path() {
  return (std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + ".session")).string();
}

int32_t wander(std::span<const int32_t> history) {
  uint64_t hash = 7;
  for (const int32_t token : history) hash = mix64(hash ^ static_cast<uint64_t>(token));
  return 1032 + static_cast<int32_t>(hash % 90);
}

TEST(Session, AnotherEngineGoesOnWhereThisOneStopped) {
  GenerateRequest request;
  for (int i = 0; i < 150; ++i) request.prompt.push_back(1000 + i);
  request.max_tokens = 30;
  request.sampling.temperature = 0.0;
  const std::string path = session_path();
  FakeEngine first(wander);
  const Answer said = first.answer(request);
  Session all = session_of(request);
  all.ids.insert(all.ids.end(), said.tokens.begin(), said.tokens.end());
  const auto saved = first.engine->save_session(all, path);
  ASSERT_TRUE(saved) << saved.error().message;
  EXPECT_EQ(*saved, 179);  // the last token was never computed
  EXPECT_EQ(first.settled().pages_held, 0);

  FakeEngine second(wander);
  const auto restored = second.engine->restore_session(path);
  ASSERT_TRUE(restored) << restored.error().message;
  ASSERT_EQ(restored->ids.size(), 179u);
  EXPECT_TRUE(std::equal(restored->ids.begin(), restored->ids.end(), all.ids.begin()));
  const Answer again = second.answer(request);
  EXPECT_EQ(again.finish.usage.cached_tokens, 149);
  EXPECT_EQ(again.tokens, said.tokens);
  const EngineStats stats = second.settled();
  EXPECT_EQ(stats.pages_free + stats.pages_cached, second.engine->info().cache_pages);
  std::filesystem::remove(path);
  EXPECT_EQ(second.engine->restore_session(path).error().kind, ErrorKind::not_found);
}

TEST(Session, OfWhichNothingIsCachedDoesNotReplaceAFile) {
  const std::string path = session_path();
  FakeEngine e(wander);
  GenerateRequest request;
  for (int i = 0; i < 150; ++i) request.prompt.push_back(1000 + i);
  request.max_tokens = 3;
  e.answer(request);
  ASSERT_TRUE(e.engine->save_session(session_of(request), path));
  const auto before = std::filesystem::file_size(path);
  e.engine->drop_cached_prefixes();
  const auto saved = e.engine->save_session(session_of(request), path);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().kind, ErrorKind::not_found);
  EXPECT_EQ(std::filesystem::file_size(path), before);
  std::filesystem::remove(path);
}

TEST(Session, WeightsOfOneShapeThatDifferHaveOtherFingerprints) {
  std::vector<std::byte> first(4096, std::byte{1}), second = first;
  const auto of = [](const std::string& name, const std::vector<std::byte>& bytes) {
    const std::vector<TensorEntry> tensors = {{name, DType::bf16, {2048}, bytes, 0}};
    return weights_fingerprint(tensors);
  };
  EXPECT_EQ(of("a", first), of("a", second));
  EXPECT_NE(of("a", first), of("b", first));
  second[2100] = std::byte{2};
  EXPECT_NE(of("a", first), of("a", second));
  EXPECT_NE(weights_fingerprint({}), of("a", first));
  Config config;
  const uint64_t plain = model_fingerprint(config, 1, 2);
  EXPECT_NE(plain, model_fingerprint(config, 3, 2));
  config.rope.attention_factor = 1.25;
  EXPECT_NE(plain, model_fingerprint(config, 1, 2));
}

const SessionShape kShape{.fingerprint = 5, .page_bytes = 256, .page_tokens = 64, .vocabulary = 5000};

std::vector<std::byte> session_bytes(const std::string& path, int tokens, int fill) {
  const Session session{std::vector<int32_t>(static_cast<size_t>(tokens), fill), {{3, 8, {77}}, {11, 2, {78}}}};
  std::vector<std::byte> page(256, static_cast<std::byte>(fill));
  std::vector<std::span<const std::byte>> pages(static_cast<size_t>((tokens + 63) / 64), page);
  EXPECT_TRUE(write_session(path, kShape, session, pages));
  auto file = MappedFile::open(path);
  return {file->bytes().begin(), file->bytes().end()};
}

TEST(Session, AnyDamageIsNoticed) {
  const std::string path = session_path();
  const std::vector<std::byte> whole = session_bytes(path, 100, 3);
  const auto sound = parse_session(whole, kShape, "file");
  ASSERT_TRUE(sound);
  EXPECT_EQ(sound->session.pictures, (std::vector<PicturePlace>{{3, 8, {77}}, {11, 2, {78}}}));
  for (size_t i = 0; i < whole.size(); ++i) {
    auto damaged = whole;
    damaged[i] ^= std::byte{1};
    EXPECT_FALSE(parse_session(damaged, kShape, "file")) << "byte " << i;
    EXPECT_FALSE(parse_session(std::span(whole).first(i), kShape, "file")) << "cut at " << i;
  }
  auto older = whole;
  older[16] = std::byte{2};  // whose pictures had shorter hashes
  EXPECT_EQ(parse_session(older, kShape, "file").error().message, "file: version 2, expected 3");
  SessionShape other = kShape;
  other.fingerprint = 6;
  EXPECT_NE(parse_session(whole, other, "file").error().message.find("another model"), std::string::npos);
  std::filesystem::remove(path);
}

TEST(Session, PicturesLieInOrderWithinTheTokens) {
  const std::vector<int32_t> ids(10, 7);
  EXPECT_TRUE(check_session({ids, {{0, 4, {1}}, {4, 6, {2}}}}, 5000));
  using Places = std::vector<PicturePlace>;
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  for (const Places& wrong : {Places{{0, 4, {1}}, {3, 2, {2}}}, Places{{8, 3, {1}}}, Places{{-1, 2, {1}}},
                              Places{{2, 0, {1}}}, Places{{kMost, 2, {1}}}, Places{{2, kMost, {1}}}})
    EXPECT_FALSE(check_session({ids, wrong}, 5000));
  EXPECT_FALSE(check_session({{5000}, {}}, 5000));
}

// The writer is killed at random instants: what lies there afterwards is an old or a new file, whole.
TEST(Session, KillingTheWriterLeavesAWholeFile) {
  const std::string path = session_path();
  session_bytes(path, 640, 1);
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    const pid_t writer = ::fork();
    if (writer == 0) {
      for (int fill = 2;; fill = fill % 100 + 2) session_bytes(path, 6400, fill);
    }
    ::usleep(static_cast<useconds_t>(random() % 8000));
    ::kill(writer, SIGKILL);
    ::waitpid(writer, nullptr, 0);
    auto file = MappedFile::open(path);
    ASSERT_TRUE(file);
    const auto session = parse_session(file->bytes(), kShape, path);
    EXPECT_TRUE(session) << session.error().message;
  }
  session_bytes(path, 640, 1);  // the next writer tidies up
  const std::filesystem::path whole(path);
  const std::string temporary = "." + whole.filename().string() + ".tmp.";
  for (const auto& entry : std::filesystem::directory_iterator(whole.parent_path()))
    EXPECT_FALSE(entry.path().filename().string().starts_with(temporary)) << entry.path();
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sirocco
