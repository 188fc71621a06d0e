// Measures whether pictures show what the words say, and how far the measure itself can be trusted.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "training/judge.h"
#include "training/paper_cut_model.h"

namespace weft::paper_cut {

/// Draws `count` held-out full captions and lets the judge look for each stated attribute: right, of and
/// share of each and of all together; the captions whose pictures miss something.
nlohmann::json measure_adherence(
    const PaperCutModel& model, const Judge& judge, std::int64_t count, const DrawOptions& options);

/// The judge's own accuracy on held-out renders.
nlohmann::json measure_judge(const Judge& judge, std::int64_t count);

/// The autoencoder on held-out renders: PSNR, and the judge's accuracy on what it gives back.
nlohmann::json measure_vae(const std::filesystem::path& folder, const Judge& judge, std::int64_t count);

}  // namespace weft::paper_cut
