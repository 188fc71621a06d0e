// From a noisy latent to what the model thinks is under the noise: one application of a network, and its
// combination over all conditioning entries with classifier-free guidance (Ho & Salimans 2022,
// arXiv:2207.12598). Samplers call this once or more a step.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "nodes/sd/networks/latent_space.h"
#include "nodes/sd/networks/patch.h"
#include "nodes/sd/networks/prediction.h"
#include "nodes/sd/sampling/conditioning.h"
#include "nodes/sd/sampling/noise_schedule.h"
#include "nodes/sd/sampling/vector_conditioning.h"

namespace weft::sd {

/// A U-Net and what sampling must know of it. Never changed once it is made, so all who sample with it may share it.
struct DiffusionModel {
  Network network;
  NoiseTable table = NoiseTable::stable_diffusion();
  Prediction prediction = Prediction::Noise;
  /// space.channels, 9 (inpainting: + mask, masked latent), 8 (instruct-pix2pix: + latent), or + a map's classes
  std::int64_t in_channels = 4;
  LatentSpace space;
  std::span<const VectorPart> vector = {};  ///< what it is told beside the context, of static storage
  std::int64_t vector_width = 0;  ///< of these together
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

/// How a denoiser takes its conditioning.
struct DenoiserOptions {
  double cfg = 1;
  at::Tensor noise_mask = {};  ///< [B, C, h, w] or undefined; inpainting models see it

  /// Where the conditioning's concat latent and mask are not those that the model's in_channels needs: false does as
  /// ComfyUI does (ignores what the model does not take, makes a blank for what is missing); true refuses.
  bool strict_concat = false;

  OpenControl open_control = {};  ///< needed where the conditioning has controls; called once for each
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

  /// With cfg 1 the negative side is not evaluated.
  at::Tensor x0(const at::Tensor& x, float sigma) const;

  /// Both sides, also with cfg 1.
  Guided both(const at::Tensor& x, float sigma) const;

 private:
  /// An entry brought to the latent's size.
  struct Entry {
    at::Tensor context;
    at::Tensor vector;  ///< [1 or B, V] or undefined
    at::Tensor concat;  ///< [B, extra channels, h, w] or undefined
    Controls controls;
    at::Tensor mask;  ///< [B or 1, h, w] with its strength, or undefined
    std::optional<LatentArea> area;  ///< none: everywhere
    double strength;
    double sigma_start, sigma_end;  ///< counts where sigma_end <= sigma <= sigma_start
    at::Tensor weight;  ///< [B or 1, 1, area]; undefined: 1 everywhere
  };
  using Side = std::vector<Entry>;

  Side prepare(const ConditioningEntries& conditioning, const at::Tensor& latent, const DenoiserOptions& options,
      bool negative) const;
  static void match_areas(Side& side, const Side& other);
  void share_controls();
  void open_controls(const DenoiserOptions& options);
  std::vector<ChangeCall> steering(const Controls& controls, float sigma) const;
  void weigh(Side& side, const at::Tensor& latent) const;
  std::vector<at::Tensor> evaluate(
      std::vector<const Side*> sides, const at::Tensor& x, float sigma, const ChangeCall& change = {}) const;
  at::Tensor patched(const at::Tensor& x, float sigma, const std::vector<at::Tensor>& sides, at::Tensor guided) const;

  const DiffusionModel& model_;
  Patches patches_;  ///< those of the model that are within calls
  double cfg_;
  Side positive_, negative_;
  std::map<const ControlSource*, ControlFunction> opened_;
};

/// A noise mask of any size ([H, W], [B, H, W] or [B, 1, H, W]; 1: regenerate) brought to a latent [B, C, h,
/// w].
at::Tensor fit_noise_mask(const at::Tensor& mask, const at::Tensor& latent);

}  // namespace weft::sd
