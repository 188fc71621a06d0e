#include "training/worsening.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

namespace weft::paper_cut {

at::Tensor worsened(at::Tensor pictures, Dice& dice) {
  for (int blur = dice.below(4); blur > 0; --blur)
    pictures = at::avg_pool2d(at::replication_pad2d(pictures, {1, 1, 1, 1}), {3, 3}, {1, 1});
  const at::Tensor noise =
      at::randn(pictures.sizes(), at::make_generator<at::CPUGeneratorImpl>(dice.next()), pictures.options());
  return (pictures * dice.uniform(0.9f, 1.1f) + dice.uniform(-0.08f, 0.08f) + noise * dice.uniform(0, 0.08f))
      .clamp(-1, 1);
}

}  // namespace weft::paper_cut
