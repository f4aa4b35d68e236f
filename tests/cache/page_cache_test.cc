// SPDX-License-Identifier: Apache-2.0
// A shadow store of page contents follows every lease: what a page table spells must be what its sequence
// wrote, whatever was shared, copied, evicted or rolled back in between.
#include "cache/page_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace sirocco {
namespace {

constexpr int32_t kWidth = 4;

struct Shadow {
  explicit Shadow(int64_t pages) : cache(pages, kWidth), rows(static_cast<size_t>(pages) * kWidth, 0) {
    cache.on_free([this](int32_t page) {
      std::fill_n(rows.begin() + page * kWidth, kWidth, ~CacheKey{0});  // poison
    });
  }
  void copy() {
    for (const PageCopy& c : cache.copies())
      std::copy_n(rows.begin() + c.from * kWidth, c.tokens, rows.begin() + c.to * kWidth);
    cache.copies_done();
  }
  CacheKey& row(const Lease& lease, int64_t token) {
    return rows[static_cast<size_t>(lease.pages()[static_cast<size_t>(token / kWidth)] * kWidth +
                                    token % kWidth)];
  }
  void write(const Lease& lease, const std::vector<CacheKey>& keys, int64_t from) {
    for (int64_t t = from; t < static_cast<int64_t>(keys.size()); ++t)
      row(lease, t) = keys[static_cast<size_t>(t)];
  }
  void expect(const Lease& lease, const std::vector<CacheKey>& keys) {
    for (size_t t = 0; t < keys.size(); ++t)
      ASSERT_EQ(row(lease, static_cast<int64_t>(t)), keys[t]) << "token " << t;
  }

