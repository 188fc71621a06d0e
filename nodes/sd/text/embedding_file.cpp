#include "nodes/sd/text/embedding_file.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "nodes/sd/files/safetensors.h"

namespace weft::sd {

at::Tensor learned_vectors(const std::filesystem::path& file, const std::string& key, std::int64_t width) {
  const SafetensorsFile opened = SafetensorsFile::open(file);
  const auto fits = [&](const std::string& name) {
    const auto& entry = opened.entries().at(name);
    const bool numbers = entry.dtype != at::ScalarType::Undefined && at::isFloatingType(entry.dtype);
    return numbers && !entry.shape.empty() && entry.shape.size() <= 2 && entry.shape.back() == width;
  };
  const auto read = [&](const std::string& name) {
    const at::Tensor tensor = opened.tensor(name).to(at::kFloat);
    return tensor.dim() == 1 ? tensor.unsqueeze(0).clone() : tensor.clone();  // the file is unmapped when this returns
  };
  if (opened.entries().contains(key)) return fits(key) ? read(key) : at::Tensor();
  std::vector<std::string> names;
  for (const auto& [name, entry] : opened.entries())
    if (fits(name)) names.push_back(name);
  if (names.empty()) return {};
  if (names.front().find(".string_to_param.") != std::string::npos) {  // a bundle: all of them, one after the other
    std::vector<at::Tensor> all;
    for (const std::string& name : names) all.push_back(read(name));
    return at::cat(all);
  }
  return read(
      *std::ranges::min_element(names, {}, [&](const std::string& name) { return opened.entries().at(name).begin; }));
}

}  // namespace weft::sd
