// SPDX-License-Identifier: Apache-2.0
// What commands read: a file, or standard input where its name is "-".
#pragma once

#include <functional>
#include <string>

#include "sirocco/result.h"

namespace sirocco {

std::string standard_input();  // to its end

Result<std::string> read_input(const std::string& path);

// Hands the lines that are not empty to `use`, with their numbers from 1 on, until it returns false.
Result<void> for_each_line(const std::string& path,
                           const std::function<bool(const std::string& line, size_t number)>& use);

}  // namespace sirocco
