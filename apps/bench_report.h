// SPDX-License-Identifier: Apache-2.0
// What `sirocco bench` found out, as text for people and as JSON for programs.
#pragma once

#include <vector>

#include "base/json.h"
#include "bench_image.h"
#include "bench_text.h"
#include "run/roof.h"

namespace sirocco {

Json to_json(const Roof& roof, const ImageMeasurement& result);
Json to_json(const Roof& roof, const std::vector<TextMeasurement>& results);

void print_roof(const Roof& roof);
void print_result(const Roof& roof, const TextMeasurement& result);
void print_result(const Roof& roof, const ImageMeasurement& result);

}  // namespace sirocco
