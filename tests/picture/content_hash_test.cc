// SPDX-License-Identifier: Apache-2.0
#include "picture/content_hash.h"

#include <gtest/gtest.h>

namespace sirocco {
namespace {

TEST(ContentHash, IsSha256) {
  const ContentHash hash = content_hash("abc");  // the example of FIPS 180-4
  EXPECT_EQ(hash[0], 0xba);
  EXPECT_EQ(hash[1], 0x78);
  EXPECT_EQ(hash[31], 0xad);
}

TEST(KeyedHash, IsAFunctionOfTheWholeHash) {
  const KeyedHash keyed;
  const ContentHash hash = content_hash("abc");
  EXPECT_EQ(keyed(hash), keyed(hash));
  ContentHash other = hash;
  other.back() ^= 1;  // the first 64 bits are the same
  EXPECT_NE(keyed(hash), keyed(other));
}

TEST(KeyedHash, HasAKeyOfItsOwn) {
  const ContentHash hash = content_hash("abc");
  EXPECT_NE(KeyedHash()(hash), KeyedHash()(hash));
}

}  // namespace
}  // namespace sirocco
