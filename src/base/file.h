// SPDX-License-Identifier: Apache-2.0
// Files read and written whole.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "sirocco/result.h"

namespace sirocco {

// Whole small file as text; refuses files over `max_bytes`.
Result<std::string> read_file(const std::string& path, size_t max_bytes);
// Writes beside `path` and renames, so that readers see the old file or the new one, never half of it.
// Removes what writers that were killed have left there.
Result<void> write_file_atomically(const std::string& path, std::span<const std::byte> bytes);
// The same for parts that lie apart.
Result<void> write_file_atomically(const std::string& path,
                                   std::span<const std::span<const std::byte>> parts);

}  // namespace sirocco
