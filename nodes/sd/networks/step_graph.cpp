#include "nodes/sd/networks/step_graph.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/Event.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>

#include <array>
#include <optional>
#include <utility>

#include "base/cancel_point.h"

namespace weft::sd {
namespace {

constexpr std::size_t kMostShapes = 4;
using Inputs = std::array<at::Tensor, 3>;  // x, timesteps, context

bool same_form(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && a.strides() == b.strides() && a.dtype() == b.dtype() && a.device() == b.device();
}

}  // namespace

/// The recorded work always reads `inputs` and writes `output`: arguments are copied in, the result is copied
/// out.
struct StepGraph::Recorded {
  Recorded(Inputs like, const CudaFunctions* functions) : inputs(std::move(like)), cuda(functions) {}
  ~Recorded() {
    if (graph) cuda->release(graph);
  }
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;

  bool fits(const Inputs& other) const {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!same_form(inputs[i], other[i])) return false;
    }
    return true;
  }

  /// Makes the current stream wait for the one that used the buffers before it.
  void take_turn() {
    if (!inputs[0].is_cuda()) return;
    const c10::Stream now = c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).getStream(inputs[0].device());
    if (last_stream && *last_stream != now) {
      c10::Event done(c10::DeviceType::CUDA);
      done.record(*last_stream);
      done.block(now);
    }
    last_stream = now;
  }

  Inputs inputs;
  at::Tensor output;
  std::optional<c10::Stream> last_stream;
  CudaGraph* graph = nullptr;
  const CudaFunctions* cuda;
};

StepGraph::StepGraph(Step step, const CudaFunctions* cuda) : step_(std::move(step)), cuda_(cuda) {}
StepGraph::~StepGraph() = default;
StepGraph::StepGraph(StepGraph&&) noexcept = default;
StepGraph& StepGraph::operator=(StepGraph&&) noexcept = default;

at::Tensor StepGraph::operator()(const at::Tensor& x, const at::Tensor& timesteps, const at::Tensor& context) {
  Recorded* recorded = recorded_for(x, timesteps, context);
  if (!recorded) return step_(x, timesteps, context);

  // The buffers outlive this call, so they must not be inference tensors, which no later call could write to.
  const c10::InferenceMode ordinary_tensors(false);
  const at::NoGradGuard no_grad;
  recorded->take_turn();
  recorded->inputs[0].copy_(x);
  recorded->inputs[1].copy_(timesteps);
  recorded->inputs[2].copy_(context);
  if (!recorded->graph && !record(*recorded)) return step_(x, timesteps, context);

  std::array<char, 512> message{};
  if (!cuda_->replay(recorded->graph, message.data(), message.size())) {
    problem_ = message.data();
    return step_(x, timesteps, context);
  }
  ++replays_;
  return recorded->output.clone();
}

/// Null on a shape's first call, and where nothing is to be recorded.
StepGraph::Recorded* StepGraph::recorded_for(
    const at::Tensor& x, const at::Tensor& timesteps, const at::Tensor& context) {
  const bool on_gpu = !x.is_cpu() && timesteps.device() == x.device() && context.device() == x.device();
  if (!cuda_ || !on_gpu || !problem_.empty()) return nullptr;
  const Inputs inputs{x, timesteps, context};
  for (const auto& candidate : recorded_) {
    if (candidate->fits(inputs)) return candidate.get();
  }
  if (recorded_.size() < kMostShapes) {
    const c10::InferenceMode ordinary_tensors(false);
    recorded_.push_back(std::make_unique<Recorded>(
        Inputs{at::empty_like(x), at::empty_like(timesteps), at::empty_like(context)}, cuda_));
  }
  return nullptr;
}

bool StepGraph::record(Recorded& recorded) {
  struct Call {
    const Step& step;
    Recorded& recorded;
    std::string error;
  } call{step_, recorded, {}};
  const auto run = [](void* context) {
    auto& [step, into, error] = *static_cast<Call*>(context);
    const CancelScope to_the_end(nullptr);
    try {
      into.output = step(into.inputs[0], into.inputs[1], into.inputs[2]);
    } catch (const c10::Error& failure) {
      error = failure.what_without_backtrace();
    } catch (...) {
      error = "the step threw an exception while it was recorded";
    }
  };
  std::array<char, 512> message{};
  recorded.graph = cuda_->capture(recorded.inputs[0].device().index(), run, &call, message.data(), message.size());
  if (recorded.graph && call.error.empty()) return true;

  problem_ = call.error.empty() ? message.data() : call.error;
  if (recorded.graph) cuda_->release(std::exchange(recorded.graph, nullptr));
  recorded.output.reset();
  return false;
}

}  // namespace weft::sd
