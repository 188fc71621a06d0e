#include "tests/gpu/checks.h"

namespace weft::gpu {

// One a line: tests/gpu/run counts them where there is no GPU to run them on.
const std::vector<Check>& all_checks() {
  static const std::vector<Check> checks{
      {"text encoder: GPU agrees with CPU", text_encoder_agrees},
      {"U-Net: GPU agrees with CPU", unet_agrees},
      {"VAE: GPU agrees with CPU", vae_agrees},
      {"U-Net of Stable Diffusion's size: GPU agrees with CPU", full_size_unet_agrees},
      {"a seed gives the same picture on GPU and CPU", a_seed_gives_the_same_picture},
      {"a stream waits for another's event", a_stream_waits_for_an_event},
      {"the CPU waits for an event", the_cpu_waits_for_an_event},
      {"threads have streams of their own", threads_have_streams_of_their_own},
      {"transfers keep values and layout", transfers_keep_values_and_layout},
      {"memory counts what is cached as free", memory_counts_what_is_cached_as_free},
      {"out of memory has numbers, and passes", out_of_memory_has_numbers_and_passes},
      {"a recorded step equals the step", a_recorded_step_equals_the_step},
      {"a recorded step serves two streams", a_recorded_step_serves_two_streams},
      {"a step that cannot be recorded is run", a_step_that_cannot_be_recorded_is_run},
      {"measure: U-Net step, Stable Diffusion 1.5 at 512x512", measure_unet_step},
      {"measure: step of a small U-Net", measure_small_unet_step},
      {"measure: VAE decode, 512x512", measure_vae_decode},
      {"measure: transfers", measure_transfers},
      {"measure: two branches on two streams", measure_two_branches},
  };
  return checks;
}

}  // namespace weft::gpu
