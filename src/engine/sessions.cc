// SPDX-License-Identifier: Apache-2.0
// LoadedEngine's sessions. The engine's thread only takes and returns pages; files are read and written on
// the caller's thread, which nobody minds: published pages are never written again while they are held.
#include <algorithm>

#include "base/mapped_file.h"
#include "engine/loaded_engine.h"
#include "engine/page_bytes.h"

namespace sirocco {

SessionShape LoadedEngine::session_shape() const {
  SessionShape shape;
  shape.page_bytes = static_cast<uint64_t>(info_.page_bytes);
  shape.page_tokens = static_cast<uint32_t>(info_.page_tokens);
  shape.fingerprint = model_fingerprint(model_->config(), info_.weights_fingerprint, shape.page_bytes);
  shape.vocabulary = info_.vocabulary;
  return shape;
}

namespace {

// The first `tokens` tokens; of a picture that goes on behind them its first part.
Session prefix_of(const Session& session, int64_t tokens) {
  Session prefix{{session.ids.begin(), session.ids.begin() + tokens}, {}};
  for (const PicturePlace& p : session.pictures)
    if (p.first_token < tokens)
      prefix.pictures.push_back({p.first_token, std::min(p.tokens, tokens - p.first_token), p.content_hash});
  return prefix;
}

}  // namespace

Result<int64_t> LoadedEngine::save_session(const Session& session, const std::string& path) {
  if (auto ok = check_session(session, info_.vocabulary); !ok) return forward_error(ok);
  const std::vector<CacheKey> keys = loop_->keys_of(session);
  Lease lease;
  int64_t known = 0;
  loop_->call([&](PageCache& cache) {
    known = cache.match(lease, keys);
    for (const PageCopy& copy : cache.copies()) copy_page(*model_, copy);
    cache.copies_done();
  });
  if (known == 0 && !session.ids.empty())
    return fail(ErrorKind::not_found, path + ": nothing of the conversation is in the cache any more; not saved");
  std::vector<std::span<const std::byte>> pages;
  for (const int32_t page : lease.pages()) pages.push_back(model_->page(page));
  const auto written = write_session(path, session_shape(), prefix_of(session, known), pages);
  loop_->call([&](PageCache& cache) { cache.release(lease, {}); });
  if (!written) return tl::unexpected<Error>(written.error());
  return known;
}

Result<Session> LoadedEngine::restore_session(const std::string& path) {
  auto file = MappedFile::open(path);
  if (!file) return forward_error(file);
  auto parsed = parse_session(file->bytes(), session_shape(), path);
  if (!parsed) return forward_error(parsed);
  const auto tokens = static_cast<int64_t>(parsed->session.ids.size());
  if (tokens > info_.context_tokens)
    return fail(ErrorKind::resource, path + ": longer than the context of this engine");
  const std::vector<CacheKey> keys = loop_->keys_of(parsed->session);
  Lease lease;
  bool room = false;
  loop_->call([&](PageCache& cache) { room = cache.grow(lease, tokens); });
  if (!room) return fail(ErrorKind::resource, path + ": all cache pages are in use");
  auto rest = parsed->pages;
  for (const int32_t page : lease.pages()) {
    const auto to = model_->page(page);
    std::ranges::copy(rest.first(to.size()), to.begin());
    rest = rest.subspan(to.size());
  }
  loop_->call([&](PageCache& cache) { cache.release(lease, keys); });
  return std::move(parsed->session);
}

}  // namespace sirocco
