// A file of a textual inversion (Gal et al. 2022, arXiv:2208.01618): a word's vectors, for one text encoder or for several.
// Forms: diffusers' (one tensor under the word's name), A1111's and kohya's ("emb_params"), Stable Diffusion XL's in two parts
// ("clip_l", "clip_g"), and A1111's bundles ("bundle_emb.NAME.string_to_param.*"). Pure functions: any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace weft::sd {

/// The vectors for an encoder, float32 [n, width]; undefined where the file has none of that width. `key` is the encoder's
/// ("clip_l"); else the first tensor of the right width counts, in the file's order. Throws ModelError for a file that cannot
/// be read.
at::Tensor learned_vectors(const std::filesystem::path& file, const std::string& key, std::int64_t width);

}  // namespace weft::sd
