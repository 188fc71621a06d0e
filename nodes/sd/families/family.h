// A model family is one file here, which holds all that Weft knows of it: how it is recognised, what its tensors are
// called, and what neither shapes nor configuration files tell of it. Everything else (reading files, inferring networks,
// errors) is written once and asks the family.
//
// To add one:
//  1. Write families/NAME.cpp with a `const Family kName`; stable_diffusion_1.cpp is the model to follow.
//  2. Put it into the table in families.cpp, before those that would take its models for theirs.
//  3. Delete the rows of other_models.cpp that refuse it.
// A part that no family has had so far is a row in part.cpp, and a kind of text encoder one in text_kinds.cpp. What the
// networks themselves cannot do yet is work in networks/.
//
// All of it is constant data and pure functions: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "nodes/sd/families/continuous_noise.h"
#include "nodes/sd/families/part.h"
#include "nodes/sd/families/rename.h"
#include "nodes/sd/families/text_kind.h"
#include "nodes/sd/networks/latent_space.h"
#include "nodes/sd/networks/prediction.h"
#include "nodes/sd/sampling/vector_conditioning.h"

namespace weft::sd {

/// What the shapes of a model's tensors tell of it before its networks are inferred. Nothing here throws: of what is
/// missing, sizes are 0.
class ModelShapes {
 public:
  explicit ModelShapes(const PartTensors& tensors) : tensors_(tensors) {}

  /// The tensors of a part, none where it is not there.
  const TensorMap& part(Part part) const;
  bool has(Part part) const { return tensors_.contains(part); }
  bool has(Part part, const std::string& tensor) const { return this->part(part).contains(tensor); }
  std::int64_t size(Part part, const std::string& tensor, std::int64_t axis) const;

  /// Channels of the U-Net's finest level.
  std::int64_t width() const;
  /// How wide the context is that the U-Net attends to; 0: it attends to none.
  std::int64_t context_width() const;
  /// How wide the vector is that is added to the time's embedding; 0: there is none.
  std::int64_t vector_width() const { return size(Part::UNet, "add_embedding.linear_1.weight", 1); }
  /// Its attention begins with a linear layer, where Stable Diffusion 1 has a convolution.
  bool has_linear_projection() const;

 private:
  const PartTensors& tensors_;
};

/// What a model has where its metadata and configuration files say nothing.
struct Usual {
  std::int64_t heads = 0, head_width = 0;  ///< of the U-Net, as in UNetConfig
  double beta_start = 0, beta_end = 0;  ///< sqrt(beta) is evenly spaced between their roots over 1000 timesteps
  Prediction prediction = Prediction::Noise;
  bool zero_terminal_snr = false;
  std::optional<ContinuousNoise> continuous = {};
  LatentSpace latents;  ///< of its autoencoder; channels and downscale count for a U-Net alone
};

/// A text encoder that the U-Net is conditioned on. The outputs of all of a family's stand side by side in the context.
struct TextSlot {
  Part part;
  std::span<const TextKind* const> kinds;  ///< the first that recognises it; the last is taken where none does
  std::int64_t layer = 1;  ///< whose output is the context, counted from the end: 2 is the last but one
  bool norm_inner = true;  ///< the final norm is also applied to the output of another layer than the last
  std::string_view embedding_key = "clip_l";  ///< of its vectors in a textual inversion's file for several encoders
  std::int64_t cut_in_folder =
      0;  ///< so many of the last layers, which nobody needs, are left out of diffusers' folders
};

struct Family {
  std::string_view name;  ///< in messages: "use a ... checkpoint"
  bool (*recognises)(const ModelShapes& model);
  Usual (*usual)(const ModelShapes& model);
  std::span<const TextSlot> texts;
  /// What its tensors are called in a single file in CompVis' layout, and what differs from today's names in a folder of
  /// diffusers. Rows that several families have (shared_names.h) may be in each.
  std::span<const PartNames> single_file, diffusers;
  std::span<const std::string_view> pipelines = {};  ///< how the classes in its model_index.json begin
  std::span<const VectorPart> vector = {};  ///< what the U-Net is told beside the context, in this order
};

/// All of them, the special ones first: what none of the others recognises is read as the last.
std::span<const Family* const> families();

/// That of a model, or of some of its parts. Any part may be missing.
const Family& family_of(const ModelShapes& model);

/// "use a Stable Diffusion 1.x or latent diffusion checkpoint"
std::string use_a_known_family();

}  // namespace weft::sd
