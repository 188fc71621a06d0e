#include "tests/nodes/paper_models.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {

TensorMap paper_tensors(const std::string& name) {
  std::istringstream list = golden_text(fmt::format("paper_{}.txt", name));
  TensorMap tensors;
  for (std::string tensor, sizes; list >> tensor >> sizes;) {
    std::vector<std::int64_t> shape;
    std::istringstream numbers(sizes);
    for (std::string size; std::getline(numbers, size, ',');) shape.push_back(std::stoll(size));
    tensors[tensor] = seeded_weight(tensor, shape);
  }
  return tensors;
}

std::map<std::string, std::string> paper_metadata(const std::string& name) {
  if (name == "cin") return {{"weft.unet.heads", "1"}};
  if (name == "txt2img") return {{"weft.unet.heads", "4"}, {"weft.text.heads", "2"}};
  return {};
}

void write_paper_model(const std::filesystem::path& path, const std::string& name) {
  write_safetensors(path, paper_tensors(name), paper_metadata(name));
}

SafetensorsFile paper_golden(const std::string& name) {
  return SafetensorsFile::open(golden(fmt::format("paper_{}.safetensors", name)));
}

}  // namespace weft::sd
