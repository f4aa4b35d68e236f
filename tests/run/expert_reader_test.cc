// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/expert_reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "ops/select.h"
#include "run/cpu/matrix_loader.h"
#include "run/model.h"

namespace sirocco {
namespace {

constexpr int64_t kRows = 40, kCols = 96;  // of every matrix, in bf16
constexpr size_t kExperts = 30;

// Experts of a file, one behind the other from an odd byte pair on.
class ExpertReaderTest : public testing::Test {
 protected:
  static constexpr size_t kBegin = 1234, kMatrixBytes = 2 * kRows * kCols;

  void SetUp() override {
    std::vector<char> bytes(kBegin + 3 * kExperts * kMatrixBytes);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i % 7 == 1 ? 0x3f : i * 13 % 128);
    std::ofstream(path_, std::ios::binary).write(bytes.data(), std::ssize(bytes));
    auto file = MappedFile::open(path_);
    ASSERT_TRUE(file);
    files_.push_back(std::move(*file));
    experts_ = experts_in(files_[0].bytes().data() + kBegin);
    if (!experts_[0].packed()) GTEST_SKIP() << "packs nothing";
  }
  void TearDown() override { std::remove(path_.c_str()); }

  std::vector<ExpertMatrices> experts_in(const std::byte* bytes) {
    MatrixLoader loader(ops_, Packing::in_turns, arena_, pool_, {});
    const auto next = [&] {
      const WeightView view{
          .dtype = DType::bf16, .rows = kRows, .cols = kCols, .data = bytes, .row_stride_bytes = 2 * kCols};
      bytes += kMatrixBytes;
      return loader.promise(view);
    };
    std::vector<ExpertMatrices> experts(kExperts);
    for (ExpertMatrices& expert : experts) {
      expert.gate = next();
      expert.up = next();
      expert.down = next();
    }
    return experts;
  }

  std::vector<std::byte> packed(Matrix& matrix) {
    std::vector<std::byte> out(static_cast<size_t>(matrix.bytes()));
    matrix.move_to(out.data());
    matrix.pack_strips(0, matrix.strips());
    matrix.settle();
    return out;
  }

  // Fetched in turns of several sizes: what they are packed to, in order.
  std::vector<std::vector<std::byte>> all_through(ExpertReader& reader, std::vector<ExpertMatrices>& experts) {
    std::vector<std::vector<std::byte>> out;
    for (ExpertMatrices& expert : experts) reader.want(expert);
    for (size_t done = 0, turn = 0; done < experts.size(); ++turn) {
      const size_t count = std::min(turn % ExpertReader::kTogether + 1, experts.size() - done);
      reader.fetch(count);
      for (size_t i = done; i < done + count; ++i)
        for (Matrix* matrix : experts[i].all()) out.push_back(packed(*matrix));
      done += count;
      reader.release();
    }
    return out;
  }

  const std::string path_ =  // of one's own: tests run side by side
      testing::TempDir() + "/expert_reader_test_" + testing::UnitTest::GetInstance()->current_test_info()->name();
  const OpTable& ops_ = **select_op_table(detect_cpu_features(), "");
  WeightArena arena_;
  ThreadPool pool_{1};
  std::vector<MappedFile> files_;
  std::vector<ExpertMatrices> experts_;
};

TEST_F(ExpertReaderTest, BringsWhatTheFileHolds) {
  ExpertReader reader(files_, ExpertReader::bytes_of(experts_[0]));
  const auto read = all_through(reader, experts_);
  size_t i = 0;
  for (ExpertMatrices& expert : experts_)
    for (Matrix* matrix : expert.all()) EXPECT_EQ(read[i++], packed(*matrix)) << i;
}

TEST_F(ExpertReaderTest, LeavesToTheMappingWhatItCannotRead) {
  std::vector<std::byte> copy(files_[0].bytes().begin(), files_[0].bytes().end());  // in no file
  auto elsewhere = experts_in(copy.data() + kBegin);
  ExpertReader reader(files_, ExpertReader::bytes_of(experts_[0]));
  EXPECT_EQ(all_through(reader, elsewhere), all_through(reader, experts_));
}

TEST_F(ExpertReaderTest, EndsWithMuchStillWanted) {
  ExpertReader reader(files_, ExpertReader::bytes_of(experts_[0]));
  for (int i = 0; i < 100; ++i)
    for (ExpertMatrices& expert : experts_) reader.want(expert);
  reader.fetch(1);
}

// The bundled model, from its file, with room for some of its experts.
TEST(ModelLargerThanMemory, GivesTheSameLogits) {
  const auto logits = [](int64_t weight_copy_bytes) {
    auto checkpoint = Checkpoint::open(SIROCCO_SOURCE_DIR "/models/mini");
    EXPECT_TRUE(checkpoint);
    ModelOptions options;
    options.threads = 2;
    options.weight_copy_bytes = weight_copy_bytes;
    auto model = Model::load(std::make_shared<Checkpoint>(std::move(*checkpoint)), options);
    EXPECT_TRUE(model);
    EXPECT_TRUE((*model)->reserve_cache(4));
    const WeightMemory memory = (*model)->weight_memory();
    EXPECT_LE(memory.expert_rooms, memory.shared_experts * 2 / 3);
    EXPECT_EQ(memory.shared_experts > 0, weight_copy_bytes > 0 && (*model)->isa() != "scalar");
    std::vector<float> all;
    const std::vector<int32_t> pages{0, 1, 2, 3};
    int32_t done = 0;
    for (const int32_t count : {40, 1, 1, 60, 1}) {
      std::vector<int32_t> tokens, positions, wanted;
      for (int32_t i = 0; i < count; ++i) {
        tokens.push_back(1000 + (done + i) * 37 % 2000);
        positions.push_back(done + i);
        wanted.push_back(i);
      }
      const SequenceSpan span{.first_row = 0, .rows = count, .cached_tokens = done, .page_table = pages};
      Batch batch;
      batch.tokens = tokens;
      batch.positions = positions;
      batch.sequences = {&span, 1};
      batch.logit_rows = wanted;
      const StepOutput out = (*model)->forward(batch);
      const StepCost& cost = out.cost;
      EXPECT_EQ(cost.shared_experts > 0, memory.shared_experts > 0);
      EXPECT_LE(cost.experts_read, cost.shared_experts);
      if (done == 0 && memory.shared_experts > 0) {
        EXPECT_GT(cost.experts_read, static_cast<uint64_t>(memory.expert_rooms));  // all are empty at first
      }
      all.insert(all.end(), out.logits.data, out.logits.data + out.logits.rows * out.logits.cols);
      done += count;
    }
    return all;
  };
  EXPECT_EQ(logits(0), logits(int64_t{8} << 20));
}

}  // namespace
}  // namespace sirocco