  PageCache cache;
  std::vector<CacheKey> rows;
};

std::vector<CacheKey> run_of(CacheKey first, int64_t count) {
  std::vector<CacheKey> keys;
  for (int64_t i = 0; i < count; ++i) keys.push_back(first + static_cast<CacheKey>(i));
  return keys;
}

Lease compute(Shadow& s, const std::vector<CacheKey>& keys, int64_t* matched = nullptr) {
  Lease lease;
  const int64_t known = s.cache.match(lease, keys);
  if (matched != nullptr) *matched = known;
  EXPECT_TRUE(s.cache.grow(lease, static_cast<int64_t>(keys.size())));
  s.copy();
  s.write(lease, keys, known);
  s.cache.publish(lease, keys);
  return lease;
}

TEST(PageCache, SharesWholePagesAndCopiesTheRest) {
  Shadow s(16);
  const auto keys = run_of(100, 10);
  Lease first = compute(s, keys);
  EXPECT_EQ(s.cache.counts(), (PageCounts{13, 3, 0}));
  s.cache.release(first, keys);
  EXPECT_EQ(s.cache.counts(), (PageCounts{13, 0, 3}));  // the partial page stays cached too

  auto longer = keys;
  for (CacheKey k : run_of(500, 5)) longer.push_back(k);
  int64_t matched = 0;
  Lease second = compute(s, longer, &matched);
  EXPECT_EQ(matched, 10);
  s.expect(second, longer);
  EXPECT_EQ(second.pages().size(), 4u);
  s.cache.check();
  s.cache.release(second, longer);
  s.cache.check();
}

TEST(PageCache, DivergingTailIsCopiedNotOverwritten) {
  Shadow s(16);
  auto a = run_of(0, 8);
  Lease first = compute(s, a);
  auto b = a;
  b[6] = 77;  // diverges inside the second page, which the first still holds
  int64_t matched = 0;
  Lease second = compute(s, b, &matched);
  EXPECT_EQ(matched, 6);
  s.expect(first, a);
  s.expect(second, b);
  s.cache.release(first, a);
  s.cache.release(second, b);
  s.cache.check();
}

TEST(PageCache, SamePromptComputedTwiceEndsOnOnePage) {
  Shadow s(16);
  const auto keys = run_of(0, 8);
  Lease a, b;
  ASSERT_TRUE(s.cache.grow(a, 8));
  ASSERT_TRUE(s.cache.grow(b, 8));
  s.write(a, keys, 0);
  s.write(b, keys, 0);
  s.cache.publish(a, keys);
  s.cache.publish(b, keys);
  EXPECT_TRUE(std::ranges::equal(a.pages(), b.pages()));
  EXPECT_EQ(s.cache.counts(), (PageCounts{14, 2, 0}));
  s.cache.release(a, keys);
  s.cache.check();
  s.expect(b, keys);
  s.cache.release(b, {});
  s.cache.check();
}

TEST(PageCache, EvictsTheLeastRecentlyUsedLeafFirst) {
  Shadow s(4);
  const auto old = run_of(0, 8), recent = run_of(100, 8);
  Lease lease = compute(s, old);
  s.cache.release(lease, old);
  lease = compute(s, recent);
  s.cache.release(lease, recent);
  EXPECT_EQ(s.cache.counts(), (PageCounts{0, 0, 4}));
  Lease third;
  ASSERT_TRUE(s.cache.grow(third, 4));
  EXPECT_EQ(s.cache.known_prefix(recent), 8);
  EXPECT_EQ(s.cache.known_prefix(old), 4);  // its second page went, its first is still of use
  EXPECT_FALSE(s.cache.grow(third, 4 * kWidth + 1));
  EXPECT_EQ(third.pages().size(), 1u);  // all or nothing
  s.cache.release(third, {});
  s.cache.check();
}

TEST(PageCache, RollsBackExactly) {
  Shadow s(16);
  const auto keys = run_of(0, 11);
  for (int64_t keep = 0; keep <= 11; ++keep) {
    Lease lease = compute(s, keys);
    ASSERT_TRUE(s.cache.rollback(lease, keep));
    s.copy();
    EXPECT_EQ(static_cast<int64_t>(lease.pages().size()), s.cache.pages_for(keep));
    std::vector<CacheKey> other(keys.begin(), keys.begin() + keep);
    s.expect(lease, other);
    for (CacheKey k : run_of(900 + 16 * static_cast<CacheKey>(keep), 6)) other.push_back(k);
    ASSERT_TRUE(s.cache.grow(lease, static_cast<int64_t>(other.size())));
    s.write(lease, other, keep);
    s.cache.publish(lease, other);
    s.expect(lease, other);
    s.cache.release(lease, other);
    s.cache.check();
    Lease again;  // the original survived
    const int64_t matched = s.cache.match(again, keys);
    s.copy();
    s.expect(again, {keys.begin(), keys.begin() + matched});
    s.cache.release(again, {});
  }
}

TEST(PageCache, ForksShareThePrompt) {
  Shadow s(16);
  const auto prompt = run_of(0, 10);
  Lease leader = compute(s, prompt);
  auto fork = s.cache.fork(leader, 10);
  ASSERT_TRUE(fork);
  s.copy();
  EXPECT_EQ(s.cache.counts().held, 4);
  auto mine = prompt, theirs = prompt;
  mine.push_back(1000);
  theirs.push_back(2000);
  s.write(leader, mine, 10);
  s.write(*fork, theirs, 10);
  s.expect(leader, mine);
  s.expect(*fork, theirs);
  s.cache.release(leader, mine);
  s.cache.release(*fork, theirs);
  s.cache.check();
  EXPECT_EQ(s.cache.counts().held, 0);
}

struct Sequence {
  Lease lease;
  std::vector<CacheKey> keys;
};

// Keys from a small alphabet, so that prefixes collide all the time.
TEST(PageCache, RandomTracesKeepContentsAndBooks) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint32_t>(n)); };
    Shadow s(6 + pick(20));
    std::vector<Sequence> live;
    for (int step = 0; step < 400; ++step) {
      const int64_t what = pick(10);
      if (what < 3 && live.size() < 6) {
        Sequence q;
        for (int64_t i = 1 + pick(14); i > 0; --i) q.keys.push_back(static_cast<CacheKey>(pick(2)));
        const int64_t known = s.cache.match(q.lease, q.keys);
        s.copy();
        s.expect(q.lease, {q.keys.begin(), q.keys.begin() + known});
        if (s.cache.grow(q.lease, static_cast<int64_t>(q.keys.size()))) {
          s.write(q.lease, q.keys, known);
          s.cache.publish(q.lease, q.keys);
          live.push_back(std::move(q));
        } else {
          s.cache.release(q.lease, {});
        }
      } else if (!live.empty()) {
        const auto index = static_cast<size_t>(pick(static_cast<int64_t>(live.size())));
        Sequence& q = live[index];
        if (what < 6) {  // extend
          auto keys = q.keys;
          for (int64_t i = 1 + pick(6); i > 0; --i) keys.push_back(static_cast<CacheKey>(pick(2)));
          if (s.cache.grow(q.lease, static_cast<int64_t>(keys.size()))) {
            s.write(q.lease, keys, static_cast<int64_t>(q.keys.size()));
            q.keys = keys;
            s.cache.publish(q.lease, q.keys);
          }
        } else if (what < 7) {  // take back
          const int64_t keep = pick(static_cast<int64_t>(q.keys.size()) + 1);
          if (s.cache.rollback(q.lease, keep)) q.keys.resize(static_cast<size_t>(keep));
          s.copy();
        } else if (what < 8) {
          if (auto lease = s.cache.fork(q.lease, static_cast<int64_t>(q.keys.size()))) {
            s.copy();
            live.push_back({std::move(*lease), q.keys});
          }
        } else {  // end, remembered or forgotten
          s.cache.release(q.lease,
                          what == 8 ? std::span<const CacheKey>() : std::span<const CacheKey>(q.keys));
          live.erase(live.begin() + static_cast<ptrdiff_t>(index));
        }
      }
      for (const Sequence& q : live) s.expect(q.lease, q.keys);
      s.cache.check();
      if (HasFatalFailure()) FAIL() << "seed " << seed << " step " << step;
    }
    for (Sequence& q : live) s.cache.release(q.lease, q.keys);
    s.cache.drop_cached();
    s.cache.check();
    EXPECT_EQ(s.cache.counts().free, s.cache.pages());
  }
}

}  // namespace
}  // namespace sirocco
