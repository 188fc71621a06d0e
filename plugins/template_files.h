// The files of plugins/template/, compiled in.
#pragma once

#include <span>
#include <string_view>

namespace weft {

struct TemplateFile {
  std::string_view name;  ///< "plugin.cpp"
  std::string_view text;  ///< with {{name}} and {{weft}} to be filled in
};

std::span<const TemplateFile> template_files();

}  // namespace weft
