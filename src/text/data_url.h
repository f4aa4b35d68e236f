// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "sirocco/result.h"

namespace sirocco {

// The bytes of data:image/png;base64,…. The type that the URL claims is not believed; line breaks are skipped.
Result<std::string> data_of_url(std::string_view url);

}  // namespace sirocco
