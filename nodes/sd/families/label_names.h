// Names for the classes of models that bring none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft::sd {

/// ImageNet's for 1000 classes, and for 1001, of which the last is "unconditional"; none for other numbers.
std::vector<std::string> usual_label_names(std::int64_t classes);

}  // namespace weft::sd
