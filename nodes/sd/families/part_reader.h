// Opens a model's files and sorts their tensors into its parts, by canonical names. It knows layouts and types, and asks
// nothing of what the tensors mean: that is checkpoint_reader.cpp's, who calls it.
//
// Tensors stay in their mapped files. One reader reads one model, on one thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "nodes/sd/families/part.h"
#include "nodes/sd/files/weight_file.h"

namespace weft::sd {

using PackedParts = std::map<Part, std::map<std::string, PackedTensor>>;

class PartReader {
 public:
  /// A whole checkpoint in CompVis' layout. Throws ModelError for one of no known family.
  const WeightFile& read_single_file(const std::filesystem::path& path);
  /// A part of a file that holds it alone or among others, in CompVis' layout, with its prefix or without, or with
  /// diffusers' names.
  const WeightFile& read_alone(const std::filesystem::path& path, Part part);
  /// A part of a diffusers folder; `folder` is that part's.
  void read_folder(const std::filesystem::path& folder, Part part);
  /// Once all is read: takes the scales of quantised weights out of the tensors, and unpacks what is split before a network
  /// asks for it.
  void take_scales(const std::string& origin);

  /// Throws ModelError if the part has a tensor of that name that is of no type that networks compute with.
  void require_float(Part part, const std::string& name, const std::string& origin) const;
  /// The same of tensors that are split before a network asks for them by name.
  void require_floats_in_joined(Part part, const std::string& origin) const;
  /// What a network uses must be numbers; what none does is noted as unused.
  template <class Names>
  void account_for(Part part, const Names& used, const std::string& origin) {
    for (const std::string& name : used) require_float(part, name, origin);
    for (const auto& [name, tensor] : parts[part])
      if (!used.contains(name) && !is_bookkeeping(name)) unused.push_back(name);
  }

  std::vector<WeightFile> files;
  PartTensors parts, scales;  ///< the latter of quantised weights, by their names
  PackedParts
      packed;  ///< what is unpacked when a network asks for it; `parts` has a tensor without memory in its place
  std::vector<std::string> unused;  ///< of no part, as the file names them, and what account_for() found

 private:
  static bool is_bookkeeping(const std::string& name);
  void unpack(Part part, const std::string& canonical);
  const WeightFile& open(const std::filesystem::path& path);
  void put(Part part, const std::string& canonical, const WeightFile& file, const std::string& name);

  std::map<Part, std::map<std::string, std::string>> other_types_;  ///< tensors that are no floats: what to say of them
  TensorMap formats_;  ///< of quantised layers, by their names, as the metadata of the file at hand has them
};

}  // namespace weft::sd
