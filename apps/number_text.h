// SPDX-License-Identifier: Apache-2.0
// Numbers for people: 118972826624 as 118,972,826,624, 118.97 B or 110.8 GiB.
#pragma once

#include <cstdint>
#include <string>

namespace sirocco {

std::string with_commas(int64_t value);
std::string in_billions(int64_t value);  // "6.63 B"; below a billion "428.5 M", below a million with commas
std::string in_gib(int64_t bytes);       // "5.625 GiB", "22.5 MiB", "640 bytes"

}  // namespace sirocco
