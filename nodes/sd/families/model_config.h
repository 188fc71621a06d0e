// Reads a network's configuration off the shapes of its tensors, which cannot be out of step with the
// weights. What shapes cannot tell (number of heads, activation, ...) comes as hints, or is what the model's
// family has.
#pragma once

#include <string>

#include "nodes/sd/families/config_hints.h"
#include "nodes/sd/families/family.h"
#include "nodes/sd/networks/control_net.h"
#include "nodes/sd/networks/text_encoder.h"
#include "nodes/sd/networks/unet.h"
#include "nodes/sd/networks/vae.h"
#include "nodes/sd/networks/vision_encoder.h"

namespace weft::sd {

/// `origin` is named in the ModelError when the tensors do not make up such a network.
UNetConfig infer_unet(
    const TensorMap& tensors, const ConfigHints& hints, const Usual& usual, const std::string& origin);
ControlNetConfig infer_control_net(
    const TensorMap& tensors, const ConfigHints& hints, const Usual& usual, const std::string& origin);
VAEConfig infer_vae(const TensorMap& tensors, const ConfigHints& hints, const Usual& usual, const std::string& origin);
VisionEncoderConfig infer_vision_encoder(const TensorMap& tensors, const VisionHints& hints, const std::string& origin);
TextEncoderConfig infer_text_encoder(const TensorMap& tensors, const TextHints& hints, const TextKind& kind,
    const TextSlot& slot, const std::string& origin);

}  // namespace weft::sd
