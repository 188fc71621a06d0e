// StepGraph: a model step that launches its kernels all at once. On a GPU the CPU needs longer to submit the
// 1,000 or so kernels of a small U-Net step than the GPU to run them; recorded as a CUDA graph they are one
// launch. Elsewhere, and where recording fails, it calls the step itself: same results, nothing to decide for
// the caller.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "devices/cuda/cuda_functions.h"
#include "nodes/sd/networks/network_call.h"

namespace weft::sd {

/// Calls may come on different streams. [run-thread, one at a time]
class StepGraph {
 public:
  /// `step` gets tensors of one device. It must be free of effects and read nothing back to the CPU. The tensors that it
  /// reads besides its call (weights) must stay where they are while the StepGraph lives.
  explicit StepGraph(Network step, const CudaFunctions* cuda = find_cuda_functions());
  ~StepGraph();
  StepGraph(StepGraph&&) noexcept;
  StepGraph& operator=(StepGraph&&) noexcept;

  /// The first call with some shapes runs the step (and warms up); the second records it; later ones replay.
  /// After four different shapes, others are run without recording.
  at::Tensor operator()(NetworkCall call);

  std::int64_t replays() const { return replays_; }
  /// Why steps are not recorded; empty while all is well.
  const std::string& problem() const { return problem_; }

 private:
  struct Recorded;
  Recorded* recorded_for(NetworkCall& call);
  bool record(Recorded& recorded);

  Network step_;
  const CudaFunctions* cuda_;
  std::vector<std::unique_ptr<Recorded>> recorded_;
  std::int64_t replays_ = 0;
  std::string problem_;
};

}  // namespace weft::sd
