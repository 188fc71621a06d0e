// IPAdapter: a file that shows pictures to a U-Net. It is opened for a U-Net, so the value only names it. [any thread]
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace weft {

struct IPAdapter {
  static constexpr std::string_view kType = "ip_adapter";

  std::filesystem::path path;
  std::string stamp;  ///< of its bytes
};

}  // namespace weft
