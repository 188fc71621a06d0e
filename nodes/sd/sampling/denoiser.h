// From a noisy latent to what the model thinks is under the noise: one application of a network, and its
// combination over all conditioning entries with classifier-free guidance (Ho & Salimans 2022,
// arXiv:2207.12598). Samplers call this once or more a step.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "nodes/sd/networks/patch.h"
#include "nodes/sd/sampling/conditioning.h"
#include "nodes/sd/sampling/model_sampling.h"
#include "nodes/sd/sampling/vector_conditioning.h"

namespace weft::sd {

/// A U-Net and what sampling must know of it. Never changed once it is made, so all who sample with it may share it.
struct DiffusionModel : ModelSampling {
  Network network;
  /// space.channels, 9 (inpainting: + mask, masked latent), 8 (instruct-pix2pix: + latent), or + a map's classes
  std::int64_t in_channels = 4;
  VectorSpec vector = {};  ///< what it is told beside the context
  bool takes_guidance = false;  ///< cfg is an input of the network, and the negative side is not asked
  at::Device device = at::kCPU;         ///< where the network is
  at::ScalarType dtype = at::kFloat;    ///< what it computes in
  Patches patches = {};  ///< around its calls and around guidance
};

/// A rectangle of a latent, in latents.
struct LatentArea {
  std::int64_t height = 0, width = 0, y = 0, x = 0;
  bool operator==(const LatentArea&) const = default;
};

/// One application. call.x [B, C, h, w] = x0 + sigma * noise, float32; it is scaled, and the timesteps filled in, here. Then
/// each of `steer` may add to the call.
/// Returns x0, float32.
at::Tensor predict_x0(
    const DiffusionModel& model, NetworkCall call, float sigma, const std::vector<ChangeCall>& steer = {});

/// negative + (positive - negative) * cfg, and the part that cfg++ samplers need.
struct Guided {
  at::Tensor x0;
  at::Tensor x0_negative;
};

/// Guidance by two conditionings, each with a cfg of its own.
struct DualGuidance {
  ConditioningEntries middle;  ///< the second: what `positive` is to be more than
  double cfg = 1;  ///< of middle over negative
  /// false: negative + (middle - negative) * its cfg + (positive - middle) * the other (Brooks et al. 2023, arXiv:2211.09800);
  /// true: middle and positive are guided first, then the result over negative.
  bool nested = false;
};

/// How a denoiser takes its conditioning.
struct DenoiserOptions {
  double cfg = 1;
  std::optional<DualGuidance> dual = {};  ///< `cfg` is then of positive over middle
  at::Tensor noise_mask = {};  ///< [B, C, h, w] or undefined; inpainting models see it

  /// Where the conditioning's concat latent and mask are not those that the model's in_channels needs: false does as
  /// ComfyUI does (ignores what the model does not take, makes a blank for what is missing); true refuses.
  bool strict_concat = false;

  std::uint64_t seed = 0;  ///< of noise on pictures that are a prompt

  OpenControl open_control = {};  ///< needed where the conditioning has controls; called once for each

  std::vector<float> sigmas = {};  ///< of the steps, falling; empty: ranges in steps are taken as ranges in noise
};

/// A model with everything that it is conditioned on, for latents of one size. Entries that cover the same
/// place are averaged by weight; a rectangle is cropped out, evaluated alone and faded in at its inner edges;
/// entries of equal shape are evaluated in one batch; a rectangle on one side of guidance gets its like on
/// the other.
class GuidedDenoiser {
 public:
  /// latent [B, C, h, w]: what sampling starts from, scaled (inpainting models see it). Keeps a reference to the model.
  /// Throws std::invalid_argument for a rectangle outside the latent and for wrong channels.
  GuidedDenoiser(const DiffusionModel& model, const ConditioningEntries& positive, const ConditioningEntries& negative,
      const at::Tensor& latent, const DenoiserOptions& options);

  /// A side that cannot count, as the negative one with cfg 1, is not evaluated, unless a patch needs it.
  at::Tensor x0(const at::Tensor& x, float sigma) const;

  /// All sides, also with cfg 1.
  Guided both(const at::Tensor& x, float sigma) const;

 private:
  /// An entry brought to the latent's size.
  struct Entry {
    at::Tensor context;
    at::Tensor vector;  ///< [1 or B, V] or undefined
    at::Tensor concat;  ///< [B, extra channels, h, w] or undefined
    Controls controls;
    Patches patches;  ///< of its calls alone
    at::Tensor mask;  ///< [B or 1, h, w] with its strength, or undefined
    std::optional<LatentArea> area;  ///< none: everywhere
    double strength;
    ComposedPart composed;
    double sigma_start, sigma_end;  ///< counts where sigma_end <= sigma <= sigma_start
    at::Tensor weight;  ///< [B or 1, 1, area]; undefined: 1 everywhere
  };
  using Side = std::vector<Entry>;

  Side prepare(const ConditioningEntries& conditioning, const at::Tensor& latent, const DenoiserOptions& options,
      bool negative) const;
  static void match_areas(Side& side, const Side& other);
  void share_with(Side& other) const;
  void open_controls(const DenoiserOptions& options);
  std::vector<ChangeCall> steering(const Controls& controls, float sigma) const;
  void weigh(Side& side, const at::Tensor& latent) const;
  std::vector<at::Tensor> evaluate(
      std::vector<const Side*> sides, const at::Tensor& x, float sigma, const ChangeCall& change = {}) const;
  std::vector<Side*> sides();
  bool patches_need_negative() const;
  /// `whole`: all sides are evaluated.
  Guided guided(const at::Tensor& x, float sigma, bool whole) const;
  Guided dual_guided(const at::Tensor& x, float sigma, bool whole) const;

  /// Two sides of guidance.
  struct Pair {
    const Side& positive_side;  ///< the side that is led to
    const Side& negative_side;
    at::Tensor positive;
    at::Tensor negative;  ///< undefined where it was not evaluated
    std::vector<at::Tensor> further;  ///< of the patches' own sides, undefined where one has none
    double cfg;
  };
  Guided combined(const at::Tensor& x, float sigma, const Pair& pair) const;
  /// What evaluate() gave of the patches' own sides, from `first` on.
  std::vector<at::Tensor> further_of(const std::vector<at::Tensor>& x0s, std::size_t first) const;

  const DiffusionModel& model_;
  Patches patches_;  ///< the model's, for this sampling
  Patches within_;  ///< those of them that are within calls
  double cfg_;
  std::optional<DualGuidance> dual_;
  Side positive_, middle_, negative_;
  std::vector<Side> further_;  ///< one for each patch, empty where it has none
  std::map<const ControlSource*, ControlFunction> opened_;
};

/// A noise mask of any size ([H, W], [B, H, W] or [B, 1, H, W]; 1: regenerate) brought to a latent [B, C, h,
/// w].
at::Tensor fit_noise_mask(const at::Tensor& mask, const at::Tensor& latent);

}  // namespace weft::sd
