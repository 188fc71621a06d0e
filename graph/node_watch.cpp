#include "graph/node_watch.h"

namespace weft {

NodeWatch::~NodeWatch() = default;

}  // namespace weft
