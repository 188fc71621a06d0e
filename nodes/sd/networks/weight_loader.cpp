#include "nodes/sd/networks/weight_loader.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>

#include <atomic>
#include <exception>

#include "base/cancel_point.h"
#include "nodes/sd/tensors/transfer.h"

namespace weft::sd {

// ---- SharedWeights ----

struct SharedWeights::Weak {
  std::vector<c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>> tensors;
  bool packed = false;
};

std::shared_ptr<const PreparedWeight> SharedWeights::find(const std::string& name, const std::string& patches) const {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find({name, patches});
  if (found == kept_.end()) return nullptr;
  auto weight = std::make_shared<PreparedWeight>();
  weight->packed = found->second->packed;
  for (const auto& weak : found->second->tensors) {
    auto impl = weak.lock();
    if (!impl.defined()) return nullptr;
    weight->tensors.emplace_back(std::move(impl));
  }
  return weight;
}

void SharedWeights::keep(const std::string& name, const std::string& patches, const PreparedWeight& weight) {
  auto weak = std::make_shared<Weak>();
  weak->packed = weight.packed;
  for (const at::Tensor& tensor : weight.tensors) weak->tensors.emplace_back(tensor.getIntrusivePtr());
  const std::lock_guard lock(mutex_);
  const auto is_gone = [](const auto& entry) {
    return std::ranges::any_of(entry.second->tensors, [](const auto& each) { return each.expired(); });
  };
  // What networks with other patches have left behind.
  for (auto same = kept_.lower_bound({name, ""}); same != kept_.end() && same->first.first == name;)
    same = is_gone(*same) ? kept_.erase(same) : std::next(same);
  kept_[{name, patches}] = std::move(weak);
}

// ---- WeightLoader ----

WeightLoader::WeightLoader(Request request)
    : request_(std::move(request)),
      plain_(request_.tensors, request_.origin, request_.dtype, request_.device, request_.scales),
      exact_(request_.tensors, request_.origin, at::kFloat, at::kCPU, request_.scales) {
  request_.patches = weight_patches(request_.patches);
}

std::string WeightLoader::key_of_patches(const std::string& name) const {
  return key_of(patches_of(request_.network + "." + name, request_.patches));
}

/// In the network's type and on its device, or in float32 on the CPU.
at::Tensor WeightLoader::read(const std::string& name, at::IntArrayRef shape, Init init, bool exact) {
  TensorMapSource& source = exact ? exact_ : plain_;
  const at::Tensor unpacked = request_.unpacked ? request_.unpacked(name) : at::Tensor();
  if (!unpacked.defined()) return source.get(name, shape, init);
  static_cast<void>(source.check(name, shape));
  return TensorMapSource({{name, unpacked}}, request_.origin, exact ? at::kFloat : request_.dtype,
      exact ? at::Device(at::kCPU) : request_.device)
      .get(name, shape, init);
}

at::Tensor WeightLoader::loaded(const std::string& name, at::IntArrayRef shape, Init init, const Patches& patches) {
  if (patches.empty()) return read(name, shape, init, /*exact=*/false);
  at::Tensor tensor = read(name, shape, init, /*exact=*/true);
  for (const auto& patch : patches) tensor = patch->weight(request_.network + "." + name, tensor);
  TORCH_CHECK(tensor.sizes() == shape, "a patch gave ", name, " the shape ", tensor.sizes(), " in place of ", shape);
  return to_device(tensor, request_.device, request_.dtype);
}

void WeightLoader::count_read(std::size_t bytes) {
  constexpr std::size_t kReleaseAfter = std::size_t{128} << 20;
  const std::lock_guard lock(reading_);
  read_ += bytes;
  if (read_ < kReleaseAfter || !request_.release_files) return;
  request_.release_files();
  read_ = 0;
}

at::Tensor WeightLoader::get(const std::string& name, at::IntArrayRef shape, Init init) {
  cancel_point();
  const Patches patches = patches_of(request_.network + "." + name, request_.patches);
  const std::string key = key_of(patches);
  if (request_.shared)
    if (const auto known = request_.shared->find(name, key)) return known->tensors[0];
  at::Tensor tensor = loaded(name, shape, init, patches);
  count_read(tensor.nbytes());
  if (request_.shared) request_.shared->keep(name, key, {{tensor}});
  return tensor;
}

std::shared_ptr<const PreparedWeight> WeightLoader::prepared(
    const std::string& name, at::IntArrayRef shape, Init init, const Prepare& prepare) {
  if (request_.shared)
    if (auto known = request_.shared->find(name, key_of_patches(name))) return known;
  plain_.check(name, shape);  // so that what is wrong is said before anything is read
  return jobs_.emplace_back(name, shape.vec(), init, prepare, std::make_shared<PreparedWeight>()).result;
}

void WeightLoader::run(const Job& job) {
  const Patches patches = patches_of(request_.network + "." + job.name, request_.patches);
  const at::Tensor tensor = loaded(job.name, job.shape, job.init, patches);
  *job.result = job.prepare(tensor);
  count_read(tensor.nbytes());
  if (request_.shared) request_.shared->keep(job.name, key_of(patches), *job.result);
}

void WeightLoader::finish() {
  const auto work = [this](std::size_t i) { run(jobs_[i]); };
  if (request_.device.is_cpu()) {
    for_each_in_parallel(jobs_.size(), work);
  } else {
    // Copies belong to this thread's stream.
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      cancel_point();
      work(i);
    }
  }
  jobs_.clear();
  if (request_.release_files) request_.release_files();
}

void for_each_in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
  const at::ThreadLocalState state;  // inference mode is each thread's own
  const auto caller = std::this_thread::get_id();
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stop = false;
  at::parallel_for(
      0, std::min<std::int64_t>(at::get_num_threads(), std::int64_t(count)), 1, [&](std::int64_t, std::int64_t) {
        const at::ThreadLocalStateGuard guard(state);
        try {
          for (std::size_t i = next++; i < count && !stop; i = next++) {
            if (std::this_thread::get_id() == caller) cancel_point();
            work(i);
          }
        } catch (...) {
          stop = true;
          throw;
        }
      });
}

}  // namespace weft::sd
