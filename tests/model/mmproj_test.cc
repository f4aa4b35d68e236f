// SPDX-License-Identifier: Apache-2.0
// Which vision file goes with a model: the named one, the one beside it, or none.
#include "model/mmproj.h"

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
  EXPECT_EQ(none->file, nullptr);
  EXPECT_TRUE(none->passed_over.empty());
  d.write("mmproj-F16.gguf", tiny_mmproj().bytes());
  d.write("mmproj-BF16.gguf", tiny_mmproj().bytes());
  const auto found = open_mmproj(open(d.path()), "");
  ASSERT_TRUE(found && found->file);
  EXPECT_EQ(found->file->path(), d.file("mmproj-BF16.gguf")) << "the first by name";
  const auto off = open_mmproj(open(d.path()), "none");
  ASSERT_TRUE(off);
  EXPECT_EQ(off->file, nullptr);
}

TEST(Mmproj, OfAnotherModelIsPassedOver) {
  const TemporaryDirectory d;
  d.write("m.gguf", tiny_gguf().bytes());
  TinyGguf other = tiny_mmproj();
  other.set("clip.projector_type", "gemma3");
  d.write("mmproj-1.gguf", other.bytes());
  other = tiny_mmproj();
  other.set("clip.vision.projection_dim", 5120u);
  d.write("mmproj-2.gguf", other.bytes());
  d.write("mmproj-3.gguf", "half a download");
  const Checkpoint model = open(d.file("m.gguf"));
  const auto none = open_mmproj(model, "");
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_EQ(none->file, nullptr);
  ASSERT_EQ(none->passed_over.size(), 3u);
  EXPECT_EQ(none->passed_over[0],
            d.file("mmproj-1.gguf") + ": clip.projector_type is 'gemma3', expected pixtral");
  EXPECT_EQ(none->passed_over[1], d.file("mmproj-2.gguf") + ": clip.vision.projection_dim: 5120, expected 24, "
                                                            "the width of the text model");
  EXPECT_TRUE(none->passed_over[2].starts_with(d.file("mmproj-3.gguf") + ": ")) << none->passed_over[2];
  d.write("mmproj-4.gguf", tiny_mmproj().bytes());
  const auto found = open_mmproj(model, "");
  ASSERT_TRUE(found && found->file);
  EXPECT_EQ(found->file->path(), d.file("mmproj-4.gguf"));
  EXPECT_EQ(found->passed_over, none->passed_over);
  const auto named = open_mmproj(model, d.file("mmproj-1.gguf"));
  EXPECT_TRUE(named && named->file) << "who names a file hears from binding what is wrong with it";
}

TEST(Mmproj, OfTheModelsOwnNameComesFirst) {
  const TemporaryDirectory d;
  d.write("Tiny-4-Instruct-Q4_K_M.gguf", tiny_gguf().bytes());
  const Checkpoint model = open(d.file("Tiny-4-Instruct-Q4_K_M.gguf"));
  // Each is preferred to those before it.
  for (const char* name : {"mmproj-Big-4-F16.gguf", "mmproj-BF16.gguf", "mmproj-Tiny-3-F16.gguf",
                           "mmproj-Tiny-4-F16.gguf", "Tiny-4-Instruct-mmproj-F16.gguf",
                           "Tiny-4-Instruct-Q4_K_M-mmproj.gguf"}) {
    d.write(name, tiny_mmproj().bytes());
    const auto found = open_mmproj(model, "");
    ASSERT_TRUE(found && found->file);
    EXPECT_EQ(found->file->path(), d.file(name));
  }
}

TEST(Mmproj, MayBeNamed) {
  const TemporaryDirectory d, elsewhere;
  const std::string path = elsewhere.write("eyes.gguf", tiny_mmproj().bytes());
  const Checkpoint model = open(d.write("m.gguf", tiny_gguf().bytes()));
  const auto named = open_mmproj(model, path);
  ASSERT_TRUE(named && named->file);
  EXPECT_EQ(named->file->path(), path);
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
  EXPECT_EQ(none->file, nullptr) << "this layout holds its own tower";
  const auto named = open_mmproj(model, d.file("mmproj.gguf"));
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().message, d.file("mmproj.gguf") + ": an mmproj file belongs to a .gguf, but " +
                                       d.path() + " is none");
}

}  // namespace
}  // namespace sirocco
