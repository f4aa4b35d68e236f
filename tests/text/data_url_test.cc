// SPDX-License-Identifier: Apache-2.0
#include "text/data_url.h"

#include <gtest/gtest.h>

namespace sirocco {
namespace {

TEST(DataUrl, GivesItsBytes) {
  EXPECT_EQ(data_of_url("data:image/png;base64,QUJD").value_or("?"), "ABC");
  EXPECT_EQ(data_of_url("data:;base64,QUI=").value_or("?"), "AB");
  EXPECT_EQ(data_of_url("data:image/jpeg;charset=x;base64,QQ==").value_or("?"), "A");
  EXPECT_EQ(data_of_url("data:image/png;base64,QU\r\nJD").value_or("?"), "ABC");
  EXPECT_EQ(data_of_url("data:image/png;base64,").value_or("?"), "");
}

TEST(DataUrl, SaysWhatItExpected) {
  EXPECT_EQ(data_of_url("data:image/png,abc").error().message,
            "image_url: expected data:image/…;base64,…, got data:image/png,abc");
  EXPECT_EQ(data_of_url("data:image/png;base64,QUI").error().message,
            "image_url: 3 characters that are not padded base64");
  EXPECT_FALSE(data_of_url("data:image/png;base64,QU=D"));
  EXPECT_FALSE(data_of_url("data:image/png;base64,====")) << "padding alone";
}

}  // namespace
}  // namespace sirocco
