// Says what each pixel of a picture shows. A small network that was trained on renders alone, blurred and
// noisy ones included: it has never seen a picture of the models that it measures.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <filesystem>
#include <memory>

#include "training/latent_cache.h"
#include "training/sitting.h"

namespace weft::paper_cut {

class Segmenter {
 public:
  /// Reads what train_segmenter() wrote. Throws ModelError when it cannot.
  static Segmenter open(const std::filesystem::path& path);

  explicit Segmenter(const sd::Weights& weights);
  ~Segmenter();
  Segmenter(Segmenter&&) noexcept;

  /// Of pictures [N, 3, 128, 128] in [-1, 1]: [N, kSegments, 128, 128].
  at::Tensor logits(const at::Tensor& pictures) const;

  /// The most likely class of each pixel: [N, 128, 128] int64.
  at::Tensor read(const at::Tensor& pictures) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Trains the segmenter (state segmenter.safetensors in the folder) and writes it to `path` as float16.
void train_segmenter(const SittingOptions& options, const std::filesystem::path& path, std::int64_t workers);

/// Intersection over union of maps, class by class, over all pixels that were added.
class Overlap {
 public:
  /// Maps of one shape, int64.
  void add(const at::Tensor& asked, const at::Tensor& found);

  /// Of a class that neither map has: no number.
  double of(std::int64_t segment) const;

  /// Over the classes that were asked for.
  double mean() const;

 private:
  std::array<std::int64_t, kSegments> asked_{}, found_{}, both_{};
};

}  // namespace weft::paper_cut
