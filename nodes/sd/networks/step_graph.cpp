#include "nodes/sd/networks/step_graph.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/Event.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/cancel_point.h"

namespace weft::sd {
namespace {

constexpr std::size_t kMostShapes = 4;

/// All that a call holds, in one order; some may be undefined.
std::vector<at::Tensor*> tensors_of(NetworkCall& call) {
  std::vector<at::Tensor*> all{
      &call.x, &call.timesteps, &call.context, &call.vector, &call.guidance, &call.concat, &call.control.mid};
  for (auto* residuals : {&call.control.down, &call.control.within})
    for (at::Tensor& residual : *residuals) all.push_back(&residual);
  return all;
}

bool same_form(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.sizes() == b.sizes() && a.strides() == b.strides() && a.dtype() == b.dtype() && a.device() == b.device();
}

}  // namespace

/// The recorded work always reads `inputs` and writes `output`: a call is copied in, the result is copied out.
struct StepGraph::Recorded {
  Recorded(const NetworkCall& like, const CudaFunctions* functions) : inputs(like), cuda(functions) {
    for (at::Tensor* tensor : tensors_of(inputs))
      if (tensor->defined()) *tensor = at::empty_like(*tensor);
  }
  ~Recorded() {
    if (graph) cuda->release(graph);
  }
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;

  bool fits(NetworkCall& call) {
    return std::ranges::equal(tensors_of(inputs), tensors_of(call), [](auto* a, auto* b) { return same_form(*a, *b); });
  }

  void copy_in(NetworkCall& call) {
    const std::vector<at::Tensor*> to = tensors_of(inputs), from = tensors_of(call);
    for (std::size_t i = 0; i < to.size(); ++i)
      if (to[i]->defined()) to[i]->copy_(*from[i]);
  }

  /// Makes the current stream wait for the one that used the buffers before it.
  void take_turn() {
    if (!inputs.x.is_cuda()) return;
    const c10::Stream now = c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).getStream(inputs.x.device());
    if (last_stream && *last_stream != now) {
      c10::Event done(c10::DeviceType::CUDA);
      done.record(*last_stream);
      done.block(now);
    }
    last_stream = now;
  }

  NetworkCall inputs;
  at::Tensor output;
  std::optional<c10::Stream> last_stream;
  CudaGraph* graph = nullptr;
  const CudaFunctions* cuda;
};

StepGraph::StepGraph(Network step, const CudaFunctions* cuda) : step_(std::move(step)), cuda_(cuda) {}
StepGraph::~StepGraph() = default;
StepGraph::StepGraph(StepGraph&&) noexcept = default;
StepGraph& StepGraph::operator=(StepGraph&&) noexcept = default;

at::Tensor StepGraph::operator()(NetworkCall call) {
  Recorded* recorded = recorded_for(call);
  if (!recorded) return step_(call);

  // The buffers outlive this call, so they must not be inference tensors, which no later call could write to.
  const c10::InferenceMode ordinary_tensors(false);
  const at::NoGradGuard no_grad;
  recorded->take_turn();
  recorded->copy_in(call);
  if (!recorded->graph && !record(*recorded)) return step_(call);

  std::array<char, 512> message{};
  if (!cuda_->replay(recorded->graph, message.data(), message.size())) {
    problem_ = message.data();
    return step_(call);
  }
  ++replays_;
  return recorded->output.clone();
}

/// Null on a shape's first call, and where nothing is to be recorded.
StepGraph::Recorded* StepGraph::recorded_for(NetworkCall& call) {
  const auto is_beside_x = [&](const at::Tensor* other) {
    return !other->defined() || other->device() == call.x.device();
  };
  const bool on_gpu = !call.x.is_cpu() && std::ranges::all_of(tensors_of(call), is_beside_x);
  if (!cuda_ || !on_gpu || !problem_.empty()) return nullptr;
  for (const auto& candidate : recorded_) {
    if (candidate->fits(call)) return candidate.get();
  }
  if (recorded_.size() < kMostShapes) {
    const c10::InferenceMode ordinary_tensors(false);
    recorded_.push_back(std::make_unique<Recorded>(call, cuda_));
  }
  return nullptr;
}

bool StepGraph::record(Recorded& recorded) {
  struct Call {
    const Network& step;
    Recorded& recorded;
    std::string error;
  } call{step_, recorded, {}};
  const auto run = [](void* context) {
    auto& [step, into, error] = *static_cast<Call*>(context);
    const CancelScope to_the_end(nullptr);
    try {
      into.output = step(into.inputs);
    } catch (const c10::Error& failure) {
      error = failure.what_without_backtrace();
    } catch (...) {
      error = "the step threw an exception while it was recorded";
    }
  };
  std::array<char, 512> message{};
  recorded.graph = cuda_->capture(recorded.inputs.x.device().index(), run, &call, message.data(), message.size());
  if (recorded.graph && call.error.empty()) return true;

  problem_ = call.error.empty() ? message.data() : call.error;
  if (recorded.graph) cuda_->release(std::exchange(recorded.graph, nullptr));
  recorded.output.reset();
  return false;
}

}  // namespace weft::sd
