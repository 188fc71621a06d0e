#include "nodes/sd/files/weight_file.h"

namespace weft::sd {

WeightFile::WeightFile(SafetensorsFile file) : file_(std::move(file)) {
  for (const auto& [name, entry] : std::get<SafetensorsFile>(file_).entries())
    entries_[name] = {.type = entry.type,
        .dtype = entry.dtype,
        .shape = entry.shape,
        .bytes = entry.end - entry.begin,
        .packed = false};
}

WeightFile::WeightFile(GgufFile file) : file_(std::move(file)) {
  for (const auto& [name, entry] : std::get<GgufFile>(file_).entries())
    entries_[name] = {.type = std::string(entry.type->name),
        .dtype = entry.dtype(),
        .shape = entry.shape,
        .bytes = entry.end - entry.begin,
        .packed = entry.is_packed()};
}

WeightFile WeightFile::open(const std::filesystem::path& path) {
  return GgufFile::is_one(path) ? WeightFile(GgufFile::open(path)) : WeightFile(SafetensorsFile::open(path));
}

const std::map<std::string, std::string>& WeightFile::metadata() const {
  return std::visit([](const auto& file) -> const auto& { return file.metadata(); }, file_);
}

at::Tensor WeightFile::tensor(const std::string& name) const {
  return std::visit([&](const auto& file) { return file.tensor(name); }, file_);
}

std::optional<PackedTensor> WeightFile::packed(const std::string& name) const {
  return entries_.at(name).packed ? std::optional(std::get<GgufFile>(file_).packed(name)) : std::nullopt;
}

void WeightFile::release_memory() const {
  std::visit([](const auto& file) { file.release_memory(); }, file_);
}

}  // namespace weft::sd
