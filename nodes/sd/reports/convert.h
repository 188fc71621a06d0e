// The same model in another layout, or its weights in another type. Tensor by tensor, whole or not at all. [any thread]
#pragma once

#include "assets/model_tools.h"

namespace weft::sd {

/// As ModelTools::convert() has it. Throws ModelError.
void convert_model(const ModelConversion& conversion);

}  // namespace weft::sd
