// SPDX-License-Identifier: Apache-2.0
// LoadedEngine's sessions. The engine's thread only takes and returns pages; files are read and written on
// the caller's thread, which nobody minds: published pages are never written again while they are held.
#include <algorithm>

#include "base/check.h"
#include "base/mapped_file.h"
#include "engine/loaded_engine.h"
#include "engine/page_bytes.h"

namespace sirocco {

SessionShape LoadedEngine::session_shape() const {
  SessionShape shape;
  shape.page_bytes = static_cast<uint64_t>(info_.page_bytes);
  shape.page_tokens = static_cast<uint32_t>(info_.page_tokens);
  shape.fingerprint = model_fingerprint(model_->config(), info_.file_bytes, shape.page_bytes);
  shape.vocabulary = info_.vocabulary;
  return shape;
}

Result<int64_t> LoadedEngine::save_session(std::span<const int32_t> ids, const std::string& path) {
  const std::vector<CacheKey> keys(ids.begin(), ids.end());
  Lease lease;
  int64_t known = 0;
  loop_->call([&](PageCache& cache) {
    known = cache.match(lease, keys);
    for (const PageCopy& copy : cache.copies()) copy_page(*model_, copy);
    cache.copies_done();
  });
  std::vector<std::span<const std::byte>> pages;
  for (const int32_t page : lease.pages()) pages.push_back(model_->page(page));
  const auto written = write_session(path, session_shape(), ids.first(static_cast<size_t>(known)), pages);
  loop_->call([&](PageCache& cache) { cache.release(lease, {}); });
  if (!written) return tl::unexpected<Error>(written.error());
  return known;
}

Result<int64_t> LoadedEngine::restore_session(const std::string& path, std::vector<int32_t>* ids) {
  auto file = MappedFile::open(path);
  if (!file) return forward_error(file);
  auto session = parse_session(file->bytes(), session_shape(), path);
  if (!session) return forward_error(session);
  const auto tokens = static_cast<int64_t>(session->ids.size());
  if (tokens > info_.context_tokens)
    return fail(ErrorKind::resource, path + ": longer than the context of this engine");
  const std::vector<CacheKey> keys(session->ids.begin(), session->ids.end());
  Lease lease;
  bool room = false;
  loop_->call([&](PageCache& cache) { room = cache.grow(lease, tokens); });
  if (!room) return fail(ErrorKind::resource, path + ": all cache pages are in use");
  auto rest = session->pages;
  for (const int32_t page : lease.pages()) {
    const auto to = model_->page(page);
    std::ranges::copy(rest.first(to.size()), to.begin());
    rest = rest.subspan(to.size());
  }
  loop_->call([&](PageCache& cache) { cache.release(lease, keys); });
  if (ids != nullptr) *ids = std::move(session->ids);
  return tokens;
}

}  // namespace sirocco
