// SPDX-License-Identifier: Apache-2.0
#include "engine/session_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
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
  std::vector<int32_t> all = request.prompt;
  all.insert(all.end(), said.tokens.begin(), said.tokens.end());
  const auto saved = first.engine->save_session(all, path);
  ASSERT_TRUE(saved) << saved.error().message;
  EXPECT_EQ(*saved, 179);  // the last token was never computed
  EXPECT_EQ(first.settled().pages_held, 0);

  FakeEngine second(wander);
  std::vector<int32_t> ids;
  const auto restored = second.engine->restore_session(path, &ids);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(*restored, 179);
  EXPECT_TRUE(std::equal(ids.begin(), ids.end(), all.begin()));
  const Answer again = second.answer(request);
  EXPECT_EQ(again.finish.usage.cached_tokens, 149);
  EXPECT_EQ(again.tokens, said.tokens);
  const EngineStats stats = second.settled();
  EXPECT_EQ(stats.pages_free + stats.pages_cached, second.engine->info().cache_pages);
  std::filesystem::remove(path);
  EXPECT_EQ(second.engine->restore_session(path, nullptr).error().kind, ErrorKind::not_found);
}

const SessionShape kShape{.fingerprint = 5, .page_bytes = 256, .page_tokens = 64, .vocabulary = 5000};

std::vector<std::byte> session_bytes(const std::string& path, int tokens, int fill) {
  std::vector<int32_t> ids(static_cast<size_t>(tokens), fill);
  std::vector<std::byte> page(256, static_cast<std::byte>(fill));
  std::vector<std::span<const std::byte>> pages(static_cast<size_t>((tokens + 63) / 64), page);
  EXPECT_TRUE(write_session(path, kShape, ids, pages));
  auto file = MappedFile::open(path);
  return {file->bytes().begin(), file->bytes().end()};
}

TEST(Session, AnyDamageIsNoticed) {
  const std::string path = session_path();
  const std::vector<std::byte> whole = session_bytes(path, 100, 3);
  ASSERT_TRUE(parse_session(whole, kShape, "file"));
  for (size_t i = 0; i < whole.size(); ++i) {
    auto damaged = whole;
    damaged[i] ^= std::byte{1};
    EXPECT_FALSE(parse_session(damaged, kShape, "file")) << "byte " << i;
    EXPECT_FALSE(parse_session(std::span(whole).first(i), kShape, "file")) << "cut at " << i;
  }
  SessionShape other = kShape;
  other.fingerprint = 6;
  EXPECT_NE(parse_session(whole, other, "file").error().message.find("another model"), std::string::npos);
  std::filesystem::remove(path);
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
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(path).parent_path()))
    EXPECT_FALSE(entry.path().string().starts_with(path + ".tmp.")) << entry.path();
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sirocco
