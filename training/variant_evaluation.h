// Measures the variants as they are shipped: whether a label, a text within a mask, and a segmentation map
// are done.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "training/judge.h"
#include "training/paper_cut_model.h"
#include "training/segmenter.h"

namespace weft::paper_cut {

struct Measured {
  nlohmann::json report;
  at::Tensor pictures;  ///< for people to look at, [N, 3, 128, 128]
};

/// Every label with `seeds` seeds: whether the judge finds the subject of its name. One row of pictures a
/// label.
Measured measure_labels(
    const std::filesystem::path& model, const Judge& judge, std::int64_t seeds, const DrawOptions& options);

/// Held-out renders, whose subject is asked to be another one, by a text, within a mask around it: whether
/// the judge finds it and its color in the picture that is composited from both; what becomes of the rest;
/// and how well both parts fit. Pictures in threes: render, masked, composited.
Measured measure_inpainting(const std::filesystem::path& model, const std::filesystem::path& unet, const Judge& judge,
    std::int64_t count, const DrawOptions& options);

/// Maps of held-out renders, with full captions: how they agree with what the segmenter reads in the
/// pictures, and what the judge reads there. The same without a text. Pictures in threes: render of the same
/// map, with its caption, without a text.
Measured measure_segmentation(const std::filesystem::path& model, const std::filesystem::path& unet,
    const Segmenter& segmenter, const Judge& judge, std::int64_t count, const DrawOptions& options);

/// The segmenter itself, on held-out renders and on what the autoencoder gives back of them.
nlohmann::json measure_segmenter(const std::filesystem::path& model, const Segmenter& segmenter, std::int64_t count);

}  // namespace weft::paper_cut
