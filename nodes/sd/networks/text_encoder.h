// The text transformers that turn token ids into the context y that the U-Net attends to: CLIP's, and the one
// that was trained along with latent diffusion's text-to-image models ("LDMBert": BERT's words, every token
// sees all others). Names of weights are those of transformers' CLIPTextModel ("text_model.embeddings...")
// for both. Constant once built. [any thread]
#pragma once

#include <memory>
#include <vector>

#include "nodes/sd/networks/encoder_layer.h"

namespace weft::sd {

/// kClip: a token sees those before it. kBert: it sees all; queries, keys and values have no bias.
enum class TextFamily { Clip, Bert };

struct TextEncoderConfig {
  std::int64_t vocab = 49408;
  std::int64_t width = 768;
  std::int64_t layers = 12;
  std::int64_t heads = 12;
  std::int64_t mlp_width = 3072;
  std::int64_t max_positions = 77;
  EncoderActivation activation = EncoderActivation::QuickGelu;
  std::int64_t eos_id = 49407;  ///< pooled is taken at the first of these
  bool pools_at_largest_id = false;  ///< else at the first of the largest id, as transformers does for eos_token_id 2
  TextFamily family = TextFamily::Clip;
  std::int64_t attention_width = 0;  ///< of all heads together; 0: width
  double norm_eps = 1e-5;
  std::int64_t projection = 0;  ///< width that pooled is projected to; 0: it is not
  std::int64_t layer = 1;  ///< whose output is taken where nothing else is asked, counted from the end
  bool norm_inner = true;  ///< the final norm is also applied to the output of another layer than the last
  std::int64_t cut = 0;  ///< layers that were left out behind the last, and count where layers are counted from the end
};

/// A vector that stands in the place of a token's, such as one of a textual inversion (arXiv:2208.01618).
struct PlacedVector {
  std::int64_t row, place;
  at::Tensor vector;  ///< [width]
};

struct TextEncoding {
  at::Tensor hidden;  ///< [B, T, width]
  at::Tensor pooled;  ///< [B, projection or width], the last layer at the end-of-text token
};

class TextEncoder {
 public:
  TextEncoder(const TextEncoderConfig& config, const Weights& weights);
  ~TextEncoder();
  TextEncoder(TextEncoder&&) noexcept;
  TextEncoder& operator=(TextEncoder&&) noexcept;

  const TextEncoderConfig& config() const;
  at::ScalarType dtype() const;

  /// ids [B, T] int64, T <= max_positions. clip_skip 1 takes the last layer's output, 2 the one before, ...; 0: config.layer;
  /// more than there are layers means the last, normed (as ComfyUI does). seen [B, T] bool: the tokens that are attended to;
  /// undefined: all.
  TextEncoding forward(const at::Tensor& ids, std::int64_t clip_skip = 0, const std::vector<PlacedVector>& placed = {},
      const at::Tensor& seen = {}) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace weft::sd
