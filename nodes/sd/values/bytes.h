// Values as bytes and back (ValueType::encode and decode): their tensors as a safetensors file in memory, all else as JSON in its
// metadata. Networks have no bytes; who has a Model's name makes it anew.
//
//   .encode = [](const Value& v) { return sd::to_bytes(sd::parts_of(v.as<Latent>())); },
//   .decode = [](std::string_view bytes) { return Value::of(sd::latent_of(sd::parts_in(bytes))); },
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "nodes/sd/pictures/segmentation_map.h"
#include "nodes/sd/tensors/tensor_map.h"
#include "nodes/sd/values/values.h"

namespace weft::sd {

struct ValueParts {
  TensorMap tensors = {};  ///< copied to the CPU
  nlohmann::json facts = nlohmann::json::object();

  /// The tensor of that name; undefined where there is none.
  at::Tensor tensor(const std::string& name) const;
  /// Adds it, if it is defined.
  void add(const std::string& name, const at::Tensor& tensor);
};

std::string to_bytes(const ValueParts& parts);
/// Throws NodeError for bytes that are damaged.
ValueParts parts_in(std::string_view bytes);

/// The other direction throws NodeError where something is missing or of another kind.
ValueParts parts_of(const Latent& latent);
Latent latent_of(const ValueParts& parts);
ValueParts parts_of(const weft::Conditioning& conditioning);
weft::Conditioning conditioning_of(const ValueParts& parts);
ValueParts parts_of(const Sigmas& sigmas);
Sigmas sigmas_of(const ValueParts& parts);
ValueParts parts_of(const SegmentationMap& map);
SegmentationMap segmentation_map_of(const ValueParts& parts);

}  // namespace weft::sd
