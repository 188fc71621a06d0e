// The kinds of text encoders: what tells one from another, and what its files need not say because it is the same for all
// of its kind. Families say which kinds they read; the same kind may serve several families.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "nodes/sd/networks/text_encoder.h"
#include "nodes/sd/tensors/tensor_map.h"
#include "nodes/sd/text/tokenizer.h"

namespace weft::sd {

struct TextKind {
  /// `encoder`: the tensors of a text encoder.
  bool (*recognises)(const TensorMap& encoder);
  TextFamily family;
  EncoderActivation activation;
  std::int64_t end_id, vocabulary;  ///< of the usual tokenizer: its end of a text, and how many ids it has
  bool takes_words_beside_file;  ///< a vocab.txt in a single file's folder is its tokenizer's
  /// Makes the tokenizer from the model's own files (a folder, or a file), or else the usual one, whose files set-up
  /// brought. `model` is named in the ModelError where there is none.
  Tokenizer (*tokenizer)(const std::optional<std::filesystem::path>& own_files, const std::filesystem::path& model);
};

/// CLIP ViT-L's, which Stable Diffusion 1 reads.
extern const TextKind kClipText;
/// OpenCLIP's ViT-H, which Stable Diffusion 2 reads, and ViT-bigG, which Stable Diffusion XL reads beside CLIP's: another
/// activation, and texts are padded with "!".
extern const TextKind kOpenClipText;
/// The transformer that was trained along with latent diffusion's text-to-image models ("LDMBert").
extern const TextKind kBertText;

}  // namespace weft::sd
