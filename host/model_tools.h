// The tools for model files, opened by the first who asks. [any thread]
#pragma once

#include "assets/model_tools.h"

namespace weft::host {

/// Throws GraphError if their library, or libtorch, is not there.
const ModelTools& model_tools();

}  // namespace weft::host
