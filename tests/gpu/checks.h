// The checks of gpu_check: each a function that returns, throws Failed, or throws Skipped. checks.cpp lists
// them all.
#pragma once

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph/device.h"

namespace weft::gpu {

struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Skipped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws Failed with `what` unless `good`.
void expect(bool good, const std::string& what);
/// Throws Failed unless `value` is at most `limit`; both are in the message.
void expect_at_most(double value, double limit, const std::string& what);

/// What the checks run on.
struct Machine {
  DeviceRuntime& runtime;
  Device device;                          ///< the GPU; in a trial of the program's logic the CPU
  bool small = false;                     ///< leave out what takes Stable Diffusion's full size
  std::map<std::string, double> numbers;  ///< measurements, "name_unit"

  bool has_gpu() const { return !device.is_cpu(); }
  void need_gpu() const;  ///< throws Skipped on the CPU
  void need_full_size() const;
  /// Waits for all work of the device.
  void finish() const;
  /// Median milliseconds of `work`, after a first run that does not count.
  double milliseconds(int runs, const std::function<void()>& work) const;
};

struct Check {
  const char* name;
  void (*run)(Machine&);
};

const std::vector<Check>& all_checks();

// numerics_checks.cpp
void text_encoder_agrees(Machine&);
void unet_agrees(Machine&);
void vae_agrees(Machine&);
void full_size_unet_agrees(Machine&);
void a_seed_gives_the_same_picture(Machine&);

// runtime_checks.cpp
void a_stream_waits_for_an_event(Machine&);
void the_cpu_waits_for_an_event(Machine&);
void threads_have_streams_of_their_own(Machine&);
void transfers_keep_values_and_layout(Machine&);
void memory_counts_what_is_cached_as_free(Machine&);
void out_of_memory_has_numbers_and_passes(Machine&);
void a_recorded_step_equals_the_step(Machine&);
void a_recorded_step_serves_two_streams(Machine&);
void a_step_that_cannot_be_recorded_is_run(Machine&);

// measurements.cpp
void measure_unet_step(Machine&);
void measure_small_unet_step(Machine&);
void measure_vae_decode(Machine&);
void measure_transfers(Machine&);
void measure_two_branches(Machine&);

}  // namespace weft::gpu
