// AttentionObserver: sees what the picture's places attend to in the context. As long as one lives, each attention to a
// context that is computed on its thread shows it its queries and keys. Nobody else pays: a layer asks one pointer.
//
//   AttentionMaps maps(tokens, height, width);
//   { const AttentionObserver observer(std::ref(maps)); model.network(x, t, y); }
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace weft::sd {

class AttentionObserver {
 public:
  /// q [B, places, width], k [B, tokens, width]
  using See = std::function<void(const at::Tensor& q, const at::Tensor& k, int64_t heads)>;

  explicit AttentionObserver(See see);
  ~AttentionObserver();
  AttentionObserver(const AttentionObserver&) = delete;
  AttentionObserver& operator=(const AttentionObserver&) = delete;

  /// The one that was made last on this thread and still lives, or nullptr.
  static const AttentionObserver* current();

  void see(const at::Tensor& q, const at::Tensor& k, int64_t heads) const { see_(q, k, heads); }

 private:
  See see_;
  const AttentionObserver* outer_;
};

/// softmax(q k^T / sqrt(width / heads)), the mean over the heads: [B, places, tokens] float32.
at::Tensor attention_probabilities(const at::Tensor& q, const at::Tensor& k, int64_t heads);

/// How much each place of a latent of height x width attends to some tokens: the sum of their probabilities, as the mean
/// over heads and layers (Tang et al. 2022, "What the DAAM", arXiv:2210.04885). A See for an observer.
class AttentionMaps {
 public:
  AttentionMaps(std::vector<int64_t> tokens, int64_t height, int64_t width)
      : tokens_(std::move(tokens)), height_(height), width_(width) {}

  void operator()(const at::Tensor& q, const at::Tensor& k, int64_t heads);

  /// [B, height, width], not normalised; undefined if nothing was seen.
  at::Tensor mean() const;

 private:
  std::vector<int64_t> tokens_;
  int64_t height_, width_;
  at::Tensor sum_;
  int64_t layers_ = 0;
};

}  // namespace weft::sd
