// SPDX-License-Identifier: Apache-2.0
// Two ways to the same ids: short pieces scan an array for the best pair; long ones keep pairs in a heap, so
// that a megabyte of one letter takes n log n and not n² steps.
#include "text/bpe.h"

#include <cstring>
#include <queue>

#include "base/check.h"

namespace sirocco {
namespace {

constexpr size_t kScanMaxBytes = 128;

// Merges in place over parts [start[i], start[i+1]) of id part[i]; rank[i] is the id of parts i and i+1
// joined.
void encode_by_scan(const Vocabulary& vocabulary, std::string_view piece, const char* limit,
                    std::vector<TokenId>& ids) {
  const char* const text = piece.data();
  size_t parts = piece.size();
  uint8_t start[kScanMaxBytes + 2];
  TokenId rank[kScanMaxBytes + 2];
  TokenId part[kScanMaxBytes + 2];
  for (size_t i = 0; i < parts; ++i) part[i] = vocabulary.of_byte(static_cast<uint8_t>(text[i]));
  for (size_t i = 0; i <= parts; ++i) start[i] = static_cast<uint8_t>(i);
  for (size_t i = 0; i + 1 < parts; ++i)
    rank[i] = vocabulary.of_byte_pair(static_cast<uint8_t>(text[i]), static_cast<uint8_t>(text[i + 1]));
  const auto rank_at = [&](size_t i) {
    if (i + 2 > parts) return kNoToken;
    return vocabulary.find(text + start[i], static_cast<size_t>(start[i + 2] - start[i]), limit);
  };
  while (parts > 1) {
    TokenId lowest = kNoToken;
    size_t best = 0;
    for (size_t i = 0; i + 1 < parts; ++i)
      if (rank[i] < lowest) {
        lowest = rank[i];
        best = i;
      }
    if (lowest == kNoToken) break;
    part[best] = lowest;
    std::memmove(part + best + 1, part + best + 2, (parts - best - 2) * sizeof(TokenId));
    std::memmove(start + best + 1, start + best + 2, parts - best - 1);
    if (best + 2 < parts) std::memmove(rank + best, rank + best + 1, (parts - best - 2) * sizeof(TokenId));
    --parts;
    if (best + 1 < parts) rank[best] = rank_at(best);
    if (best > 0) rank[best - 1] = rank_at(best - 1);
  }
  ids.insert(ids.end(), part, part + parts);
}

// A part of a long piece, linked to its neighbours by their first bytes.
struct Part {
  uint32_t next;      // first byte of the part behind; piece size at the end
  uint32_t previous;  // first byte of the part before; kNoPart at the start
  TokenId rank;       // of this part and the next joined; kNoToken if they do not merge
};
constexpr uint32_t kNoPart = UINT32_MAX;

void encode_by_heap(const Vocabulary& vocabulary, std::string_view piece, const char* limit,
                    std::vector<TokenId>& ids) {
  const char* const text = piece.data();
  const auto size = static_cast<uint32_t>(piece.size());
  std::vector<Part> parts(size);
  // rank in the high half, first byte in the low half: the smallest is the lowest rank, leftmost of equals.
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> queue;
  const auto rerank = [&](uint32_t i) {
    const uint32_t middle = parts[i].next;
    parts[i].rank = middle == size ? kNoToken : vocabulary.find(text + i, parts[middle].next - i, limit);
    if (parts[i].rank != kNoToken) queue.push(static_cast<uint64_t>(parts[i].rank) << 32 | i);
  };
  for (uint32_t i = 0; i < size; ++i) parts[i] = {i + 1, i == 0 ? kNoPart : i - 1, kNoToken};
  for (uint32_t i = 0; i + 1 < size; ++i) rerank(i);
  while (!queue.empty()) {
    const uint64_t top = queue.top();
    queue.pop();
    const auto i = static_cast<uint32_t>(top);
    if (parts[i].rank != static_cast<TokenId>(top >> 32)) continue;  // merged away or reranked since
    const uint32_t gone = parts[i].next;
    parts[i].next = parts[gone].next;
    parts[gone].rank = kNoToken;
    if (parts[i].next < size) parts[parts[i].next].previous = i;
    rerank(i);
    if (parts[i].previous != kNoPart) rerank(parts[i].previous);
  }
  for (uint32_t i = 0; i < size; i = parts[i].next)
    ids.push_back(vocabulary.find(text + i, parts[i].next - i, limit));
}

}  // namespace

void encode_piece(const Vocabulary& vocabulary, std::string_view piece, const char* limit,
                  std::vector<TokenId>& ids, PieceCache* cache) {
  DCHECK(!piece.empty() && piece.size() < kNoPart);
  const bool cached = cache && piece.size() <= PieceCache::kMaxPieceBytes;
  if (cached && cache->find(piece, limit, ids)) return;
  const size_t begin = ids.size();
  const TokenId whole = vocabulary.find(piece.data(), piece.size(), limit);
  if (whole != kNoToken) {
    ids.push_back(whole);
  } else if (piece.size() > kScanMaxBytes) {
    encode_by_heap(vocabulary, piece, limit, ids);
  } else {
    encode_by_scan(vocabulary, piece, limit, ids);
  }
  if (cached) cache->insert(piece, limit, ids.data() + begin, ids.size() - begin);
}

}  // namespace sirocco
