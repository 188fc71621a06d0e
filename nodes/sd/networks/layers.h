// The layers that the Stable Diffusion networks are made of: structs that hold tensors and can be called.
//
// Autograd works through all of them where the weights ask for gradients. Images are channels_last. Weights
// on the CPU that need no gradient are kept in oneDNN's own packed order instead: faster, for inference only
// (a packed layer does not pass gradients on, and does not see later changes of the tensors that it was made
// from). Before whatever takes long stands a cancel_point().
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "nodes/sd/networks/network_call.h"
#include "nodes/sd/networks/weights.h"

namespace weft::sd {

class Conv2d {
 public:
  struct Options {
    std::int64_t kernel = 3;
    std::int64_t stride = 1;
    std::int64_t padding = 1;
    Init init = Init::FanIn;
  };

  Conv2d(const Weights& weights, std::int64_t in, std::int64_t out, Options options);
  Conv2d(const Weights& weights, std::int64_t in, std::int64_t out) : Conv2d(weights, in, out, Options()) {}

  /// x [B, in, H, W]
  at::Tensor operator()(const at::Tensor& x) const;

  /// conv(x) + residual, in one kernel where packed.
  at::Tensor plus(const at::Tensor& x, const at::Tensor& residual) const;

  /// What the layer computes in.
  at::ScalarType dtype() const { return bias_.scalar_type(); }

 private:
  const at::Tensor& weight() const { return weight_->tensors[0]; }

  std::shared_ptr<const PreparedWeight> weight_;
  at::Tensor bias_;
  std::int64_t stride_, padding_;
};

/// A 3x3 convolution of an image that is first made twice as large, each pixel four times.
///
/// Where it is packed, each of the four results of a pixel is a 2x2 convolution of the smaller image (whose taps are
/// sums of those that meet the same pixel): 16 products in place of 36, and no large image in between.
class DoublingConv2d {
 public:
  DoublingConv2d(const Weights& weights, std::int64_t in, std::int64_t out);

  /// x [B, in, H, W]; gives [B, out, 2 H, 2 W]
  at::Tensor operator()(const at::Tensor& x) const;

  /// To a size that may be one less than double: the image beside it was of odd size when it was halved.
  at::Tensor operator()(const at::Tensor& x, std::int64_t height, std::int64_t width) const;

 private:
  /// The weight; where packed, also of even rows' even and odd columns, then of odd rows'.
  std::shared_ptr<const PreparedWeight> weight_;
  at::Tensor bias_;
};

class Linear {
 public:
  struct Options {
    bool bias = true;
    Init init = Init::FanIn;
    bool pack = true;      ///< where it pays by itself: not for a network that is applied once or twice
    bool as_conv = false;  ///< the file holds the weight as a 1x1 convolution: [out, in, 1, 1]
  };

  Linear(const Weights& weights, std::int64_t in, std::int64_t out, Options options);
  Linear(const Weights& weights, std::int64_t in, std::int64_t out) : Linear(weights, in, out, Options()) {}

  /// x [..., in]
  at::Tensor operator()(const at::Tensor& x) const;

  /// linear(x) + residual, in one kernel where packed.
  at::Tensor plus(const at::Tensor& x, const at::Tensor& residual) const;

 private:
  std::shared_ptr<const PreparedWeight> weight_;
  at::Tensor bias_;
};

/// Linear to 2 * out, of which the second half gates the first: a * gelu(b) (Shazeer 2020).
class Geglu {
 public:
  Geglu(const Weights& weights, std::int64_t in, std::int64_t out);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  std::shared_ptr<const PreparedWeight> weight_;  ///< both halves in one; where packed, value and gate
  at::Tensor bias_;
};

class GroupNorm {
 public:
  GroupNorm(const Weights& weights, std::int64_t groups, std::int64_t channels, double eps);
  at::Tensor operator()(const at::Tensor& x) const;
  at::Tensor silu(const at::Tensor& x) const;  ///< silu(norm(x))

 private:
  at::Tensor weight_, bias_;
  std::int64_t groups_;
  double eps_;
};

class LayerNorm {
 public:
  LayerNorm(const Weights& weights, std::int64_t width, double eps = 1e-5);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor weight_, bias_;
  double eps_;
};

/// softmax(q k^T / sqrt(width / heads)) v, heads split and joined again. q [B, T, width], k and v [B, S,
/// width].
at::Tensor multi_head_attention(
    const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads, bool causal = false);

/// The call whose patches go around an attention, and the size of the picture whose places attend; or no patches.
struct PatchedPlace {
  const NetworkCall* whole = nullptr;
  std::int64_t height = 0, width = 0;
};

/// Attention of x to a context, with diffusers' names to_q, to_k, to_v, to_out.0. Without context: to itself.
class Attention {
 public:
  struct Options {
    std::int64_t heads = 8;
    bool qkv_bias = false;
  };

  Attention(const Weights& weights, std::int64_t width, std::int64_t context_width, Options options);

  /// x + attention(normed, context)
  at::Tensor plus(
      const at::Tensor& normed, const at::Tensor& context, const at::Tensor& x, const PatchedPlace& place = {}) const;

 private:
  at::Tensor patched(
      const at::Tensor& normed, const at::Tensor& context, const at::Tensor& x, const PatchedPlace& place) const;

  std::string name_;
  std::int64_t heads_;
  Linear to_q_, to_k_, to_v_, to_out_;
};

/// Residual block of two convolutions, GroupNorm and SiLU; in the U-Net with the time embedding added
/// between.
class ResnetBlock {
 public:
  struct Options {
    std::int64_t groups = 32;
    double eps = 1e-5;
    std::int64_t time_width = 0;  ///< 0: no time embedding (VAE)
  };

  ResnetBlock(const Weights& weights, std::int64_t in, std::int64_t out, Options options);

  /// x [B, in, H, W]; activated_time = silu(time embedding) [B, time_width], undefined in the VAE.
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& activated_time) const;

 private:
  GroupNorm norm1_;
  Conv2d conv1_;
  std::optional<Linear> time_projection_;
  GroupNorm norm2_;
  Conv2d conv2_;
  std::optional<Conv2d> shortcut_;  ///< 1x1, where in != out
};

}  // namespace weft::sd
