// SPDX-License-Identifier: Apache-2.0
// Which vision file goes with a model: the named one, the one beside it, or none.
#include "weights/mmproj.h"

#include <gtest/gtest.h>

#include "support/temporary_directory.h"
#include "support/tiny_checkpoint.h"
#include "support/tiny_gguf.h"

namespace sirocco {
namespace {

Checkpoint open(const std::string& path) {
  auto checkpoint = Checkpoint::open(path);
  EXPECT_TRUE(checkpoint) << (checkpoint ? "" : checkpoint.error().message);
  return checkpoint ? std::move(*checkpoint) : Checkpoint();
}

TEST(Mmproj, IsLookedForBesideTheModel) {
  const TemporaryDirectory d;
  const std::string path = d.write("m.gguf", tiny_gguf().bytes());
  const Checkpoint model = open(path);
  const auto none = open_mmproj(model, "");
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, nullptr);
  d.write("mmproj-F16.gguf", tiny_mmproj().bytes());
  d.write("mmproj-BF16.gguf", tiny_mmproj().bytes());
  const auto found = open_mmproj(open(d.path()), "");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->path(), d.file("mmproj-BF16.gguf")) << "the first by name";
}

TEST(Mmproj, MayBeNamed) {
  const TemporaryDirectory d, elsewhere;
  const std::string path = elsewhere.write("eyes.gguf", tiny_mmproj().bytes());
  const Checkpoint model = open(d.write("m.gguf", tiny_gguf().bytes()));
  const auto named = open_mmproj(model, path);
  ASSERT_TRUE(named && *named);
  EXPECT_EQ((*named)->path(), path);
  const auto missing = open_mmproj(model, d.file("none.gguf"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, d.file("none.gguf") + ": no such file or directory");
}

TEST(Mmproj, BelongsToAGguf) {
  const TemporaryDirectory d;
  tiny_native().write(d, "params.json", "consolidated.safetensors");
  d.write("mmproj.gguf", tiny_mmproj().bytes());
  const Checkpoint model = open(d.path());
  const auto none = open_mmproj(model, "");
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, nullptr) << "this layout holds its own tower";
  const auto named = open_mmproj(model, d.file("mmproj.gguf"));
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().message, d.file("mmproj.gguf") + ": an mmproj file belongs to a .gguf, but " +
                                       d.path() + " is none");
}

}  // namespace
}  // namespace sirocco
