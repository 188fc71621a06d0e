#include "nodes/sd/model_json.h"

#include <fstream>

#include "graph/error.h"
#include "graph/foreign_json.h"
#include "graph/text_file.h"
#include "nodes/sd/model_error.h"

namespace weft::sd {

nlohmann::json read_model_json(const std::filesystem::path& file) {
  if (!std::ifstream(file)) throw ModelError(file.string(), "cannot be opened", "download it again");
  try {
    return read_foreign_json(read_text_file(file), "it");
  } catch (const GraphError& error) {
    throw ModelError(file.string(), error.problems().front().what, "download it again");
  }
}

}  // namespace weft::sd
