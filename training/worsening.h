// Makes renders as unsharp and noisy as a model's pictures may be, for those who shall judge what is shown
// and not how well.
#pragma once

#include <ATen/core/Tensor.h>

#include "training/scene.h"

namespace weft::paper_cut {

/// Pictures [N, 3, H, W] in [-1, 1] with blur, other brightness and noise, of a strength that the dice
/// decide.
at::Tensor worsened(at::Tensor pictures, Dice& dice);

}  // namespace weft::paper_cut
