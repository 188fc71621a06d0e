#include "plugins/template_files.h"

namespace weft {

std::span<const TemplateFile> template_files() {
  static constexpr TemplateFile files[] = {
#include "template_files.inc"  // generated: see plugins/CMakeLists.txt
  };
  return files;
}

}  // namespace weft
