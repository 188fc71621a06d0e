// AdapterFile: a file that changes a model's weights (LoRA and its kin), opened for the model that it shall change. As with a
// checkpoint, tensors stay in the mapped file until a weight is changed. Constant once open: any thread.
//
//   const auto lora = AdapterFile::open("models/loras/ink.safetensors", *checkpoint);
//   const Patch patch = AdapterFile::patch(lora, 0.8);
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/sd/adapters/block_strengths.h"
#include "nodes/sd/adapters/weight_change.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/networks/patch.h"

namespace weft::sd {

class AdapterFile {
 public:
  /// Throws ModelError for a file that cannot be read, that is no adapter, that fits none of the model's weights (it is of
  /// another family), or whose tensors do not belong together.
  static std::shared_ptr<const AdapterFile> open(
      const std::filesystem::path& path, const Checkpoint& model, Dora dora = Dora::AsTrained);

  /// What it does to the networks of that model at a strength; 1 is as trained. `blocks`, where given, multiply it in each
  /// block. It keeps the file.
  static Patch patch(
      std::shared_ptr<const AdapterFile> file, double strength, std::optional<BlockStrengths> blocks = std::nullopt);

  /// How many of the model's tensors it changes: of the U-Net, and of the text encoders.
  std::size_t changed_in_unet() const;
  std::size_t changed_in_text() const { return changes_.size() - changed_in_unet(); }
  /// Layers that are none of the model's, as the file calls them.
  const std::vector<std::string>& unmatched() const { return unmatched_; }
  const std::map<std::string, std::string>& metadata() const { return file_.metadata(); }

 private:
  struct Change {
    std::string layer;  ///< as the file calls it
    WeightChange change;
    std::string block;  ///< as in BlockStrengths
  };

  AdapterFile(SafetensorsFile file, std::string stamp, Dora dora)
      : file_(std::move(file)), stamp_(std::move(stamp)), dora_(dora) {}
  void read(const Checkpoint& model);

  std::filesystem::path path_;
  SafetensorsFile file_;
  std::string stamp_;
  Dora dora_;
  std::map<std::string, Change> changes_;  ///< by the name of a tensor, as Patch::weight is given it
  std::vector<std::string> unmatched_;
};

}  // namespace weft::sd
