// The nodes that patch a model (nodes/sd/networks/patch.h): each is a file of its own, and a line in both lists here.
#include "plugins/sdk.h"

namespace weft::model {

void add_apg(Registry& registry);
void add_attention_multiply(Registry& registry);
void add_cfg_norm(Registry& registry);
void add_cfg_zero_star(Registry& registry);
void add_deep_shrink(Registry& registry);
void add_dynamic_thresholding(Registry& registry);
void add_freeu(Registry& registry);
void add_fresca(Registry& registry);
void add_gligen(Registry& registry);
void add_hypernetwork(Registry& registry);
void add_hypertile(Registry& registry);
void add_ip_adapter(Registry& registry);
void add_latent_operation(Registry& registry);
void add_lora(Registry& registry);
void add_mahiro(Registry& registry);
void add_nag(Registry& registry);
void add_pag(Registry& registry);
void add_perp_neg(Registry& registry);
void add_rescale_cfg(Registry& registry);
void add_rescale_noise(Registry& registry);
void add_sag(Registry& registry);
void add_model_sampling(Registry& registry);
void add_merge(Registry& registry);
void add_seg(Registry& registry);
void add_step_cache(Registry& registry);
void add_tcfg(Registry& registry);
void add_tome(Registry& registry);

}  // namespace weft::model

WEFT_PLUGIN("weft.model", "0.1.0", registry) {
  weft::model::add_apg(registry);
  weft::model::add_attention_multiply(registry);
  weft::model::add_cfg_norm(registry);
  weft::model::add_cfg_zero_star(registry);
  weft::model::add_deep_shrink(registry);
  weft::model::add_dynamic_thresholding(registry);
  weft::model::add_freeu(registry);
  weft::model::add_fresca(registry);
  weft::model::add_gligen(registry);
  weft::model::add_hypernetwork(registry);
  weft::model::add_hypertile(registry);
  weft::model::add_ip_adapter(registry);
  weft::model::add_latent_operation(registry);
  weft::model::add_lora(registry);
  weft::model::add_mahiro(registry);
  weft::model::add_nag(registry);
  weft::model::add_pag(registry);
  weft::model::add_perp_neg(registry);
  weft::model::add_rescale_cfg(registry);
  weft::model::add_rescale_noise(registry);
  weft::model::add_sag(registry);
  weft::model::add_model_sampling(registry);
  weft::model::add_merge(registry);
  weft::model::add_seg(registry);
  weft::model::add_step_cache(registry);
  weft::model::add_tcfg(registry);
  weft::model::add_tome(registry);
}
