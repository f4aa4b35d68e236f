// SPDX-License-Identifier: Apache-2.0
#include "engine/picture_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "picture/decode.h"
#include "picture/picture_pixels.h"
#include "text/data_url.h"

namespace sirocco {
namespace {

tl::unexpected<Error> wrong(ErrorKind kind, std::string_view what) {
  return fail(kind, fmt::format("image_url: {}", what));
}

}  // namespace

PictureLoader::PictureLoader(const ImageTokenConfig& config, PictureCache& cache, int64_t max_waiting_bytes,
                             Fetch fetch)
    : config_(config),
      cache_(cache),
      max_waiting_bytes_(max_waiting_bytes),
      fetch_(std::move(fetch)),
      waiting_bytes_(std::make_shared<std::atomic<int64_t>>(0)) {}

Result<std::string> PictureLoader::read(std::string_view url) const {
  if (url.starts_with("data:")) return data_of_url(url);
  if (fetch_) return fetch_(url);
  return wrong(ErrorKind::bad_input, fmt::format("only data: URLs are taken here, got {}", printable(url, 60)));
}

Result<LoadedPicture> PictureLoader::load(std::string_view url) {
  auto file = read(url);
  if (!file) return forward_error(file);
  const ContentHash hash = content_hash(*file);
  ++asked_;
  if (auto known = cache_.find(hash)) {
    ++known_;
    return LoadedPicture{known->grid, hash, std::move(known->rows), nullptr};
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [](const auto& item) { return item.second.pixels.expired(); });
  if (const auto found = waiting_.find(hash); found != waiting_.end())
    if (auto pixels = found->second.pixels.lock()) {
      ++known_;
      return LoadedPicture{found->second.grid, hash, nullptr, std::move(pixels)};
    }
  auto picture = decode(*file, hash);
  if (picture) waiting_[hash] = {picture->grid, picture->pixels};
  return picture;
}

Result<LoadedPicture> PictureLoader::decode(std::string_view file, const ContentHash& hash) {
  const auto rgb = decode_picture(file);
  if (!rgb) return wrong(rgb.error().kind, rgb.error().message);
  const PictureGrid grid = picture_grid(config_, rgb->width, rgb->height);
  const int64_t side = int64_t{config_.patch_size} * config_.spatial_merge_size;
  const int64_t width = grid.columns * side, height = grid.rows * side;
  const int64_t bytes = 3 * width * height * static_cast<int64_t>(sizeof(float));
  if (*waiting_bytes_ + bytes > max_waiting_bytes_)
    return wrong(ErrorKind::resource, fmt::format("pictures of {} MiB wait to be encoded already, at most {} may",
                                                  *waiting_bytes_ >> 20, max_waiting_bytes_ >> 20));
  auto pixels = normalised_pixels(*rgb, width, height);
  if (!pixels) return forward_error(pixels);
  *waiting_bytes_ += bytes;
  std::shared_ptr<const PicturePixels> shared(new PicturePixels(*std::move(pixels)),
                                              [count = waiting_bytes_, bytes](const PicturePixels* p) {
                                                *count -= bytes;
                                                delete p;
                                              });
  return LoadedPicture{grid, hash, nullptr, std::move(shared)};
}

}  // namespace sirocco
