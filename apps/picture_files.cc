// SPDX-License-Identifier: Apache-2.0
#include "picture_files.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/printable.h"
#include "picture/rgb_picture.h"
#include "text/data_url.h"

namespace sirocco {

Result<std::string> read_picture(std::string_view path) {
  constexpr std::string_view kFile = "file://";
  if (path.starts_with("data:")) return data_of_url(path);
  if (path.starts_with(kFile)) path.remove_prefix(kFile.size());
  if (path.find("://") != std::string_view::npos)
    return bad_input(fmt::format("image_url: expected a file or a data: URL, got {}", printable(path, 60)));
  return read_file(std::string(path), PictureLimits{}.max_file_bytes);
}

nlohmann::ordered_json content_with_pictures(const std::vector<std::string>& paths, const std::string& text) {
  if (paths.empty()) return text;
  auto content = nlohmann::ordered_json::array();
  for (const std::string& path : paths)
    content.push_back({{"type", "image_url"}, {"image_url", {{"url", path}}}});
  if (!text.empty()) content.push_back({{"type", "text"}, {"text", text}});
  return content;
}

}  // namespace sirocco
