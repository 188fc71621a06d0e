// Checkpoints whose layers are fp8 with a scale beside them, which the weights are multiplied by. ComfyUI has
// marked such layers in three ways, and all are read:
//
//     LAYER.scale_weight                       and a tensor "scaled_fp8" for the whole network
//     LAYER.weight_scale, LAYER.comfy_quant    the latter is JSON in bytes: {"format": "float8_e4m3fn"}
//     LAYER.weight_scale                       and that JSON in the metadata "_quantization_metadata"
//
// Scales of the inputs (scale_input, input_scale) are for multiplying in fp8, which is not done here.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "nodes/sd/tensors/tensor_map.h"

namespace weft::sd {

/// Takes all that belongs to quantised layers out of a network's tensors, except the weights, and returns the
/// scales by the names of the weights. Throws ModelError where a layer has another format (nvfp4, mxfp8,
/// ...), lacks its scale, or has one of another shape than [], [1] or [out, 1, ...].
TensorMap take_scales(TensorMap& tensors, const std::string& origin);

/// What the metadata of a file say of its layers, by their names: each as a tensor, which belongs beside the
/// layer's as the second way has it. Throws ModelError for nonsense.
TensorMap formats_in(const std::map<std::string, std::string>& metadata, const std::string& origin);

/// "LAYER.comfy_quant" for "LAYER.weight"; nothing for other tensors.
std::optional<std::string> format_beside(const std::string& weight);

/// Whether a file's tensor marks a whole network, and no layer.
bool marks_scaled_network(const std::string& name);

/// weight * scale in float32; the weight itself where it has no scale.
at::Tensor dequantised(const at::Tensor& weight, const TensorMap& scales, const std::string& name);

}  // namespace weft::sd
