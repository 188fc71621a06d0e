#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "nodes/sd/values/node_device.h"
#include "tests/gpu/checks.h"

namespace weft::gpu {

void expect(bool good, const std::string& what) {
  if (!good) throw Failed(what);
}

void expect_at_most(double value, double limit, const std::string& what) {
  if (!(value <= limit)) throw Failed(fmt::format("{} is {:.3g}, at most {:.3g} is allowed", what, value, limit));
}

void Machine::need_gpu() const {
  if (!has_gpu()) throw Skipped("needs a GPU");
}

void Machine::need_full_size() const {
  if (small) throw Skipped("full size was not asked for");
}

void Machine::finish() const {
  if (!has_gpu()) return;
  const at::Device where = sd::torch_device(device);
  c10::impl::VirtualGuardImpl(where.type()).synchronizeDevice(where.index());
}

double Machine::milliseconds(int runs, const std::function<void()>& work) const {
  work();
  finish();
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    finish();
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::nth_element(times, times.begin() + runs / 2);
  return times[static_cast<std::size_t>(runs / 2)];
}

}  // namespace weft::gpu
