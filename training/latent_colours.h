// Rough colours of latents without a decoder: what vae_config() of paper_cut_model.h tells latent_preview() of this model.
#pragma once

#include <filesystem>
#include <string>

namespace weft::paper_cut {

/// The least-squares fit of renders, an eighth as large, by their latents of unit deviation: a line of red,
/// green and blue for each latent channel and one for the constant, as C++ numbers; and how far off it is.
std::string fitted_latent_colours(const std::filesystem::path& model);

}  // namespace weft::paper_cut
