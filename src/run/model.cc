// SPDX-License-Identifier: Apache-2.0
#include "run/model.h"

#include <fmt/format.h>

#include <utility>

#include "model/bind.h"
#include "run/cpu/cpu_backend.h"

namespace sirocco {
namespace {

class TransformerModel final : public Model {
 public:
  TransformerModel(std::shared_ptr<const Checkpoint> checkpoint, std::shared_ptr<const Checkpoint> mmproj,
                   Config config, std::unique_ptr<Backend> backend)
      : checkpoint_(std::move(checkpoint)),
        mmproj_(std::move(mmproj)),
        config_(std::move(config)),
        backend_(std::move(backend)) {}

  const Config& config() const override { return config_; }
  std::string_view isa() const override { return backend_->isa(); }
  int threads() const override { return backend_->threads(); }
  WeightMemory weight_memory() const override { return backend_->weight_memory(); }
  int64_t page_bytes() const override { return backend_->page_bytes(); }
  int64_t pages() const override { return backend_->pages(); }
  Result<void> reserve_cache(int64_t pages) override { return backend_->reserve_cache(pages); }
  std::span<std::byte> page(int64_t index) override { return backend_->page(index); }

  StepOutput forward(const Batch& batch) override {
    backend_->begin(batch);
    for (int64_t layer = 0; layer < config_.layers; ++layer) {
      backend_->attend(layer);
      backend_->feed_forward(layer);
    }
    return backend_->finish();
  }

  void for_each(int64_t count, FunctionRef<void(int64_t)> body) override { backend_->for_each(count, body); }

  bool sees() const override { return backend_->sees(); }
  Result<std::unique_ptr<PictureEncoding>> encode(const PixelView& pixels) override {
    return backend_->sees() ? backend_->encode(pixels) : Model::encode(pixels);
  }

 private:
  std::shared_ptr<const Checkpoint> checkpoint_, mmproj_;  // own the bytes that the backend's views point at
  Config config_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace

Result<std::unique_ptr<PictureEncoding>> Model::encode(const PixelView&) {
  return fail(ErrorKind::unsupported,
              fmt::format("{}: the model has no vision tower, it cannot read pictures", config().architecture));
}

Result<std::unique_ptr<Model>> Model::load(std::shared_ptr<const Checkpoint> checkpoint,
                                           const ModelOptions& options,
                                           std::shared_ptr<const Checkpoint> mmproj) {
  auto config = read_config(*checkpoint);
  if (!config) return forward_error(config);
  auto weights = bind_weights(*checkpoint, *config);
  if (!weights) return forward_error(weights);
  if (mmproj) {
    auto vision = bind_mmproj(*mmproj, *config);
    if (!vision) return forward_error(vision);
    weights->vision = std::move(*vision);
  }
  auto backend = CpuBackend::create(*config, *weights, options, checkpoint->files());
  if (!backend) return forward_error(backend);
  return std::make_unique<TransformerModel>(std::move(checkpoint), std::move(mmproj), std::move(*config),
                                            std::move(*backend));
}

}  // namespace sirocco
