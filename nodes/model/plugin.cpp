// The nodes that patch a model (nodes/sd/networks/patch.h): each is a file of its own, and a line in both lists here.
#include "plugins/sdk.h"

namespace weft::model {

void add_lora(Registry& registry);
void add_seg(Registry& registry);

}  // namespace weft::model

WEFT_PLUGIN("weft.model", "0.1.0", registry) {
  weft::model::add_lora(registry);
  weft::model::add_seg(registry);
}
