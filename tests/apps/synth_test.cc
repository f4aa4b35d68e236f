// SPDX-License-Identifier: Apache-2.0
// What synth must not write: a checkpoint that the other commands refuse.
#include <gtest/gtest.h>

#include <filesystem>

#include "program.h"
#include "support/temporary_directory.h"

namespace sirocco {
namespace {

constexpr const char* kSmall =
    " --layers 1 --hidden 64 --heads 2 --q-rank 32 --kv-rank 32 --nope 8 --rope 8 --v 8 --vocabulary 100 --experts 4 "
    "--experts-per-token 2 --expert-width 32 --dense-width 32";

TEST(Synth, RefusesNumbersThatNoReaderTakes) {
  const TemporaryDirectory d;
  const std::string out = d.file("made");
  for (const char* flags : {"--rope-factor 0", "--rope-factor nan", "--routed-scale -1", "--routed-scale nan",
                            "--threads -1", "--threads 5000"}) {
    const Outcome outcome = run("synth " + out + kSmall + " " + flags, Streams::both);
    EXPECT_NE(outcome.exit_code, 0) << flags;
    EXPECT_FALSE(std::filesystem::exists(out)) << flags;
    const std::string flag(flags + 2, std::string_view(flags).find(' ') - 2);
    EXPECT_NE(outcome.output.find(flag.substr(0, flag.find('-'))), std::string::npos) << outcome.output;
  }
  EXPECT_EQ(run("synth " + out + kSmall + " --rope-factor 1 --routed-scale 2.5", Streams::both).exit_code, 0);
  EXPECT_EQ(run("inspect " + out, Streams::both).exit_code, 0);
}

}  // namespace
}  // namespace sirocco
