// The host's own stamp. torch/headeronly/version.h holds macros only: this takes libtorch's version without
// linking libtorch.
#include "plugins/manifest.h"
#include "plugins/stamp.h"

namespace weft {

const std::string& host_stamp() {
  static const std::string stamp = WEFT_STAMP;
  return stamp;
}

}  // namespace weft
