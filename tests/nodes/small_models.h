// The scaled-down Stable Diffusion models of the reference tests (tests/reference/model_sizes.py), written to
// disk in both layouts.
#pragma once

#include <filesystem>
#include <sstream>
#include <string>

#include "nodes/sd/families/model_config.h"

namespace weft::sd {

struct SmallModel {
  std::string name;
  UNetConfig unet;
  VAEConfig vae;
  TextEncoderConfig text;
};

SmallModel small_model();   ///< inpainting (9 channels), 2 levels
SmallModel medium_model();  ///< 4 levels as SD 1.x

/// All tensors of a model, by canonical names.
struct ModelTensors {
  TensorMap unet, vae, text;
};
ModelTensors tensors_of(const SmallModel& model);

/// One .safetensors file with CompVis/LDM names, its configuration in the metadata.
void write_single_file(const std::filesystem::path& path, const SmallModel& model);

/// The tensors of that file, to change them before they are written.
TensorMap ldm_tensors(const SmallModel& model);

/// A diffusers folder.
void write_folder(const std::filesystem::path& folder, const SmallModel& model);

/// Metadata of the single file.
std::map<std::string, std::string> metadata_of(const SmallModel& model);

std::filesystem::path golden(const std::string& name);
/// The text of golden(name + ".gz").
std::istringstream golden_text(const std::string& name);

/// A folder of this test's own, empty, deleted when it ends.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace weft::sd
