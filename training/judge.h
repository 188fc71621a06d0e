// Says what a picture shows. A small classifier that was trained on renders alone: it has never seen a
// picture of the model that it judges. It reads pictures at half size, blurred, noisy and shifted ones
// included, so that it judges what is shown and not how sharply.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "training/scene.h"
#include "training/sitting.h"

namespace weft::paper_cut {

class Judge {
 public:
  /// Reads what train_judge() wrote. Throws ModelError when it cannot.
  static Judge open(const std::filesystem::path& path);

  explicit Judge(const sd::Weights& weights);
  ~Judge();
  Judge(Judge&&) noexcept;

  /// One row of logits a picture: the choices of each attribute, one attribute after the other.
  at::Tensor logits(const at::Tensor& pictures) const;

  /// The most likely value of each attribute of each picture [N, 3, 128, 128] in [-1, 1]. The attributes are
  /// read one by one: the scenes need not be consistent.
  std::vector<Scene> read(const at::Tensor& pictures) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Trains the judge and writes it to `path` as float16.
void train_judge(const SittingOptions& options, const std::filesystem::path& path, std::int64_t workers);

/// How often something was right.
struct Tally {
  std::int64_t right = 0, of = 0;
  double share() const { return of == 0 ? 0 : double(right) / double(of); }
};

/// True when a full caption of the scene says something about the attribute.
bool states(const Scene& scene, int attribute);

/// For each attribute: how many of the scenes that state it have it in what the judge read.
std::array<Tally, kAttributes> tally(const std::vector<Scene>& said, const std::vector<Scene>& read);

}  // namespace weft::paper_cut
