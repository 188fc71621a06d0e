// Writing models: the parts of one, or of several, with their patches applied, to a file. Tensors are read, changed and written
// one by one, so a model is never in memory whole. A tensor that no patch changes is written as it is stored, bit for bit;
// one that was packed or scaled, or that shall have another type, is rounded to that. [any thread]
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/families/written_names.h"

namespace weft::sd {

/// A part of a model as it shall be written.
struct WrittenPart {
  std::shared_ptr<const Checkpoint> model;
  Part part;
  Patches patches = {};
};

/// To which type tensors are converted.
struct WrittenType {
  std::optional<at::ScalarType> type = {};  ///< none: each keeps its own (Checkpoint::kept_type)
  bool scaled = false;  ///< with fp8: weights of linear layers and convolutions of networks are scaled to its range
};

enum class WrittenLayout : std::uint8_t {
  SingleFile,  ///< CompVis', with prefixes
  Alone,  ///< CompVis', without; of a text encoder transformers'
  Folder,  ///< diffusers' names, as they are
};

/// The tensors of a part, to be written by stream_safetensors().
std::vector<TensorToWrite> tensors_to_write(
    const WrittenPart& part, WrittenLayout layout, const WrittenType& type = {});

/// What a file of the model says of itself beside its tensors: modelspec.* as ComfyUI writes it, and where Weft reads more
/// than shapes tell (weft.unet.heads ...), that. `parts` are those that are in the file.
std::map<std::string, std::string> metadata_of(const Checkpoint& model, const std::vector<Part>& parts);

/// "v_pred" and "ztsnr", of no values, as ComfyUI marks models that predict v; and "betas" where the noise levels that it was
/// trained with are others than its family's.
std::vector<TensorToWrite> marks_of(const Checkpoint& model);

}  // namespace weft::sd
