// What the U-Nets learn from, computed once: latents of rendered pictures with their scenes, and for the
// variants the segmentation maps and the pictures with a part painted over.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <filesystem>

#include "nodes/sd/networks/weights.h"
#include "training/renderer.h"
#include "training/scene.h"

namespace weft::paper_cut {

/// What a model that sees more than words sees: the picture's segmentation map (kSegments channels), or a
/// mask and the latent of the picture without what is under it (1 + 4 channels).
enum class Concat { Map, MaskedPicture };

/// Classes of a segmentation map, in the order of renderer.h's Label.
inline constexpr std::int64_t kSegments = 14;

struct Latents {
  at::Tensor values;  ///< [N, 4, 16, 16], scaled to deviation 1
  at::Tensor scenes;  ///< [N, kAttributes] int64
};

Scene scene_of(const at::Tensor& row);

/// Draws `count` pictures of training scenes, encodes them with the trained autoencoder and saves latents,
/// scenes and the scaling factor (1 / their standard deviation) as latents.safetensors in the folder.
void cache_latents(const std::filesystem::path& folder, std::int64_t count, std::uint64_t seed, std::int64_t threads);

/// What cache_latents() saved.
Latents cached_latents(const std::filesystem::path& folder);

/// 1 / standard deviation of the cached latents.
double measured_scaling_factor(const std::filesystem::path& folder);

/// For the same pictures (the same count and seed as cache_latents() had): the maps or the masked pictures,
/// as maps.safetensors or masked.safetensors.
void cache_concat(
    const std::filesystem::path& folder, Concat kind, std::int64_t count, std::uint64_t seed, std::int64_t threads);

/// What cache_concat() saved, as the U-Net takes it beside the noisy latent: [N, channels, 16, 16] float32.
at::Tensor cached_concat(const std::filesystem::path& folder, Concat kind);

/// What each pixel of a render shows: [128, 128] int64.
at::Tensor labels_of(const Picture& picture);

/// Such labels as shares of each class in 8x8 pixels: [kSegments, 16, 16]; what sd::MapRescaler gives for
/// three halvings.
at::Tensor map_of(const at::Tensor& labels);

/// 1 in a rectangle around the subject, with so many pixels of room at its top, left, bottom and right; where
/// there is no subject, around the middle of the ground. [1, 128, 128].
at::Tensor around_subject(const at::Tensor& labels, std::array<float, 4> room);

/// 1 where a picture shall be painted anew: [1, 128, 128]. Rectangles, ellipses, the surroundings of the
/// subject, halves. `labels` of the picture.
at::Tensor random_mask(const at::Tensor& labels, Dice& dice);

/// A mask [B, 1, 128, 128] as an inpainting model sees it: [B, 1, 16, 16], 0 or 1.
at::Tensor mask_of(const at::Tensor& mask);

/// Pictures [B, 3, H, W] in [-1, 1] with mid grey under the mask.
at::Tensor without_masked(const at::Tensor& pictures, const at::Tensor& masks);

/// The averaged weights of the trained autoencoder.
sd::TensorMap trained_vae(const std::filesystem::path& folder);

}  // namespace weft::paper_cut
