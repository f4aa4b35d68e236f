// SPDX-License-Identifier: Apache-2.0
// PictureLoader: from the URL in a request to a picture's size in tokens and its pixels, on the request's own
// thread. A picture that was encoded before is not decoded again, one that waits already is shared. Thread-safe;
// one picture is decoded at a time, so that many large ones do not take memory together.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/picture_cache.h"
#include "picture/content_hash.h"
#include "picture/rgb_picture.h"
#include "sirocco/request.h"
#include "text/tokenizer.h"

namespace sirocco {

struct LoadedPicture {
  PictureGrid grid;
  ContentHash content_hash = {};
  PictureCache::Rows rows;                      // if it was encoded before, else
  std::shared_ptr<const PicturePixels> pixels;  // these
};

class PictureLoader {
 public:
  using Fetch = std::function<Result<std::string>(std::string_view url)>;

  // `config`: how the model's pictures become tokens. `cache` outlives the loader.
  PictureLoader(const ImageTokenConfig& config, PictureCache& cache, int64_t max_waiting_bytes, Fetch fetch);

  Result<LoadedPicture> load(std::string_view url);
  uint64_t asked() const { return asked_; }  // pictures whose bytes were at hand
  uint64_t known() const { return known_; }  // of these: encoded before, or on their way

 private:
  struct Waiting {
    PictureGrid grid;
    std::weak_ptr<const PicturePixels> pixels;
  };

  Result<std::string> read(std::string_view url) const;
  Result<LoadedPicture> decode(std::string_view file, const ContentHash& content_hash);

  const ImageTokenConfig config_;
  PictureCache& cache_;
  const int64_t max_waiting_bytes_;
  const Fetch fetch_;
  const std::shared_ptr<std::atomic<int64_t>> waiting_bytes_;  // outlived by no pixels
  std::atomic<uint64_t> asked_ = 0, known_ = 0;
  std::mutex mutex_;
  std::map<ContentHash, Waiting> waiting_;  // guarded by mutex_
};

}  // namespace sirocco
